// Which events change what is shown where, so that a stream of metrics does not make everything read anew.
import type { Event } from '../api/client';

/** The subject of an event: `job:NAME` is `{kind: 'job', id: 'NAME'}`. */
export function subjectOf(event: Event): { kind: string; id: string } {
  const at = event.subject.indexOf(':');
  return { kind: event.subject.slice(0, at), id: event.subject.slice(at + 1) };
}

/** Whether it was logged by the workspace itself while a job runs: files, CPU, memory. */
function isSampling(event: Event): boolean {
  return event.action === 'artifacts/write' || 'n_system_metrics' in (event.change ?? {});
}

/** Whether the list of jobs may look different: their states, progress and names. */
export function concernsJobs(event: Event): boolean {
  const { kind } = subjectOf(event);
  return kind === 'job' || (kind === 'run' && 'name' in (event.change ?? {}));
}

/** Whether a list of runs may look different: states, names, metrics and params. */
export function concernsRuns(event: Event): boolean {
  const { kind } = subjectOf(event);
  return ['run', 'experiment'].includes(kind)
    ? !isSampling(event)
    : kind === 'job' && event.action !== 'jobs/progress';
}

/** Whether slots or the queue may have changed. */
export function concernsComputes(event: Event): boolean {
  const { kind } = subjectOf(event);
  return kind === 'compute' || (kind === 'job' && event.action !== 'jobs/progress');
}

/** Whether the list of environments, or what is made of one, may have changed. */
export function concernsEnvironments(event: Event): boolean {
  const { kind } = subjectOf(event);
  return kind === 'environment' || kind === 'build' || event.action === 'jobs/write';
}

/** Whether the run, or the job of the same name, changed in what its head and overview show. */
export function concernsRun(event: Event, runId: string): boolean {
  return subjectOf(event).id === runId && !isSampling(event);
}

/** Names of the assets of a kind that an event changed; what a job makes stands in the job's own event. */
export function assetsOf(event: Event, kind: 'data' | 'model'): string[] {
  const made = `made:${kind}:`;
  const subject = subjectOf(event);
  return [
    ...(subject.kind === kind ? [subject.id.split('@')[0] ?? ''] : []),
    ...Object.keys(event.change ?? {}).flatMap(key =>
      key.startsWith(made) ? [key.slice(made.length)] : [],
    ),
  ];
}

/** Whether a list of data may look different. */
export function concernsData(event: Event): boolean {
  return assetsOf(event, 'data').length > 0;
}

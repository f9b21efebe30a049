// What a run card holds: the run as it was when the cell ran.
import type { Run } from '../api/client';
import { isObject } from '../jobform/values';

export const RUN_MIME_TYPE = 'application/vnd.mlws.run+json';

/** The part of a run that its card shows. */
export type CardRun = Pick<
  Run,
  'run_id' | 'name' | 'type' | 'status' | 'experiment_name' | 'metrics' | 'started_at' | 'ended_at'
>;

const STATUSES: readonly string[] = [
  'NotStarted',
  'Queued',
  'Preparing',
  'Starting',
  'Running',
  'CancelRequested',
  'Finalizing',
  'Completed',
  'Failed',
  'Canceled',
] satisfies Run['status'][];

/** The run in an output; null when the output is something else. It may come from anywhere. */
export function runIn(data: unknown): CardRun | null {
  if (!isObject(data) || typeof data.run_id !== 'string' || data.run_id === '') {
    return null;
  }
  const status = STATUSES.includes(String(data.status)) ? data.status : 'NotStarted';
  return {
    run_id: data.run_id,
    name: text(data.name) || data.run_id,
    type: text(data.type) || 'mlflow',
    status: status as Run['status'],
    experiment_name: text(data.experiment_name),
    metrics: metricsIn(data.metrics),
    started_at: text(data.started_at) || undefined,
    ended_at: text(data.ended_at) || undefined,
  };
}

/** The metrics a card has room for: those of the code before those of the machine. */
export function shownMetrics(
  metrics: Readonly<Record<string, number | string>>,
  room: number,
): [string, number | string][] {
  const rank = ([key]: [string, number | string]): number => (key.startsWith('system/') ? 1 : 0);
  return Object.entries(metrics)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, room);
}

/** A line through `values`, in a box of `width` by `height`, upright; empty for under two points. */
export function sparkline(values: readonly number[], width: number, height: number): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) {
    return '';
  }
  const low = Math.min(...finite);
  const span = Math.max(...finite) - low || 1;
  const points = finite.map((value, i) => {
    const x = (i / (finite.length - 1)) * width;
    const y = height - ((value - low) / span) * height;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return `M${points.join('L')}`;
}

function metricsIn(value: unknown): Record<string, number | string> {
  const entries = isObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, number | string] =>
      ['number', 'string'].includes(typeof entry[1]),
    ),
  );
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

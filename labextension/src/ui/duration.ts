// How long runs take.
import type { Status } from '../api/schema';
import { duration } from './format';

const FINAL: readonly Status[] = ['Completed', 'Failed', 'Canceled'];

/** How long a run took, or takes so far; empty before it started, and where its end is not known. */
export function durationOf(
  run: { started_at?: string; ended_at?: string; status: Status },
  now: number,
): string {
  if (!run.started_at) {
    return '';
  }
  const start = new Date(run.started_at).getTime();
  if (run.ended_at) {
    return duration(new Date(run.ended_at).getTime() - start);
  }
  return FINAL.includes(run.status) ? '' : duration(now - start);
}

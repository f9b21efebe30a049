// What the states of a run mean, in one place.
import type { Status } from '../api/client';

const FINAL: ReadonlySet<Status> = new Set<Status>(['Completed', 'Failed', 'Canceled']);
const WAITING: ReadonlySet<Status> = new Set<Status>(['NotStarted', 'Queued']);

/** Whether nothing follows. */
export function isFinal(status: Status): boolean {
  return FINAL.has(status);
}

/** Whether it waits for compute. */
export function isWaiting(status: Status): boolean {
  return WAITING.has(status);
}

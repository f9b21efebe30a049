import { expect, test } from 'vitest';
import type { Event } from '../../src/api/client';
import {
  assetsOf,
  concernsComputes,
  concernsData,
  concernsJobs,
  concernsRun,
  concernsRuns,
  subjectOf,
} from '../../src/model/concerns';

function event(action: string, subject: string, change: Record<string, unknown> = {}): Event {
  return { seq: 1, time: '', who: 'ana', action, subject, change };
}

const progress = event('jobs/progress', 'job:a');
const status = event('jobs/status', 'job:a');
const metrics = event('runs/write', 'run:a', { metrics: ['loss'] });
const sampled = event('runs/write', 'run:a', { n_system_metrics: 3 });
const files = event('artifacts/write', 'run:a', { n_files: 2 });

test('an id may hold colons', () => {
  expect(subjectOf(event('', 'code:sha256:ab'))).toEqual({ kind: 'code', id: 'sha256:ab' });
});

test('a stream of metrics does not make jobs and computes be read again', () => {
  expect([metrics, sampled, files].filter(concernsJobs)).toEqual([]);
  expect([metrics, sampled, files, progress].filter(concernsComputes)).toEqual([]);
});

test('progress and states of jobs do', () => {
  expect([progress, status].every(concernsJobs)).toBe(true);
  expect(concernsComputes(status)).toBe(true);
});

test('lists of runs follow metrics and states, not samples and files', () => {
  expect([metrics, status].every(concernsRuns)).toBe(true);
  expect([sampled, files, progress].some(concernsRuns)).toBe(false);
});

test('a run follows events of itself and of the job of the same name', () => {
  expect([metrics, progress].every(one => concernsRun(one, 'a'))).toBe(true);
  expect([metrics, progress].some(one => concernsRun(one, 'b'))).toBe(false);
});

test('what a job has made is news of the asset', () => {
  const ended = event('jobs/status', 'job:a', { status: 'COMPLETED', 'made:data:rows:x': '2' });
  expect(assetsOf(ended, 'data')).toEqual(['rows:x']);
  expect(assetsOf(ended, 'model')).toEqual([]);
  expect(assetsOf(event('models/write', 'model:m@3'), 'model')).toEqual(['m']);
  expect([ended, status].map(concernsData)).toEqual([true, false]);
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WorkspaceSettings } from '../../src/model/settings';
import { WorkspaceModel } from '../../src/model/workspace';
import { FakeEvents, FakeService } from './fakeservice';

let service: FakeService;
let events: FakeEvents;
let settings: WorkspaceSettings;
let models: WorkspaceModel;

beforeEach(() => {
  vi.useFakeTimers();
  service = new FakeService({
    'workspaces.show': () => ({ user: 'ana' }),
    'jobs.list': () => ({
      items: [
        { name: 'b', status: 'Running' },
        { name: 'a', status: 'Completed' },
      ],
    }),
    'runs.list': () => ({ items: [{ run_id: 'r', metrics: { auc: 0.5 } }] }),
    'computes.list': () => [],
    'runs.get': () => ({ run_id: 'r' }),
  });
  events = new FakeEvents();
  settings = new WorkspaceSettings();
  models = new WorkspaceModel(service, events.stream, settings);
});

afterEach(() => {
  models.dispose();
  vi.useRealTimers();
});

test('nothing is read before somebody asks', async () => {
  events.ring('job:a', 'jobs/status');
  await vi.advanceTimersByTimeAsync(5000);

  expect(service.calls).toEqual([]);
});

test('what somebody asked for is read once and then follows the events', async () => {
  models.ensure(models.jobs);
  models.ensure(models.jobs);
  await vi.advanceTimersByTimeAsync(0);
  expect(service.count('jobs.list')).toBe(1);

  events.ring('job:a', 'jobs/status');
  await vi.advanceTimersByTimeAsync(2000);

  expect(service.count('jobs.list')).toBe(2);
});

test('a storm of events costs one read a second', async () => {
  models.ensure(models.jobs);
  await vi.advanceTimersByTimeAsync(0);

  for (let n = 0; n < 100; n++) {
    events.ring('job:a', 'jobs/progress');
    await vi.advanceTimersByTimeAsync(50);
  }
  await vi.advanceTimersByTimeAsync(2000);

  expect(service.count('jobs.list')).toBeLessThan(9);
});

test('metrics do not make the jobs be read again', async () => {
  models.ensure(models.jobs);
  await vi.advanceTimersByTimeAsync(0);

  events.ring('run:a', 'runs/write', { metrics: ['loss'] });
  await vi.advanceTimersByTimeAsync(5000);

  expect(service.count('jobs.list')).toBe(1);
});

test('after a gap in the events everything shown is read again', async () => {
  models.ensure(models.jobs);
  models.ensure(models.computes);
  await vi.advanceTimersByTimeAsync(0);

  events.reset.emit();
  await vi.advanceTimersByTimeAsync(2000);

  expect(service.count('jobs.list')).toBe(2);
  expect(service.count('computes.list')).toBe(2);
});

test('jobs that have not ended are active', async () => {
  models.ensure(models.jobs);
  await vi.advanceTimersByTimeAsync(0);

  expect(models.activeJobs.map(job => job.name)).toEqual(['b']);
});

test('the best run is that of the chosen metric, and none without a choice', async () => {
  models.ensure(models.bestRun);
  await vi.advanceTimersByTimeAsync(0);
  expect(models.bestRun.value).toBeNull();

  settings.update({ primaryMetric: 'auc' });
  await vi.advanceTimersByTimeAsync(0);

  expect(models.bestRun.value?.run_id).toBe('r');
  expect(service.calls.at(-1)?.args).toMatchObject({ order_by: ['metrics.auc DESC'] });
});

test('a run that was disposed is not read again', async () => {
  const run = models.run('r');
  await vi.advanceTimersByTimeAsync(0);
  run.dispose();

  events.ring('run:r', 'runs/write');
  await vi.advanceTimersByTimeAsync(5000);

  expect(service.count('runs.get')).toBe(1);
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../../src/api/client';
import { CHARTS_AT_ONCE, RunModel } from '../../src/model/run';
import { RunsModel } from '../../src/model/runs';
import { WorkspaceSettings } from '../../src/model/settings';
import { WorkspaceModel } from '../../src/model/workspace';
import { FakeEvents, FakeService } from './fakeservice';

let service: FakeService;
let events: FakeEvents;
let models: WorkspaceModel;
let metrics: Record<string, number>;
let type: string;

beforeEach(() => {
  vi.useFakeTimers();
  metrics = { loss: 1, 'system/cpu': 2 };
  type = 'notebook';
  service = new FakeService({
    'runs.get': () => ({ run_id: 'r', type, metrics }),
    'jobs.get': () => ({ name: 'r', type }),
    'runs.series': args => (args.keys as string[]).map(key => ({ run_id: 'r', key })),
    'runs.list': () => ({ items: [{ run_id: 'r', metrics: { loss: 1 } }] }),
    'runs.list_artifacts': args =>
      args.path
        ? [{ path: 'model/a' }]
        : [{ path: 'b.txt' }, { path: 'a.txt' }, { path: 'model', is_dir: true }],
  });
  events = new FakeEvents();
  models = new WorkspaceModel(service, events.stream, new WorkspaceSettings());
});

afterEach(() => vi.useRealTimers());

async function open(): Promise<RunModel> {
  const model = new RunModel(service, models, 'r');
  await vi.advanceTimersByTimeAsync(0);
  return model;
}

test('a run that a client logged has no job', async () => {
  type = 'mlflow';

  const model = await open();

  expect(model.job).toBeNull();
  expect(service.count('jobs.get')).toBe(0);
});

test('a run whose job is gone is still shown', async () => {
  service.answers['jobs.get'] = () => {
    throw new ApiError('gone', 404, 'NOT_FOUND');
  };

  const model = await open();

  expect(model.run?.run_id).toBe('r');
  expect(model.subject.error).toBeNull();
});

test('what was logged and what was sampled are kept apart', async () => {
  const model = await open();

  expect(model.metricNames).toEqual(['loss']);
  expect(model.systemNames).toEqual(['system/cpu']);
});

test('points are read when their tab opens, and again only when metrics arrive', async () => {
  const model = await open();
  expect(service.count('runs.series')).toBe(0);
  const following = model.open(model.series);
  await vi.advanceTimersByTimeAsync(1500);

  events.ring('run:r', 'artifacts/write', { n_files: 1 });
  events.ring('run:other', 'runs/write', { metrics: ['loss'] });
  await vi.advanceTimersByTimeAsync(1500);
  expect(service.count('runs.series')).toBe(1);
  events.ring('run:r', 'runs/write', { metrics: ['loss'] });
  await vi.advanceTimersByTimeAsync(1500);
  expect(service.count('runs.series')).toBe(2);
  following.dispose();
  events.ring('run:r', 'runs/write', { metrics: ['loss'] });
  await vi.advanceTimersByTimeAsync(1500);

  expect(service.count('runs.series')).toBe(2);
});

test('the first metric of a run appears without opening its page again', async () => {
  metrics = {};
  const model = await open();
  model.open(model.series);
  await vi.advanceTimersByTimeAsync(1500);
  expect(model.series.value).toEqual([]);

  metrics = { loss: 1 };
  events.ring('run:r', 'runs/write', { metrics: ['loss'] });
  await vi.advanceTimersByTimeAsync(1500);

  expect(model.series.value).toHaveLength(1);
});

test('of very many metrics only some have their points read', async () => {
  metrics = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`m${at}`, at]));
  const model = await open();

  model.open(model.series);
  await vi.advanceTimersByTimeAsync(0);

  expect(model.series.value).toHaveLength(CHARTS_AT_ONCE);
});

test('folders stand before files, and are read when they are opened', async () => {
  const model = await open();
  model.open(model.artifacts.root);
  await vi.advanceTimersByTimeAsync(0);
  expect(model.artifacts.root.value?.map(item => item.path)).toEqual(['model', 'a.txt', 'b.txt']);

  const folder = model.artifacts.folder('model');
  await vi.advanceTimersByTimeAsync(0);

  expect(folder.value?.map(item => item.path)).toEqual(['model/a']);
  expect(model.artifacts.folder('model')).toBe(folder);
});

test('the runs page asks the server for filter and order', async () => {
  const model = new RunsModel(service, models);
  await vi.advanceTimersByTimeAsync(0);

  model.ask({ text: 'failed', orderBy: 'metrics.loss', descending: false, archived: true });
  await vi.advanceTimersByTimeAsync(0);

  expect(service.calls.at(-1)).toMatchObject({
    name: 'runs.list',
    args: {
      filter: "attributes.status = 'Failed'",
      order_by: ['metrics.loss ASC'],
      view: 'archived',
    },
  });
});

test('points of the charted runs are read only when charts are wanted', async () => {
  const model = new RunsModel(service, models);
  await vi.advanceTimersByTimeAsync(0);
  expect(service.count('runs.series')).toBe(0);

  model.look.value = { ...model.look.value, withCharts: true };
  await vi.advanceTimersByTimeAsync(0);

  expect(service.calls.at(-1)).toMatchObject({
    name: 'runs.series',
    args: { run_ids: ['r'], keys: ['loss'] },
  });
});

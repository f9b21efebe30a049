import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Run } from '../../src/api/client';
import { rowId } from '../../src/model/rows';
import { CHARTED, RunsModel } from '../../src/model/runs';
import { WorkspaceSettings } from '../../src/model/settings';
import { WorkspaceModel } from '../../src/model/workspace';
import { FakeEvents, FakeService } from './fakeservice';

let service: FakeService;
let model: RunsModel;
let ids: string[];

beforeEach(async () => {
  vi.useFakeTimers();
  ids = ['b', 'a'];
  service = new FakeService({
    'runs.list': () => ({ items: ids.map(id => ({ run_id: id, name: id, metrics: { loss: 1 } })) }),
    'runs.list_folders': () => [],
    'views.list': () => [],
    'runs.series': args => (args.run_ids as string[]).map(run_id => ({ run_id, key: 'loss' })),
  });
  const models = new WorkspaceModel(service, new FakeEvents().stream, new WorkspaceSettings());
  model = new RunsModel(service, models);
  await vi.advanceTimersByTimeAsync(0);
});

afterEach(() => {
  model.dispose();
  vi.useRealTimers();
});

const rows = (): string[] => model.rows.map(rowId);

test('a new run stands on top while the top is in view', async () => {
  ids = ['c', 'b', 'a'];

  await model.runs.refresh();

  expect([rows(), model.nNew]).toEqual([['c', 'b', 'a'], 0]);
});

test('further down, or in another order, new runs wait until they are asked for', async () => {
  model.isAtTop = false;
  ids = ['c', 'b', 'a'];
  await model.runs.refresh();
  expect([rows(), model.nNew]).toEqual([['b', 'a'], 1]);

  const before = model.answers;

  model.showNew();

  expect([rows(), model.nNew]).toEqual([['c', 'b', 'a'], 0]);
  expect(model.answers).toBeGreaterThan(before);
});

test('another question is answered in full at once', async () => {
  model.isAtTop = false;
  ids = ['z', 'b'];

  model.ask({ orderBy: 'metrics.loss' });
  await vi.advanceTimersByTimeAsync(0);

  expect([rows(), model.nNew]).toEqual([['z', 'b'], 0]);
});

test('the first runs are charted; eyes add and take away, and colours stay', async () => {
  ids = Array.from({ length: 14 }, (_, at) => `r${at}`);
  await model.runs.refresh();
  expect(model.charted.length).toBe(CHARTED.first);
  expect(model.colourOf('r13')).toBeUndefined();
  const colour = model.colourOf('r1');

  model.toggleEye('r0');
  model.toggleEye('r13');

  expect(model.colourOf('r0')).toBeUndefined();
  expect(model.colourOf('r1')).toBe(colour);
  expect(model.colourOf('r13')).toBeDefined();
  expect(new Set(model.charted.map(run => model.colourOf(run.run_id))).size).toBe(CHARTED.first);
});

test('the baseline is taken by its key and let go by the same', () => {
  const run = { run_id: 'b', metrics: {} } as unknown as Run;

  model.toggleBaseline(run);
  expect(model.baseline).toBe(run);
  model.toggleBaseline(run);

  expect(model.baseline).toBeNull();
});

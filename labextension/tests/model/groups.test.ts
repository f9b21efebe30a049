import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { GroupsModel, valueTest } from '../../src/model/groups';
import { rowId } from '../../src/model/rows';
import { FakeService } from './fakeservice';

const GROUPS = [
  { value: 'gbm', n_runs: 60, newest_at: '' },
  { value: null, n_runs: 1, newest_at: '' },
];

let service: FakeService;
let model: GroupsModel;

beforeEach(async () => {
  vi.useFakeTimers();
  service = new FakeService({
    'runs.group': () => GROUPS,
    'runs.list': args => ({
      items: Array.from({ length: args.page_token ? 10 : 50 }, (_, at) => ({
        run_id: `${args.page_token ?? 'first'}-${at}`,
      })),
      next_page_token: args.page_token ? null : 'next',
    }),
  });
  const query = {
    by: 'params.model',
    filter: '',
    view: 'active',
    orderBy: [],
    metrics: [],
  } as const;
  model = new GroupsModel(service, () => ({ ...query, orderBy: [], metrics: [] }));
  await model.refresh();
});

afterEach(() => {
  model.dispose();
  vi.useRealTimers();
});

test('a group that is opened is followed by its runs, and by what reads more of them', async () => {
  const [group] = model.groups.value ?? [];
  if (!group) {
    throw new Error('There is no group.');
  }
  model.fold(group, true);
  await vi.advanceTimersByTimeAsync(0);
  const rows = model.rows.map(rowId);
  expect(rows.length).toBe(1 + 50 + 1 + 1);
  expect(rows[51]).toBe('more:group:gbm');
  expect(service.calls.at(-1)?.args.filter).toBe("params.model = 'gbm'");

  model.more(group);
  await vi.advanceTimersByTimeAsync(0);
  expect(model.runs.length).toBe(60);
  expect(model.rows.map(rowId)).not.toContain('more:group:gbm');

  model.fold(group, false);
  expect(model.rows.map(rowId)).toEqual(['group:gbm', 'group']);
});

test('the test of a group names its value, or that there is none', () => {
  expect(valueTest('params.model', "o'k")).toBe("params.model = 'o''k'");
  expect(valueTest('params.my key', null)).toBe('params.`my key` IS NULL');
  expect(valueTest('attributes.user', 'ana')).toBe("attributes.user_id = 'ana'");
});

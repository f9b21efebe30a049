import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ApiError, type ICaller } from '../../src/api/client';
import {
  AutoMLDraft,
  type Column,
  hintsOf,
  type IDraftFields,
  py,
  taskOf,
} from '../../src/model/automldraft';

const column = (name: string, more: Partial<Column> = {}): Column => ({
  name,
  type: 'DOUBLE',
  family: 'number',
  n_missing: 0,
  n_distinct: 80,
  ...more,
});

const TASKS = ['classification', 'regression'].map(task => ({
  task,
  metrics: task === 'regression' ? ['r2_score', 'spearman_correlation'] : ['AUC_weighted'],
  algorithms: [
    { name: 'light_gbm', label: 'LightGBM' },
    { name: 'knn', label: 'KNN' },
  ],
  column_types: ['Numeric', 'Ignore'],
}));
const PROFILE = {
  n_rows: 100,
  n_columns: 3,
  columns: [
    column('paid'),
    column('class', { family: 'text', type: 'VARCHAR', n_distinct: 2 }),
    column('ship', { family: 'text', type: 'VARCHAR', n_distinct: 1 }),
  ],
};
const TABLE = { name: 'payers', version: '1', type: 'uri_file' };

/** A service that knows one table, and what it was asked. */
function service(submit: (job: unknown) => unknown = () => ({ name: 'job-1' })): {
  caller: ICaller;
  asked: string[];
} {
  const asked: string[] = [];
  const call = async (operation: string, args: Record<string, unknown>): Promise<unknown> => {
    asked.push(operation);
    if (operation === 'automl.list_tasks') {
      return TASKS;
    }
    return operation === 'data.profile' ? { state: 'ready', profile: PROFILE } : submit(args.job);
  };
  return { caller: { call } as unknown as ICaller, asked };
}

async function drafted(fields: Partial<IDraftFields>, submit?: (job: unknown) => unknown) {
  const draft = new AutoMLDraft(service(submit).caller, fields);
  await new Promise(done => setTimeout(done));
  return draft;
}

it('proposes the task by what the target holds', () => {
  expect(taskOf(column('a'))).toBe('regression');
  expect(taskOf(column('a', { type: 'BIGINT', n_distinct: 3 }))).toBe('classification');
  expect(taskOf(column('a', { type: 'BIGINT', n_distinct: 21 }))).toBe('regression');
  expect(taskOf(column('a', { type: 'BOOLEAN', family: 'boolean' }))).toBe('classification');
});

it('points at columns that need a thought', () => {
  const hints = (more: Partial<Column>): string[] => hintsOf(column('a', more), 100);

  expect(hints({})).toEqual([]);
  expect(hints({ type: 'BIGINT', n_distinct: 100 })).toEqual(['identifier']);
  expect(hints({ n_distinct: 100 })).toEqual([]);
  expect(hints({ n_distinct: 1, n_missing: 51, n_infinite: 2 })).toEqual([
    'constant',
    'missing',
    'infinite',
  ]);
  expect(hints({ family: 'moment', type: 'DATE' })).toEqual(['moment']);
});

it('says why a step is not done', async () => {
  const draft = await drafted({});
  expect(draft.blocker('data')).toBe('no table');

  draft.describe({ table: TABLE });
  expect(draft.blocker('data')).toBe('reading');
  await new Promise(done => setTimeout(done));
  expect(draft.blocker('data')).toBe(null);
  expect(draft.blocker('task')).toBe('no target');
  draft.describe({ target: 'ship' });
  expect(draft.blocker('task')).toBe('constant target');
  draft.describe({ target: 'paid' });
  expect(draft.blocked).toBe(null);
  const wrong: [Partial<IDraftFields>, string][] = [
    [{ validation: 'folds', folds: '1' }, 'folds'],
    [{ validation: 'share', share: '100' }, 'share'],
    [{ minutes: '' }, 'minutes'],
    [{ trials: '1.5' }, 'trials'],
    [{ parallel: '0' }, 'parallel'],
    [{ blocked: ['knn', 'light_gbm'] }, 'no algorithm'],
  ];
  for (const [change, blocker] of wrong) {
    const before = draft.fields;
    draft.describe(change);
    expect(draft.blocker('review')).toBe(blocker);
    expect(await draft.submit()).toBe(null);
    draft.describe(before);
  }
});

it('makes the job of Azure ML, its YAML and its Python', async () => {
  const draft = await drafted({
    table: TABLE,
    target: 'paid',
    metric: 'spearman_correlation',
    validation: 'share',
    trials: '9',
    blocked: ['knn'],
    stacks: false,
    title: ' pay ',
  });
  draft.treat('ship', 'Ignore');
  draft.treat('class', 'Numeric');
  draft.treat('class', '');

  expect(draft.job).toEqual({
    type: 'automl',
    display_name: 'pay',
    task: 'regression',
    primary_metric: 'spearman_correlation',
    target_column_name: 'paid',
    training_data: { type: 'uri_file', path: 'azureml:payers:1' },
    validation_data_size: 0.2,
    limits: { timeout_minutes: 10, max_trials: 9, max_concurrent_trials: 1 },
    featurization: { mode: 'custom', column_name_and_types: { ship: 'Ignore' } },
    training: { allowed_training_algorithms: ['light_gbm'], enable_stack_ensemble: false },
  });
  expect(parse(draft.yaml)).toMatchObject(draft.job);
  expect(draft.python).toContain('from jupyter_mlws.automl import regression\n');
  expect(draft.python).toContain(
    'job.set_training(allowed_training_algorithms=["light_gbm"], enable_stack_ensemble=False)',
  );
});

it('forgets the columns of another table, not those of another version', async () => {
  const draft = await drafted({ table: TABLE, target: 'paid', types: { ship: 'Ignore' } });

  draft.describe({ table: { ...TABLE, version: '2' } });
  expect(draft.fields.target).toBe('paid');
  draft.describe({ table: { ...TABLE, name: 'others' } });

  expect(draft.fields).toMatchObject({ target: '', types: {}, task: '' });
});

it('keeps what was said when the service refuses it', async () => {
  const refusal = new ApiError('wrong', 422, 'INVALID', [
    { field: 'limits.max_trials', message: 'is too many.' },
  ]);
  const draft = await drafted({ table: TABLE, target: 'paid' }, () => Promise.reject(refusal));

  expect(await draft.submit()).toBe(null);

  expect(draft.failure).toBe(refusal);
  expect(draft.problems).toEqual({ 'limits.max_trials': 'is too many.' });
  expect(draft.isBusy).toBe(false);
  expect(draft.fields.target).toBe('paid');
});

it('writes plain values as Python does', () => {
  expect(py({ a: [1, 'b"', true, null] })).toBe('{"a": [1, "b\\"", True, None]}');
});

const SALES = [
  column('sold'),
  column('when', { family: 'moment', type: 'DATE', n_distinct: 50 }),
  column('shop', { family: 'text', type: 'VARCHAR', n_distinct: 2 }),
  column('note', { family: 'text', type: 'VARCHAR', n_distinct: 40 }),
  column('visitors'),
];

async function forecast(fields: Partial<IDraftFields> = {}, columns: Column[] = SALES) {
  const { caller } = service();
  const call = async (operation: string, args: Record<string, unknown>): Promise<unknown> => {
    if (operation === 'automl.list_tasks') {
      return [...TASKS, { ...TASKS[1], task: 'forecasting' }];
    }
    return operation === 'data.profile'
      ? { state: 'ready', profile: { n_rows: 100, n_columns: columns.length, columns } }
      : (caller as { call: (name: string, args: unknown) => unknown }).call(operation, args);
  };
  const draft = new AutoMLDraft({ call } as unknown as ICaller, {
    table: TABLE,
    target: 'sold',
    ...fields,
  });
  await new Promise(done => setTimeout(done));
  return draft;
}

it('proposes a forecast where there are moments, and the series by their number', async () => {
  const draft = await forecast();

  expect(draft.task).toBe('forecasting');
  expect(draft.time).toBe('when');
  expect(draft.series).toEqual(['shop']);
  expect(draft.features.map(({ name }) => name)).toEqual(['note', 'visitors']);
  expect(
    (
      await forecast(
        {},
        SALES.filter(({ name }) => name !== 'when'),
      )
    ).task,
  ).toBe('regression');
  expect((await forecast({ target: 'shop' })).task).toBe('classification');
  const once = SALES.map(one => (one.name === 'when' ? { ...one, n_distinct: 100 } : one));
  expect((await forecast({}, once)).series).toEqual([]);
});

it('makes the job that forecasts', async () => {
  const draft = await forecast({
    horizon: '6',
    unknown: ['visitors', 'gone'],
    validation: 'share',
    stacks: false,
    explains: false,
  });

  expect(draft.blocked).toBe(null);
  expect(draft.job).toMatchObject({
    task: 'forecasting',
    forecasting: {
      time_column_name: 'when',
      forecast_horizon: 6,
      time_series_id_column_names: ['shop'],
      features_unknown_at_forecast_time: ['visitors'],
    },
  });
  expect(draft.job).not.toHaveProperty('training');
  expect(draft.job).not.toHaveProperty('validation_data_size');
  expect(draft.python).toContain('from jupyter_mlws.automl import forecasting\n');
  expect(draft.python).toContain(
    'job.set_forecast_settings(time_column_name="when", forecast_horizon=6, ' +
      'time_series_id_column_names=["shop"], features_unknown_at_forecast_time=["visitors"])',
  );
  draft.describe({ horizon: '', series: [], unknown: [] });
  expect(draft.job.forecasting).toEqual({ time_column_name: 'when', forecast_horizon: 'auto' });
});

it('says what a forecast still needs', async () => {
  const draft = await forecast({ horizon: '1.5' });
  expect(draft.blocker('task')).toBe('horizon');

  const none = await forecast({ task: 'forecasting' }, [column('sold'), column('visitors')]);
  expect(none.blocker('task')).toBe('no time');
});

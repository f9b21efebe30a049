import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ApiError, type Job } from '../../src/api/client';
import { parsed, rowsOf, SweepDraft } from '../../src/model/sweepdraft';

const PROPOSAL = {
  search_space: {
    rate: { type: 'loguniform', min_value: Math.log(0.001), max_value: Math.log(0.1) },
    depth: { type: 'quniform', min_value: 1, max_value: 8, q: 1 },
    kind: { type: 'choice', values: ['linear', 'tree'] },
  },
  guesses: { seed: { type: 'qloguniform', min_value: 0, max_value: Math.log(10), q: 1 } },
  fixed: { seed: 1, folder: 'data' },
  required: ['table'],
  reasons: { rate: '[0.001..0.1 log]' },
  metrics: ['loss'],
};

function draft(submit: (job: Record<string, unknown>) => Promise<Job>): SweepDraft {
  return new SweepDraft({ title: 'train.ipynb', proposal: PROPOSAL, submit });
}

const never = (): Promise<Job> => Promise.reject(new Error('not asked for'));

it('shows bounds as people write them, and what is only guessed as fixed', () => {
  const rows = rowsOf(PROPOSAL).map(row => [row.name, row.kind, row.low, row.high, row.value]);

  expect(rows).toEqual([
    ['rate', 'log', '0.001', '0.1', ''],
    ['depth', 'range', '1', '8', ''],
    ['kind', 'choices', '', '', ''],
    ['table', 'fixed', '', '', ''],
    ['seed', 'fixed', '1', '10', '1'],
    ['folder', 'fixed', '', '', 'data'],
  ]);
});

it('makes the job that Azure ML describes, without the defaults of the notebook', () => {
  const made = draft(never);
  made.draw('table', { value: 'azureml:rows:1' });
  made.draw('seed', { kind: 'log' });
  made.describe({ goal: 'maximize', sampling: 'random', policy: 'median_stopping', trials: '9' });

  expect(made.job).toEqual({
    type: 'sweep',
    inputs: { table: 'azureml:rows:1' },
    search_space: {
      rate: { type: 'loguniform', min_value: Math.log(0.001), max_value: Math.log(0.1) },
      depth: { type: 'quniform', min_value: 1, max_value: 8, q: 1 },
      kind: { type: 'choice', values: ['linear', 'tree'] },
      seed: { type: 'qloguniform', min_value: 0, max_value: Math.log(10), q: 1 },
    },
    sampling_algorithm: 'random',
    objective: { goal: 'maximize', primary_metric: 'loss' },
    limits: { max_total_trials: 9, max_concurrent_trials: 2 },
    early_termination: { type: 'median_stopping', evaluation_interval: 1, delay_evaluation: 5 },
  });
  expect(parse(made.yaml)).toEqual({
    ...made.job,
    trial: { notebook: 'train.ipynb', code: '.' },
  });
});

it('keeps what is no number for the service to name', () => {
  const made = draft(never);
  made.draw('depth', { low: 'one' });

  expect(made.job.search_space).toMatchObject({ depth: { min_value: 'one' } });
});

it('says at a field what the service refuses', async () => {
  const problem = { field: 'limits.max_total_trials', message: 'must be a number', line: null };
  const made = draft(() =>
    Promise.reject(new ApiError('wrong', 422, 'INVALID', [problem as never])),
  );

  expect(await made.submit()).toBeNull();
  expect(made.problems).toEqual({ 'limits.max_total_trials': 'must be a number' });
});

it.each([
  ['0.5', 0.5],
  [' 3 ', 3],
  ['True', true],
  ['tree', 'tree'],
  ['', ''],
])('reads %j as %j', (text, expected) => {
  expect(parsed(text)).toBe(expected);
});

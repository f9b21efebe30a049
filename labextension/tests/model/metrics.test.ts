import { expect, test } from 'vitest';
import type { Run, Series } from '../../src/api/client';
import { allKeys, differing, mainMetric, smooth, summarize } from '../../src/model/metrics';

function run(metrics: Record<string, number>, params: Record<string, string> = {}): Run {
  return {
    run_id: 'r',
    experiment_id: '1',
    experiment_name: 'e',
    name: 'r',
    type: 'mlflow',
    status: 'Completed',
    user: 'ana',
    created_at: '2026-01-01T00:00:00.000Z',
    metrics,
    params,
  };
}

test('columns are what differs among the runs, a missing value too', () => {
  const runs = [
    run({ auc: 1, loss: 2 }, { lr: '1', seed: '0' }),
    run({ auc: 1, loss: 3 }, { lr: '2', seed: '0', new: 'x' }),
  ];

  expect(differing(runs)).toEqual({ metrics: ['loss'], params: ['lr', 'new'] });
});

test('what the workspace sampled is no column', () => {
  const runs = [run({ 'system/cpu': 1 }), run({ 'system/cpu': 2 })];

  expect(differing(runs).metrics).toEqual([]);
  expect(allKeys(runs).metrics).toEqual([]);
});

test('the chosen metric stands for a run where it has it, else its first', () => {
  expect(mainMetric(run({ b: 1, a: 2 }), 'b')).toBe('b');
  expect(mainMetric(run({ b: 1, a: 2 }), 'c')).toBe('a');
  expect(mainMetric(run({ 'system/cpu': 1 }), '')).toBeUndefined();
});

test('smoothing does not pull the first values towards zero', () => {
  expect(smooth([5, 5, 5], 0.9).map(value => Math.round(value * 1e9) / 1e9)).toEqual([5, 5, 5]);
});

test('smoothing passes on what is not finite and forgets it', () => {
  const [first, second, third] = smooth([1, Number.NaN, 1], 0.5);

  expect([first, third]).toEqual([1, 1]);
  expect(second).toBeNaN();
});

test('a weight of zero changes nothing', () => {
  expect(smooth([1, 9, 2], 0)).toEqual([1, 9, 2]);
});

test('a series is summed up by its finite values', () => {
  const series: Series = {
    run_id: 'r',
    key: 'loss',
    n_points: 4,
    steps: [0, 10, 20, 30],
    times_ms: [0, 1, 2, 3],
    values: [3, 'NaN', 1, 2],
  };

  expect(summarize(series)).toEqual({
    last: 2,
    least: 1,
    leastStep: 20,
    greatest: 3,
    greatestStep: 0,
  });
});

import { describe, expect, test } from 'vitest';
import { runIn, shownMetrics, sparkline } from '../../src/mime/payload';

describe('the run in an output', () => {
  test('keeps what a card shows', () => {
    const run = runIn({
      run_id: 'brave_fox',
      name: 'train',
      type: 'notebook',
      status: 'Running',
      experiment_name: 'digits',
      metrics: { auc: 0.9, loss: 'NaN', odd: { a: 1 } },
      started_at: '2026-01-02T03:04:05Z',
      ended_at: null,
    });

    expect(run).toMatchObject({
      name: 'train',
      status: 'Running',
      started_at: '2026-01-02T03:04:05Z',
    });
    expect(run?.metrics).toEqual({ auc: 0.9, loss: 'NaN' });
    expect(run?.ended_at).toBeUndefined();
  });

  test.each([[null], ['text'], [{}], [{ run_id: 5 }], [[{ run_id: 'a' }]]])(
    'is not in %j',
    data => {
      expect(runIn(data)).toBeNull();
    },
  );

  test('has a state that is known and a name', () => {
    expect(runIn({ run_id: 'a', status: '<script>' })).toMatchObject({
      name: 'a',
      status: 'NotStarted',
    });
  });
});

describe('a sparkline', () => {
  test('goes from corner to corner', () => {
    expect(sparkline([0, 1], 10, 4)).toBe('M0.0,4.0L10.0,0.0');
  });

  test('lies flat where nothing changes', () => {
    expect(sparkline([2, 2], 10, 4)).toBe('M0.0,4.0L10.0,4.0');
  });

  test('leaves out what is not finite', () => {
    expect(sparkline([0, Number.NaN, 1], 10, 4)).toBe(sparkline([0, 1], 10, 4));
    expect(sparkline([Number.POSITIVE_INFINITY, 1], 10, 4)).toBe('');
  });
});

test('metrics of the code come before those of the machine', () => {
  const metrics = { 'system/cpu': 1, loss: 2, auc: 3 };

  expect(shownMetrics(metrics, 2)).toEqual([
    ['loss', 2],
    ['auc', 3],
  ]);
});

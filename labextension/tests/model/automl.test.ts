import { describe, expect, it } from 'vitest';
import {
  type Contender,
  canStop,
  type Leaderboard,
  leftSeconds,
  otherMetrics,
  ranked,
} from '../../src/model/automl';

function trial(number: number, more: Partial<Contender> = {}): Contender {
  return {
    name: `a_${number}`,
    number,
    algorithm: 'LightGBM',
    state: 'completed',
    status: 'Completed',
    created_at: '2026-01-01T00:00:00Z',
    ...more,
  };
}

function board(trials: Contender[], more: Partial<Leaderboard> = {}): Leaderboard {
  return {
    name: 'a',
    display_name: 'a',
    status: 'Running',
    task: 'classification',
    target: 'y',
    goal: 'maximize',
    primary_metric: 'AUC_weighted',
    max_total_trials: 10,
    max_concurrent_trials: 1,
    trials,
    created_at: '2026-01-01T00:00:00Z',
    ...more,
  };
}

describe('a leaderboard', () => {
  it('has the best first, then what runs and waits, and last what has failed', () => {
    const trials = [
      trial(0, { state: 'failed' }),
      trial(1, { state: 'waiting' }),
      trial(2, { value: 0.7 }),
      trial(3, { state: 'running' }),
      trial(4, { value: 0.9 }),
    ];

    expect(ranked(board(trials)).map(one => one.number)).toEqual([4, 2, 3, 1, 0]);
    const least = ranked(board(trials, { goal: 'minimize' }));
    expect(least.map(one => one.number)).toEqual([2, 4, 3, 1, 0]);
  });

  it('tells other metrics, those first that most trials have', () => {
    const trials = [
      trial(0, { metrics: { AUC_weighted: 1, accuracy: 1, 'system/cpu': 3 } }),
      trial(1, { metrics: { AUC_weighted: 1, accuracy: 1, zz: 2, log_loss: 1 } }),
    ];

    expect(otherMetrics(board(trials))).toEqual(['accuracy', 'log_loss', 'zz']);
  });

  it('knows how much time is left, of a job with a limit that runs', () => {
    const begun = { started_at: '2026-01-01T00:00:00Z', timeout_s: 60 };
    const now = Date.parse('2026-01-01T00:00:20Z');

    expect(leftSeconds(board([], begun), now)).toBe(40);
    expect(leftSeconds(board([], begun), now + 100_000)).toBe(0);
    expect(leftSeconds(board([], { ...begun, status: 'Completed' }), now)).toBeNull();
    expect(leftSeconds(board([]), now)).toBeNull();
  });

  it('can be stopped while it runs and something was found', () => {
    expect(canStop(board([], { best: 'a_1' }))).toBe(true);
    expect(canStop(board([]))).toBe(false);
    expect(canStop(board([], { best: 'a_1', stopped: true }))).toBe(false);
    expect(canStop(board([], { best: 'a_1', status: 'Completed' }))).toBe(false);
  });
});

import { expect, it } from 'vitest';
import type { Event } from '../../src/api/client';
import {
  bestSoFar,
  columnsOf,
  concernsSweep,
  drawnNames,
  type Sweep,
  sorted,
  standing,
  type Trial,
} from '../../src/model/sweep';

function trial(number: number, more: Partial<Trial> = {}): Trial {
  return {
    name: `s_${number}`,
    number,
    state: 'completed',
    status: 'Completed',
    values: { lr: number / 10 },
    created_at: '2026-01-01T00:00:00Z',
    ...more,
  };
}

function sweep(trials: Trial[], more: Partial<Sweep> = {}): Sweep {
  return {
    name: 's',
    display_name: 's',
    status: 'Completed',
    goal: 'minimize',
    primary_metric: 'loss',
    sampling: 'random',
    max_total_trials: trials.length,
    max_concurrent_trials: 2,
    trials,
    space: [{ name: 'lr', kind: 'uniform' }],
    created_at: '2026-01-01T00:00:00Z',
    ...more,
  };
}

it('knows the best until each trial, of those that completed', () => {
  const found = bestSoFar(
    sweep([
      trial(0, { value: 3 }),
      trial(1, { value: 1, state: 'stopped' }),
      trial(2, { value: 2 }),
      trial(3, { value: 5 }),
    ]),
  );

  expect(found).toEqual({ x: [0, 2, 3], y: [3, 2, 5], best: [3, 2, 2] });
});

it('takes the greatest as the best where that is the goal', () => {
  const trials = [trial(0, { value: 1 }), trial(1, { value: 4 }), trial(2, { value: 2 })];

  expect(bestSoFar(sweep(trials, { goal: 'maximize' })).best).toEqual([1, 4, 4]);
});

it('names what is drawn in the order of the space, and what lies inside choices after it', () => {
  const trials = [trial(0, { values: { 'model.depth': 3, lr: 0.1, model: 'tree' } })];
  const space = ['model', 'lr', 'unused'].map(name => ({ name, kind: 'choice' }));

  expect(drawnNames(sweep(trials, { space }))).toEqual(['model', 'lr', 'model.depth']);
});

it('makes columns of the trials that have a value, with a gap where nothing was drawn', () => {
  const trials = [
    trial(0, { value: 1, values: { lr: 0.5 } }),
    trial(1, { state: 'running' }),
    trial(2, { value: 2, values: { deep: true } }),
  ];

  expect(columnsOf(sweep(trials), ['lr', 'deep'])).toEqual({
    run_ids: ['s_0', 's_2'],
    names: ['0', '2'],
    columns: {
      'params.lr': [0.5, null],
      'params.deep': [null, 'true'],
      'metrics.loss': [1, 2],
    },
  });
});

it.each([false, true])('sorts trials without a value to the end (descending: %s)', descending => {
  const trials = [trial(0), trial(1, { value: 2 }), trial(2, { value: 10 })];

  const order = sorted(trials, { key: 'value', descending }).map(one => one.number);

  expect(order).toEqual(descending ? [2, 1, 0] : [1, 2, 0]);
});

it('sorts by what was drawn', () => {
  const trials = [trial(0, { values: { lr: 9 } }), trial(1, { values: { lr: 10 } })];

  expect(sorted(trials, { key: 'values.lr', descending: true }).map(one => one.number)).toEqual([
    1, 0,
  ]);
});

it.each([
  ['all ended well', sweep([trial(0), trial(1), trial(2)]), [true, true, false]],
  ['too few to narrow', sweep([trial(0), trial(1)]), [true, false, false]],
  [
    'a grid that is through',
    sweep([trial(0)], { sampling: 'grid', can_add: false }),
    [false, false, false],
  ],
  ['one failed', sweep([trial(0, { state: 'failed' })]), [true, false, true]],
  [
    'canceled before all were drawn',
    sweep([trial(0)], { max_total_trials: 9 }),
    [true, false, true],
  ],
  [
    'still running',
    sweep([trial(0, { state: 'running' })], { status: 'Running' }),
    [true, false, false],
  ],
  ['about to end', sweep([trial(0)], { status: 'CancelRequested' }), [false, false, false]],
] as const)('offers what the service would take: %s', (_, given, expected) => {
  const { canAdd, canNarrow, canResume } = standing(given);

  expect([canAdd, canNarrow, canResume]).toEqual(expected);
});

it('follows its own trials and no other sweep', () => {
  const event = (subject: string): Event => ({ subject }) as Event;

  expect(concernsSweep(event('job:s'), 's')).toBe(true);
  expect(concernsSweep(event('run:s_12'), 's')).toBe(true);
  expect(concernsSweep(event('job:s2'), 's')).toBe(false);
  expect(concernsSweep(event('data:s'), 's')).toBe(false);
});

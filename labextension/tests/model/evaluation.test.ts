import { describe, expect, it } from 'vitest';
import {
  addedIn,
  curvesOf,
  type IAccuracyTable,
  type IExplained,
  MOST_CLASSES,
} from '../../src/model/evaluation';

/** Four rows: two of the class, said with 0.9 and 0.4; two of the other, with 0.6 and 0.1. */
const ONE: IAccuracyTable['percentile_tables'][number] = [
  [2, 2, 0, 0],
  [2, 1, 1, 0],
  [1, 1, 1, 1],
  [1, 0, 2, 1],
  [0, 0, 2, 2],
];

function table(n: number): IAccuracyTable {
  return {
    class_labels: Array.from({ length: n }, (_, at) => `c${at}`),
    probability_tables: Array.from({ length: n }, () => ONE),
    probability_thresholds: [0, 0.2, 0.5, 0.8, 1],
    percentile_tables: Array.from({ length: n }, () => ONE),
    percentile_thresholds: [0.1, 0.4, 0.6, 0.9, 1],
  };
}

describe('the curves of an accuracy table', () => {
  it('are drawn from counts of right and wrong', () => {
    const [all, one] = curvesOf(table(1), 'roc');

    expect(one).toEqual({ name: 'c0', x: [1, 0.5, 0.5, 0, 0, 0], y: [1, 1, 0.5, 0.5, 0, 0] });
    expect(all).toEqual({ ...one, name: null });
    const [, precision] = curvesOf(table(1), 'precision');
    expect(precision?.x).toEqual([1, 1, 0.5, 0.5]);
    expect(precision?.y).toEqual([0.5, 2 / 3, 0.5, 1]);
    expect(curvesOf(table(1), 'gains')[1]?.x).toEqual([1, 0.75, 0.5, 0.25, 0, 0]);
    expect(curvesOf(table(1), 'lift')[1]?.y).toEqual([1, 4 / 3, 1, 2]);
  });

  it('tell how often what was said with a probability was so', () => {
    const [, one] = curvesOf(table(1), 'calibration');

    expect(one?.x).toEqual([0.1, 0.35, 0.65, 0.9]);
    expect(one?.y).toEqual([0, 1, 0, 1]);
  });

  it('are of the largest classes where there are many', () => {
    const many = table(MOST_CLASSES + 2);
    const rare = [[1, 2, 0, 0] as const, ...ONE.slice(1)];
    const tables = many.percentile_tables.map((one, at) => (at < 2 ? rare : one));

    const found = curvesOf({ ...many, percentile_tables: tables }, 'roc');

    expect(found.map(curve => curve.name)).toEqual([null, ...many.class_labels.slice(2)]);
  });
});

it('what speaks for a row is told with its values, the most first', () => {
  const explained: IExplained = {
    features: ['age', 'town'],
    outputs: ['no', 'yes'],
    base: [0.5, 0.5],
    rows: [[30.123456, null]],
    truth: ['yes'],
    answers: [[0.1, 0.9]],
    contributions: [
      [
        [-0.1, -0.3],
        [0.1, 0.3],
      ],
    ],
  };

  expect(addedIn(explained, 0, 1)).toEqual([
    { feature: 'town', value: '–', added: 0.3 },
    { feature: 'age', value: '30.12', added: 0.1 },
  ]);
});

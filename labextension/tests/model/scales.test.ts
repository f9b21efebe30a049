import { expect, test } from 'vitest';
import type { RunColumns } from '../../src/api/client';
import { brushFilter } from '../../src/model/brushes';
import { gridded, scaleOf, within } from '../../src/model/scales';

test('numbers stand by their size, whatever they were logged as', () => {
  const scale = scaleOf(['10', 2, null, 'NaN', '6']);

  expect(scale.isNumeric).toBe(true);
  expect(['2', 6, 10, null, 'NaN'].map(scale.place)).toEqual([0, 0.5, 1, null, null]);
});

test('one word among numbers makes all of them words', () => {
  const scale = scaleOf(['10', 'auto', '9']);

  expect(scale.isNumeric).toBe(false);
  expect(scale.words).toEqual(['9', '10', 'auto']);
  expect(scale.place('10')).toBe(0.5);
});

test('a value that all have stands in the middle', () => {
  expect(scaleOf([3, 3]).place(3)).toBe(0.5);
  expect(scaleOf(['a']).place('a')).toBe(0.5);
});

test('rows lie within brushes only where they have a value', () => {
  const columns = [
    [0, 0.5, null],
    [1, 1, 1],
  ];

  expect(within(columns, [[0.4, 1], null], 3)).toEqual([false, true, false]);
  expect(within(columns, [null, null], 3)).toEqual([true, true, true]);
});

test('a grid is near its points and between them', () => {
  const grid = gridded(
    [
      { x: 0, y: 0, z: 0 },
      { x: 1, y: 1, z: 10 },
    ],
    3,
  );

  expect(grid[0]?.[0]).toBeCloseTo(0, 1);
  expect(grid[2]?.[2]).toBeCloseTo(10, 1);
  expect(grid[1]?.[1]).toBeCloseTo(5, 3);
});

test('brushes become a filter: ranges of metrics, values of params', () => {
  const runs = {
    n_runs: 3,
    run_ids: ['a', 'b', 'c'],
    names: [],
    columns: { 'metrics.auc': [0, 0.5, 1], 'params.lr': ['0.1', '0.2', '0.3'] },
  } as RunColumns;
  const columns = Object.keys(runs.columns);
  const scales = columns.map(column => scaleOf(runs.columns[column] ?? []));

  const filter = brushFilter(
    columns,
    scales,
    { 'metrics.auc': [0.25, 1], 'params.lr': [0, 0.6] },
    runs,
  );

  expect(filter).toBe("metrics.auc >= 0.25 and metrics.auc <= 1 and params.lr IN ('0.1', '0.2')");
});

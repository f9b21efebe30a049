import { expect, test } from 'vitest';
import type { DataInput } from '../../src/api/client';
import { pairsOf } from '../../src/panels/compare-values';

const data = (version: string, name = 'iris'): DataInput => ({ kind: 'data', name, version });

test('versions of one data asset are held against that of the baseline, each once', () => {
  expect(pairsOf([data('1'), data('2'), null as never, data('2'), data('1'), data('3')])).toEqual([
    ['1', '2'],
    ['1', '3'],
  ]);
});

test('other data, and data sets that a client logged, are not', () => {
  expect(pairsOf([data('1'), data('2', 'wine')])).toEqual([]);
  expect(
    pairsOf([
      { ...data('1'), kind: 'dataset' },
      { ...data('2'), kind: 'dataset' },
    ]),
  ).toEqual([]);
});

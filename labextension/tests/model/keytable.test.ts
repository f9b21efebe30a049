import { expect, test } from 'vitest';
import type { Run } from '../../src/api/client';
import { KeyTable } from '../../src/model/keytable';

function run(params: Record<string, string>, metrics: Record<string, number> = {}): Run {
  return { params, metrics, tags: {}, experiment_name: 'e', user: 'ana' } as unknown as Run;
}

test('what some runs lack, or have otherwise, is what differs', () => {
  const table = KeyTable.of([
    run({ same: '1', lr: '0.1' }),
    run({ same: '1', lr: '0.2', more: 'x' }),
  ]);

  expect(table.names('params')).toEqual(['lr', 'more', 'same']);
  expect(table.names('params').filter(key => table.differs('params', key))).toEqual(['lr', 'more']);
  expect(table.differs('builtin', 'user')).toBe(false);
});

test('numbers are told from words', () => {
  const table = KeyTable.of([run({ lr: '0.1', size: '' }), run({ lr: '1e-3', size: '4' })]);

  expect(table.isNumeric('params', 'lr')).toBe(true);
  expect(table.isNumeric('params', 'size')).toBe(false);
});

test('what the workspace samples is no metric of the table', () => {
  expect(KeyTable.of([run({}, { 'system/cpu': 1, auc: 1 })]).names('metrics')).toEqual(['auc']);
});

test('a table that grows says the same as one made anew, and the old one stays', () => {
  const runs = [run({ a: '1' }), run({ a: '1', b: '1' })];
  const old = KeyTable.of(runs);
  const more = [...runs, run({ a: '2', b: '1' })];

  const grown = KeyTable.of(more, old);

  for (const key of ['a', 'b']) {
    expect(grown.differs('params', key)).toBe(KeyTable.of(more).differs('params', key));
  }
  expect(old.differs('params', 'a')).toBe(false);
  expect(grown.nRuns).toBe(3);
});

test('runs that were read again are looked at again', () => {
  const old = KeyTable.of([run({ a: '1' }), run({ a: '1' })]);

  expect(KeyTable.of([run({ a: '1' }), run({ a: '2' })], old).differs('params', 'a')).toBe(true);
});

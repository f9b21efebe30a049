import { expect, test } from 'vitest';
import type { Run } from '../../src/api/client';
import { families, flat, hold, nested } from '../../src/model/rows';

function run(run_id: string, parent_run_id: string | null = null, name = run_id): Run {
  return { run_id, parent_run_id, name } as unknown as Run;
}

const ids = (runs: readonly Run[]): string[] => runs.map(one => one.run_id);

test('rows stay where they are; what would push in is counted, what follows is added', () => {
  const shown = [run('b'), run('c'), run('gone')];

  const { runs, nNew } = hold(shown, [run('a'), run('c'), run('new'), run('b'), run('d')]);

  expect(ids(runs)).toEqual(['b', 'c', 'd']);
  expect(nNew).toBe(2);
});

test('rows that stay have the values that arrived', () => {
  const { runs } = hold([run('a')], [run('a', null, 'renamed')]);

  expect(runs[0]?.name).toBe('renamed');
});

test('runs stand below their parent while it is open', () => {
  const runs = [run('leaf', 'child'), run('child', 'top'), run('top'), run('other')];

  const closed = nested(runs, new Set());
  const open = nested(runs, new Set(['top', 'child']));

  expect(closed.map(row => [row.run.run_id, row.nNested])).toEqual([
    ['top', 2],
    ['other', 0],
  ]);
  expect(open.map(row => [row.run.run_id, row.depth])).toEqual([
    ['top', 0],
    ['child', 1],
    ['leaf', 2],
    ['other', 0],
  ]);
});

test('a run whose parent is not in the table stands by itself', () => {
  expect(nested([run('a', 'elsewhere'), run('b', 'b')], new Set())).toEqual(
    flat([run('a', 'elsewhere'), run('b', 'b')]),
  );
});

test('a family of runs stands as one: the eldest, or the newest child of one that is not there', () => {
  const runs = [run('t2', 'sweep'), run('t1', 'sweep'), run('deep', 't1'), run('far', 'old')];

  expect(ids(families([...runs, run('sweep'), run('near', 'old'), run('own')]))).toEqual([
    'sweep',
    'far',
    'own',
  ]);
});

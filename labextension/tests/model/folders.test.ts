import { expect, test } from 'vitest';
import { cleanPath, folderTree, inFolder } from '../../src/model/folders';

const FOLDERS = [
  { path: 'churn/old', n_runs: 2 },
  { path: 'churn', n_runs: 1 },
  { path: 'a b/c/d', n_runs: 4 },
];

test('folders stand as a tree, those that only hold folders among them', () => {
  const rows = folderTree(FOLDERS).map(({ path, level, nRuns }) => [path, level, nRuns]);

  expect(rows).toEqual([
    ['a b', 1, 4],
    ['a b/c', 2, 4],
    ['a b/c/d', 3, 4],
    ['churn', 1, 3],
    ['churn/old', 2, 2],
  ]);
});

test('a folder narrows a filter to it and what is below', () => {
  expect(inFolder('', '', FOLDERS)).toBe('');
  expect(inFolder('metrics.a > 1', 'churn/old', FOLDERS)).toBe(
    "metrics.a > 1 and tags.`mlws.folder` = 'churn/old'",
  );
  expect(inFolder("params.x = '1' or params.x = '2'", 'churn', FOLDERS)).toBe(
    "(params.x = '1' or params.x = '2') and tags.`mlws.folder` IN ('churn', 'churn/old')",
  );
});

test('a path that is typed loses what means nothing', () => {
  expect(cleanPath(' /churn // old / ')).toBe('churn/old');
  expect(cleanPath(' / ')).toBeNull();
});

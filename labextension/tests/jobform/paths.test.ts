import { expect, test } from 'vitest';
import { joinedPath, relativePath } from '../../src/jobform/paths';

test.each([
  ['', 'data/a.csv', 'data/a.csv'],
  ['work', 'work/data/a.csv', 'data/a.csv'],
  ['work/nb', 'work/data/a.csv', '../data/a.csv'],
  ['work/nb', 'other/a.csv', '../../other/a.csv'],
  ['work', 'workshop/a.csv', '../workshop/a.csv'],
  ['work', 'work', '.'],
])('from %j, %j is %j', (folder, path, seen) => {
  expect(relativePath(folder, path)).toBe(seen);
});

test('a name joins the root without a slash', () => {
  expect([joinedPath('', 'a'), joinedPath('b', 'a')]).toEqual(['a', 'b/a']);
});

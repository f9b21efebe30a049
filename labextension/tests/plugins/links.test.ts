import { expect, test } from 'vitest';
import { linkIn } from '../../src/plugins/pages';

test('a link names a run or the table of runs', () => {
  expect(linkIn('?mlws=runs%2Fcalm_tree_1&token=t')).toEqual({ run_id: 'calm_tree_1' });
  expect(linkIn('?mlws=runs')).toEqual({ run_id: undefined });
});

test('a link names a line of a log', () => {
  expect(linkIn('?mlws=runs%2Fcalm_tree_1%2Flogs%2FL12')).toEqual({
    run_id: 'calm_tree_1',
    line: 12,
  });
});

test('a link names an executed notebook', () => {
  expect(linkIn('?mlws=runs/calm_tree_1/notebook')).toEqual({ notebook: 'calm_tree_1' });
});

test('a link names a view', () => {
  expect(linkIn('?mlws=views%2Fab12')).toEqual({ view: 'ab12' });
  expect(linkIn('?mlws=views')).toBeNull();
});

test('other addresses are no links', () => {
  expect(linkIn('?reset')).toBeNull();
  expect(linkIn('?mlws=../../etc')).toBeNull();
});

import { expect, test } from 'vitest';
import { band } from '../../src/model/bands';

test('series come together to mean, least and greatest, between their points too', () => {
  const made = band([
    { x: [0, 2], y: [0, 2] },
    { x: [0, 1, 2], y: [4, 5, 6] },
  ]);

  expect(made.x).toEqual([0, 1, 2]);
  expect(made.mean).toEqual([2, 3, 4]);
  expect(made.low).toEqual([0, 1, 2]);
  expect(made.high).toEqual([4, 5, 6]);
});

test('a series takes no part before it begins and after it ends', () => {
  const made = band([
    { x: [0, 1, 2, 3], y: [1, 1, 1, 1] },
    { x: [1, 2], y: [3, 3] },
  ]);

  expect(made.mean).toEqual([1, 2, 2, 1]);
});

test('what is not finite is left out', () => {
  const made = band([
    { x: [0, 1], y: [Number.NaN, 1] },
    { x: [0, 1], y: [5, Number.POSITIVE_INFINITY] },
  ]);

  expect(made.mean).toEqual([5, 1]);
});

test('many places become fewer', () => {
  const x = Array.from({ length: 1000 }, (_, at) => at);

  expect(band([{ x, y: x }], 10).x.length).toBe(10);
});

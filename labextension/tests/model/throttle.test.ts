import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Throttle } from '../../src/model/throttle';

let calls: number[];
let throttle: Throttle;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  calls = [];
  throttle = new Throttle(() => calls.push(Date.now() - 1_000_000), 1000);
});

afterEach(() => {
  throttle.dispose();
  vi.useRealTimers();
});

test('the first call goes through at once', () => {
  throttle.invoke();

  expect(calls).toEqual([0]);
});

test('calls in the same stretch become one at its end', () => {
  throttle.invoke();
  vi.advanceTimersByTime(100);
  throttle.invoke();
  throttle.invoke();
  vi.advanceTimersByTime(5000);

  expect(calls).toEqual([0, 1000]);
});

test('a pending call is dropped when it is disposed', () => {
  throttle.invoke();
  throttle.invoke();

  throttle.dispose();
  vi.advanceTimersByTime(5000);

  expect(calls).toEqual([0]);
});

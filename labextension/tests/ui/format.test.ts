import { expect, test } from 'vitest';
import { durationOf } from '../../src/ui/duration';
import { bytes, duration, localeOf, metric, relativeTime } from '../../src/ui/format';

test.each([
  [0, '0 s'],
  [-5, '0 s'],
  [400, '0.4 s'],
  [12_400, '12 s'],
  [187_000, '3:07'],
  [3_765_000, '1:02:45'],
  [183_000_000, '2 d 02:50'],
])('%i ms are written %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test.each([
  [0.123456789, '0.12346'],
  [0, '0'],
  [0.00001234, '1.234e-5'],
  [123_456.78, '123,456.8'],
  [3e12, '3.000e+12'],
  ['NaN', 'NaN'],
  ['-Infinity', '−∞'],
  [null, ''],
])('the metric %s is written %s', (value, text) => {
  expect(metric(value, 'en')).toBe(text);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1400, '1.4 kB'],
  [2_500_000_000, '2.5 GB'],
])('%i bytes are written %s', (size, text) => {
  expect(bytes(size, 'en')).toBe(text);
});

test('times are told in the language of the reader', () => {
  const now = Date.parse('2026-01-02T12:00:00Z');

  expect(relativeTime('2026-01-02T11:57:00Z', now, 'en')).toBe('3m ago');
  expect(relativeTime('2026-01-01T12:00:00Z', now, 'en')).toBe('yesterday');
  expect(relativeTime('2026-01-02T11:57:00Z', now, 'ja')).toBe('3分前');
});

test('a language code of JupyterLab becomes one of the web', () => {
  expect(localeOf('ja_JP')).toBe('ja-JP');
});

test('a run that runs lasts until now, one whose end is unknown has no duration', () => {
  const started_at = '2026-01-01T00:00:00.000Z';
  const now = Date.parse(started_at) + 61_000;

  expect(durationOf({ started_at, status: 'Running' }, now)).toBe('1:01');
  expect(durationOf({ started_at, status: 'Failed' }, now)).toBe('');
  expect(durationOf({ status: 'Queued' }, now)).toBe('');
});

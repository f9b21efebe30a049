import { expect, test } from 'vitest';
import { LONGEST_LINE, LogText } from '../../src/model/logtext';

function linesOf(...texts: string[]): string[] {
  const log = new LogText();
  for (const text of texts) {
    log.append(text);
  }
  return log.lines.slice(0, log.length);
}

test('a line may arrive in pieces', () => {
  expect(linesOf('one\ntw', 'o\nthr', 'ee')).toEqual(['one', 'two', 'three']);
});

test('a progress bar is its last state', () => {
  expect(linesOf('\r 10%\r 20%\r 30%\nnext\n')).toEqual([' 30%', 'next']);
});

test('a progress bar is its last state when it arrives piece by piece', () => {
  expect(linesOf('a\n 10%', '\r 20%', '\r 3', '0%\n', 'b')).toEqual(['a', ' 30%', 'b']);
});

test('a return before the end of a line is an ordinary end of line', () => {
  expect(linesOf('one\r\ntwo\r', '\nthree\r\n')).toEqual(['one', 'two', 'three']);
});

test('a return at the end of a piece takes effect when the next one writes', () => {
  expect(linesOf('10%\r')).toEqual(['10%']);
  expect(linesOf('10%\r', '20%')).toEqual(['20%']);
});

test('a backspace takes back one character', () => {
  expect(linesOf('ab\b\bcd')).toEqual(['cd']);
});

test('empty lines are kept', () => {
  expect(linesOf('a\n\n\nb\n')).toEqual(['a', '', '', 'b']);
});

test('a line that is too long is cut and says how much is missing', () => {
  const piece = 'x'.repeat(LONGEST_LINE);

  const [line, next] = linesOf(piece, piece, 'y\nnext\n');

  expect(line).toHaveLength(LONGEST_LINE + ` … [+${LONGEST_LINE + 1}]`.length);
  expect(line?.endsWith(`[+${LONGEST_LINE + 1}]`)).toBe(true);
  expect(next).toBe('next');
});

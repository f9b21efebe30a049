import { fireEvent, render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { LogView, lineAtRow, rowsOf } from '../../src/ui/log';

function show(lines: readonly string[], props = {}) {
  const log = (
    <LogView
      label="log"
      lineAt={index => lines[index] ?? ''}
      nLines={lines.length}
      version={lines.length}
      pieces={line => [{ text: line, className: '' }]}
      plain={line => line}
      wrap={false}
      hits={[]}
      hit={0}
      query={null}
      {...props}
    />
  );
  return log;
}

test('a line takes as many rows as it needs', () => {
  expect(rowsOf('', 80)).toBe(1);
  expect(rowsOf('x'.repeat(80), 80)).toBe(1);
  expect(rowsOf('x'.repeat(81), 80)).toBe(2);
});

test('characters of East Asia take two places', () => {
  expect(rowsOf('日'.repeat(41), 80)).toBe(2);
});

test('the line at a row is the last one that begins at or before it', () => {
  const starts = [0, 1, 4, 5];

  expect([0, 1, 3, 4, 99].map(row => lineAtRow(starts, row))).toEqual([0, 1, 1, 2, 3]);
});

test('only lines in view are drawn', () => {
  render(show(Array.from({ length: 100_000 }, (_, at) => `line ${at}`)));

  expect(screen.getByRole('log').querySelectorAll('.jp-MlwsLog-line').length).toBeLessThan(100);
});

test('what is searched for is marked in the line', () => {
  render(show(['one two'], { hits: [0], query: /two/gi }));

  expect(screen.getByText('two').tagName).toBe('MARK');
});

test('scrolled up, it stays and counts the new lines', () => {
  const lines = Array.from({ length: 500 }, (_, at) => `line ${at}`);
  const { rerender } = render(show(lines));
  const view = screen.getByRole('log');
  Object.defineProperty(view, 'scrollHeight', { value: 9000, configurable: true });
  Object.defineProperty(view, 'clientHeight', { value: 300, configurable: true });
  view.scrollTop = 100;
  fireEvent.scroll(view);

  rerender(show([...lines, 'a', 'b', 'c']));

  expect(screen.getByRole('button').textContent).toBe('3 new lines');
  fireEvent.click(screen.getByRole('button'));
  expect(view.scrollTop).toBe(9000);
});

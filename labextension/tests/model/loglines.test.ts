import { describe, expect, it } from 'vitest';
import { foldsOf, LineTimes, levelOf, ofLevel, rowsOfLog } from '../../src/model/loglines';
import { LogText } from '../../src/model/logtext';

const at = (lines: readonly string[]) => (index: number) => lines[index] ?? '';

describe('The level of a line', () => {
  it.each([
    ['2026-01-01 12:00:00,000 INFO root: fine', 'info'],
    ['[WARN] disk', 'warning'],
    ['ERROR:root:bad', 'error'],
    ['x.py:3: UserWarning: old', 'warning'],
    ['ValueError: no', 'error'],
    ['no level, and no ERRORS here', null],
    [`${'x'.repeat(200)} ERROR`, null],
  ])('of %s is %s', (line, level) => {
    expect(levelOf(line)).toBe(level);
  });

  it('is kept by what belongs to the line', () => {
    const lines = ['INFO a', 'WARNING b', '  more of b', 'plain', 'ERROR c'];

    expect(ofLevel(5, at(lines), 'warning')).toEqual([1, 2, 4]);
    expect(ofLevel(5, at(lines), 'debug')).toHaveLength(5);
  });
});

const TRACE = [
  'start',
  'Traceback (most recent call last):',
  '  File "/home/ana/train.py", line 3, in <module>',
  '    fit(x)',
  '  File "/env/lib/python3.12/site-packages/sklearn/base.py", line 1, in fit',
  '    check(x)',
  '  File "/env/lib/python3.12/site-packages/sklearn/check.py", line 2, in check',
  '    raise ValueError',
  'ValueError: no',
  'end',
];

describe('A traceback', () => {
  it('folds to the frames of one’s own code', () => {
    const folds = foldsOf(TRACE.length, at(TRACE));

    expect(folds).toEqual([{ from: 4, to: 8 }]);
    expect(rowsOfLog(TRACE.length, null, folds, () => false)).toEqual([0, 1, 2, 3, ~4, 8, 9]);
    expect(rowsOfLog(TRACE.length, null, folds, () => true)).toBeNull();
  });

  it('is not looked for where there is none', () => {
    const lines = ['  File "/x/site-packages/a.py", line 1', '    x'];

    expect(foldsOf(2, at(lines))).toEqual([]);
  });

  it('stays folded among the lines of a level', () => {
    const folds = foldsOf(TRACE.length, at(TRACE));
    const kept = ofLevel(TRACE.length, at(TRACE), 'error');

    expect(rowsOfLog(TRACE.length, kept, folds, () => false)).toEqual([1, 2, 3, ~4, 8]);
  });
});

describe('Times of lines', () => {
  it('hold up to the next one', () => {
    const times = new LineTimes();
    times.add(0, 100);
    times.add(3, 200);

    expect([0, 2, 3, 9].map(line => times.at(line))).toEqual([100, 100, 200, 200]);
    expect(new LineTimes().at(0)).toBeNull();
  });

  it('are counted on over pieces, and a line that goes on keeps its own', () => {
    const text = new LogText();
    text.append('one\ntw', [{ line: 0, time_ms: 1 }]);
    text.append('o\nthree\n', [
      { line: 0, time_ms: 5 },
      { line: 1, time_ms: 7 },
    ]);

    expect([0, 1, 2].map(line => text.times.at(line))).toEqual([1, 1, 7]);
  });
});

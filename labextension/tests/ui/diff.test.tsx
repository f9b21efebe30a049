import { render, screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { around, Diff, type IDiffLine, paired, sharedEnds } from '../../src/ui/diff';

const same = (text: string): IDiffLine => ({ op: 'same', text });
const removed = (text: string): IDiffLine => ({ op: 'removed', text });
const added = (text: string): IDiffLine => ({ op: 'added', text });

describe('Two versions of a text', () => {
  it('stand side by side: what was removed beside what came in its place', () => {
    const rows = paired([same('a'), removed('b'), removed('c'), added('B'), same('d')]);

    expect(rows.map(row => [row.base?.text, row.other?.text])).toEqual([
      ['a', 'a'],
      ['b', 'B'],
      ['c', undefined],
      ['d', 'd'],
    ]);
  });

  it.each([
    ['lr = 0.1', 'lr = 0.4', [7, 0]],
    ['aa', 'aaa', [2, 0]],
    ['x', 'y', [0, 0]],
    ['same', 'same', [4, 0]],
    ['f(1)', 'f(2)', [2, 1]],
  ])('share the ends of %s and %s', (base, other, ends) => {
    expect(sharedEnds(base, other)).toEqual(ends);
  });

  it('show only the lines around a change', () => {
    const lines = [...'abcdefgh'].map(same);
    lines.splice(1, 0, added('+'));
    lines.splice(8, 0, removed('-'));

    const hunks = around(lines, 1);

    expect(hunks.map(hunk => hunk.map(line => line.text).join(''))).toEqual(['a+b', 'g-h']);
  });

  it('join hunks that touch', () => {
    expect(around([added('1'), same('a'), same('b'), removed('2')], 1)).toHaveLength(1);
  });

  it('mark what changed within a line, and say so in words', () => {
    render(<Diff label="diff" hunks={[[removed('lr = 0.1'), added('lr = 0.4')]]} isStop />);

    expect([...document.querySelectorAll('mark')].map(mark => mark.textContent)).toEqual([
      '1',
      '4',
    ]);
    expect(screen.getByText('removed')).toBeTruthy();
    expect(document.querySelectorAll('[data-difference]')).toHaveLength(1);
  });
});

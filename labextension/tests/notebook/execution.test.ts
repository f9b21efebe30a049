import type { ICell, IOutput } from '@jupyterlab/nbformat';
import { describe, expect, test } from 'vitest';
import {
  activeCell,
  type CellState,
  elapsedMs,
  firstDifference,
  hasSameCells,
  marksOf,
  normalized,
} from '../../src/notebook/execution';

function cell(id: string, more: Partial<CellState> = {}): CellState {
  return { cell_id: id, index: 0, state: 'done', ...more };
}

const AT = (seconds: number) => new Date(seconds * 1000).toISOString();

describe('the mark of a cell', () => {
  test('tells how long it took, or has taken so far', () => {
    const cells = [
      cell('a', { started_at: AT(0), ended_at: AT(2) }),
      cell('b', { state: 'running', started_at: AT(2) }),
      cell('c', { state: 'waiting' }),
    ];

    const marks = marksOf(cells, 7000);

    expect([...marks.values()].map(mark => mark.time)).toEqual(['2.0 s', '5.0 s', '']);
  });

  test('is slow with a good share of a long run', () => {
    const cells = [
      cell('a', { started_at: AT(0), ended_at: AT(9) }),
      cell('b', { started_at: AT(9), ended_at: AT(10) }),
    ];

    expect([...marksOf(cells, 0).values()].map(mark => mark.isSlow)).toEqual([true, false]);
  });

  test('is never slow under a second', () => {
    const quick = [cell('a', { started_at: AT(0), ended_at: AT(0.5) })];

    expect(marksOf(quick, 0).get('a')?.isSlow).toBe(false);
  });

  test('is not negative where clocks differ', () => {
    expect(elapsedMs(cell('a', { started_at: AT(10) }), 5000)).toBe(0);
  });
});

test('the cell to look at is the one that runs, else the one that failed', () => {
  const failed = cell('f', { state: 'failed' });
  const running = cell('r', { state: 'running' });

  expect(activeCell([cell('a'), failed, running])).toBe(running);
  expect(activeCell([cell('a'), failed])).toBe(failed);
  expect(activeCell([cell('a')])).toBeUndefined();
});

test('cells are the same by id, type and order', () => {
  const a = { id: 'a', cell_type: 'code' } as ICell;
  const b = { id: 'b', cell_type: 'code' } as ICell;

  expect(hasSameCells([a, b], [a, b])).toBe(true);
  expect(hasSameCells([a, b], [b, a])).toBe(false);
  expect(hasSameCells([a], [a, b])).toBe(false);
  expect(hasSameCells([a], [{ ...a, cell_type: 'markdown' }])).toBe(false);
});

describe('outputs', () => {
  const stream = (text: string | string[], name = 'stdout'): IOutput => ({
    output_type: 'stream',
    name,
    text,
  });

  test('of one stream are one, in any pieces', () => {
    const pieces = [stream(['a\n', 'b\n']), stream('c\n'), stream('x', 'stderr')];

    expect(normalized(pieces)).toEqual([stream('a\nb\nc\n'), stream('x', 'stderr')]);
  });

  test('keep JSON as it is and join texts', () => {
    const shown: IOutput = {
      output_type: 'display_data',
      metadata: {},
      data: { 'text/plain': ['a', 'b'], 'application/json': ['a', 'b'] },
    };

    expect(normalized([shown])[0]?.data).toEqual({
      'text/plain': 'ab',
      'application/json': ['a', 'b'],
    });
  });

  test('differ from where they are not the same on', () => {
    const shown: IOutput = { output_type: 'display_data', metadata: {}, data: { a: '1', b: '2' } };
    const other: IOutput = { output_type: 'display_data', metadata: {}, data: { b: '2', a: '1' } };

    expect(firstDifference([stream('a'), shown], [stream('a'), other])).toBe(2);
    expect(firstDifference([stream('a'), shown], [stream('b'), shown])).toBe(0);
    expect(firstDifference([stream('a')], [stream('a'), shown])).toBe(1);
  });
});

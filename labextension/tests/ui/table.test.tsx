import { act, fireEvent, render, screen } from '@testing-library/react';
import { beforeAll, expect, test, vi } from 'vitest';
import { slotsOf, Table, visibleColumns, visibleRows } from '../../src/ui/table';

const ROWS = Array.from({ length: 5000 }, (_, at) => ({ id: `row-${at}`, name: `name ${at}` }));

beforeAll(() => {
  // jsdom has no layout: the view is given a height.
  Object.defineProperty(HTMLElement.prototype, 'clientHeight', { value: 300, configurable: true });
});

function show(props: Partial<Parameters<typeof Table<(typeof ROWS)[number]>>[0]> = {}) {
  return render(
    <Table
      label="things"
      columns={[
        { id: 'name', title: 'Name', width: 100, sortKey: 'name', render: row => row.name },
      ]}
      rows={ROWS}
      rowKey={row => row.id}
      {...props}
    />,
  );
}

test('only rows in view are drawn', () => {
  show();

  expect(screen.getAllByRole('row').length).toBeLessThan(40);
  expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('5001');
});

test('rows in view are those under the scrolled part, with some more', () => {
  expect(visibleRows(0, 300, 5000, 30)).toEqual([0, 18]);
  expect(visibleRows(30_000, 300, 5000, 30)).toEqual([992, 1018]);
  expect(visibleRows(0, 300, 3, 30)).toEqual([0, 3]);
});

test('arrows move, Enter opens the row that has the focus', () => {
  const onOpen = vi.fn();
  show({ onOpen });
  const grid = screen.getByRole('grid');

  act(() => grid.focus());
  fireEvent.keyDown(grid, { key: 'ArrowDown' });
  fireEvent.keyDown(grid, { key: 'ArrowDown' });
  fireEvent.keyDown(grid, { key: 'Enter' });

  expect(onOpen).toHaveBeenCalledWith(ROWS[2]);
});

test('Space and Shift with arrows choose rows', () => {
  const onSelect = vi.fn();
  show({ onSelect });
  const grid = screen.getByRole('grid');
  act(() => grid.focus());

  fireEvent.keyDown(grid, { key: 'ArrowDown' });
  fireEvent.keyDown(grid, { key: ' ' });
  fireEvent.keyDown(grid, { key: 'ArrowDown', shiftKey: true });
  fireEvent.keyDown(grid, { key: 'ArrowDown', shiftKey: true });

  expect(onSelect.mock.calls.map(([keys]) => [...keys])).toEqual([
    ['row-1'],
    ['row-1', 'row-2'],
    ['row-1', 'row-2', 'row-3'],
  ]);
});

test('a check box chooses its row and does not open it; Escape lets go', () => {
  const onSelect = vi.fn();
  const onOpen = vi.fn();
  show({ onSelect, onOpen, selected: new Set(['row-0']) });

  fireEvent.click(screen.getAllByRole('checkbox', { name: 'Select' })[2] as HTMLElement);
  fireEvent.keyDown(screen.getByRole('grid'), { key: 'Escape' });

  expect(onSelect.mock.calls.map(([keys]) => [...keys])).toEqual([['row-0', 'row-2'], []]);
  expect(onOpen).not.toHaveBeenCalled();
});

test('arrows fold and unfold a row that has others below it', () => {
  const onFold = vi.fn();
  show({ onFold, levelOf: row => ({ level: 1, isOpen: row.id === 'row-1' }) });
  const grid = screen.getByRole('treegrid');
  act(() => grid.focus());

  fireEvent.keyDown(grid, { key: 'ArrowRight' });
  fireEvent.keyDown(grid, { key: 'ArrowDown' });
  fireEvent.keyDown(grid, { key: 'ArrowRight' });
  fireEvent.keyDown(grid, { key: 'ArrowLeft' });

  expect(onFold.mock.calls).toEqual([
    [ROWS[0], true],
    [ROWS[1], false],
  ]);
});

test('the end of the table is far away for End and near for onEnd', () => {
  const onEnd = vi.fn();
  show({ onEnd, hasMore: true });
  expect(onEnd).not.toHaveBeenCalled();

  const view = screen.getByRole('grid').parentElement as HTMLElement;
  view.scrollTop = 5000 * 30;
  fireEvent.scroll(view);

  expect(onEnd).toHaveBeenCalled();
});

test('a right click and the menu key ask for the menu of a row', () => {
  const onMenu = vi.fn();
  show({ onMenu });

  fireEvent.contextMenu(screen.getByText('name 3'), { clientX: 5, clientY: 6 });
  fireEvent.keyDown(screen.getByRole('grid'), { key: 'F10', shiftKey: true });

  expect(onMenu.mock.calls.map(call => call[0])).toEqual([ROWS[3], ROWS[3]]);
});

test('a click on a head sorts, a second one the other way', () => {
  const onSort = vi.fn();
  const { rerender } = show({ onSort });
  fireEvent.click(screen.getByRole('button', { name: /Name/ }));
  rerender(
    <Table
      label="things"
      columns={[
        { id: 'name', title: 'Name', width: 100, sortKey: 'name', render: row => row.name },
      ]}
      rows={ROWS}
      rowKey={row => row.id}
      onSort={onSort}
      sort={{ key: 'name', descending: true }}
    />,
  );

  fireEvent.click(screen.getByRole('button', { name: /Name/ }));

  expect(onSort.mock.calls.map(call => call[0])).toEqual([
    { key: 'name', descending: true },
    { key: 'name', descending: false },
  ]);
  expect(screen.getByRole('columnheader').getAttribute('aria-sort')).toBe('descending');
});

test('only columns in view are drawn, unless all find room', () => {
  const columns = Array.from({ length: 40 }, (_, at) => ({ id: `c${at}`, width: 100 }));

  expect(visibleColumns(columns, {}, 32, 0, 800)).toEqual([0, 10]);
  expect(visibleColumns(columns, {}, 32, 2000, 800)).toEqual([17, 30]);
  expect(visibleColumns(columns, { c0: 3000 }, 32, 0, 800)).toEqual([0, 1]);
  expect(visibleColumns(columns.slice(0, 5), {}, 32, 0, 800)).toEqual([0, 5]);
});

test('with other rows whose end is in view too, more are asked for again', () => {
  const onEnd = vi.fn();
  const props = {
    label: 'things',
    columns: [],
    rowKey: (row: (typeof ROWS)[number]) => row.id,
    hasMore: true,
    onEnd,
  };
  const { rerender } = render(<Table {...props} rows={ROWS.slice(0, 5)} />);
  rerender(<Table {...props} rows={ROWS.slice(0, 5)} />);

  expect(onEnd).toHaveBeenCalledTimes(2);
});

function scrollTo(top: number): void {
  const view = screen.getByRole('grid').parentElement as HTMLElement;
  view.scrollTop = top;
  fireEvent.scroll(view);
}

function drawn(): { elements: HTMLElement[]; keys: (string | undefined)[] } {
  const elements = [...document.querySelectorAll<HTMLElement>('.jp-MlwsTable-row')];
  return { elements, keys: elements.map(row => row.dataset.key) };
}

test('rows that come into view take the elements of those that left it', () => {
  vi.useFakeTimers();
  show();
  scrollTo(3000);
  const before = drawn();

  scrollTo(3300);

  const after = drawn();
  expect(after.elements).toEqual(before.elements);
  expect([...after.keys].sort()).toEqual(ROWS.slice(102, 128).map(row => row.id));
  // At rest they stand in their order, for who reads the page without seeing it.
  act(() => vi.advanceTimersByTime(200));
  expect(drawn().keys).toEqual(ROWS.slice(102, 128).map(row => row.id));
  expect(new Set(drawn().elements)).toEqual(new Set(before.elements));
  vi.useRealTimers();
});

test('each row in view has a place of its own', () => {
  expect(slotsOf(5, 8, 4, false).map(({ slot }) => slot)).toEqual([1, 2, 3]);
  expect(slotsOf(6, 10, 4, false).map(({ slot }) => slot)).toEqual([2, 3, 0, 1]);
  expect(slotsOf(6, 10, 4, true).map(({ index }) => index)).toEqual([8, 9, 6, 7]);
});

test('what has the focus in a row does not come to stand for another row', () => {
  const { rerender } = show({ columns: WITH_BUTTON });
  const button = screen.getByRole('button', { name: 'open name 3' });
  act(() => button.focus());
  const props = { label: 'things', columns: WITH_BUTTON, rowKey: (row: { id: string }) => row.id };

  // The same row under new values keeps it.
  rerender(<Table {...props} rows={ROWS.map(row => ({ ...row }))} />);
  expect(document.activeElement).toBe(button);

  scrollTo(60_000);
  expect(document.activeElement).toBe(screen.getByRole('grid'));
});

const WITH_BUTTON = [
  {
    id: 'name',
    title: 'Name',
    width: 100,
    render: (row: { name: string }) => <button type="button">open {row.name}</button>,
  },
];

// A table of any length: only the rows in view are drawn. One focus, arrows move inside.
import type { KeyboardEvent, MouseEvent, ReactNode } from 'react';
import { memo, useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useSize } from './hooks';

export interface IColumn<T> {
  id: string;
  /** Translated. */
  title: string;
  /** Least width in pixels; spare room is shared in proportion. */
  width: number;
  align?: 'end';
  /** What `onSort` is called with; a column without cannot be sorted. */
  sortKey?: string;
  render: (row: T) => ReactNode;
  /** Shown on hover. */
  titleOf?: (row: T) => string;
}

export interface ISort {
  key: string;
  descending: boolean;
}

export interface ITableProps<T> {
  label: string;
  columns: readonly IColumn<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  sort?: ISort;
  onSort?: (sort: ISort) => void;
  onOpen?: (row: T) => void;
  /** Asked for by right click, Shift+F10 or `.`; the place is in client pixels. */
  onMenu?: (row: T, x: number, y: number) => void;
  /** The last row came near the view. */
  onEnd?: () => void;
  /** Whether rows are missing at the end. */
  hasMore?: boolean;
  isBusy?: boolean;
}

export const ROW_HEIGHT = 30;
const OVERSCAN = 8;

/** Rows `[first, last)` of `count` that a view of `height` pixels scrolled to `top` has to draw. */
export function visibleRows(
  top: number,
  height: number,
  count: number,
  rowHeight = ROW_HEIGHT,
): [number, number] {
  const first = Math.max(0, Math.min(count, Math.floor(top / rowHeight) - OVERSCAN));
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + OVERSCAN);
  return [first, Math.max(first, last)];
}

export function Table<T>(props: ITableProps<T>): JSX.Element {
  const { columns, rows, rowKey, onEnd, hasMore } = props;
  const [view, , height] = useSize<HTMLDivElement>();
  const [top, setTop] = useState(0);
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const id = useId();
  const grid = useRef<HTMLDivElement>(null);

  const [first, last] = visibleRows(top, height, rows.length);
  const template = useMemo(
    () => columns.map(column => `minmax(${column.width}px, ${column.width}fr)`).join(' '),
    [columns],
  );
  const width = useMemo(() => columns.reduce((sum, column) => sum + column.width, 0), [columns]);
  const active = Math.max(
    0,
    rows.findIndex(row => rowKey(row) === activeKey),
  );

  const nearEnd = hasMore && last >= rows.length;
  useEffect(() => {
    if (nearEnd) {
      onEnd?.();
    }
  }, [nearEnd, onEnd]);

  const moveTo = (index: number): void => {
    const at = Math.max(0, Math.min(rows.length - 1, index));
    const row = rows[at];
    const node = view.current;
    if (row === undefined || !node) {
      return;
    }
    setActiveKey(rowKey(row));
    const above = at * ROW_HEIGHT;
    // One row's height is the header, which stays in place.
    const room = node.clientHeight - ROW_HEIGHT;
    if (above < node.scrollTop) {
      node.scrollTop = above;
    } else if (above + ROW_HEIGHT > node.scrollTop + room) {
      node.scrollTop = above + ROW_HEIGHT - room;
    }
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(height / ROW_HEIGHT) - 2);
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    };
    const row = rows[active];
    const target = steps[event.key];
    if (target !== undefined) {
      moveTo(activeKey === null ? 0 : target);
    } else if (event.key === 'Enter' && row !== undefined && event.target === event.currentTarget) {
      props.onOpen?.(row);
    } else if (row !== undefined && isMenuKey(event)) {
      const box = grid.current?.querySelector('[aria-current="true"]')?.getBoundingClientRect();
      props.onMenu?.(row, (box?.left ?? 0) + 24, box?.bottom ?? 0);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  // Rows are drawn again only when they change: what they call stays the same function.
  const latest = useRef(props);
  latest.current = props;
  const onClick = useCallback((row: T) => {
    setActiveKey(latest.current.rowKey(row));
    latest.current.onOpen?.(row);
  }, []);
  const onContextMenu = useCallback((row: T, event: MouseEvent) => {
    const { onMenu, rowKey: keyOf } = latest.current;
    if (onMenu) {
      event.preventDefault();
      event.stopPropagation();
      setActiveKey(keyOf(row));
      onMenu(row, event.clientX, event.clientY);
    }
  }, []);

  return (
    <div
      className="jp-MlwsTable"
      ref={view}
      onScroll={event => setTop(event.currentTarget.scrollTop)}
      aria-busy={props.isBusy}
    >
      <div
        ref={grid}
        className="jp-MlwsTable-grid"
        role="grid"
        tabIndex={0}
        aria-label={props.label}
        aria-rowcount={hasMore ? -1 : rows.length + 1}
        aria-colcount={columns.length}
        aria-activedescendant={activeKey === null ? undefined : `${id}-${active}`}
        style={{ minWidth: width }}
        onKeyDown={onKeyDown}
        onFocus={() => {
          if (activeKey === null && rows[0] !== undefined) {
            setActiveKey(rowKey(rows[0]));
          }
        }}
      >
        <div
          className="jp-MlwsTable-head"
          role="row"
          aria-rowindex={1}
          style={{ gridTemplateColumns: template, height: ROW_HEIGHT }}
        >
          {columns.map(column => (
            <Header key={column.id} column={column} sort={props.sort} onSort={props.onSort} />
          ))}
        </div>
        <div
          className="jp-MlwsTable-body"
          role="rowgroup"
          style={{ height: rows.length * ROW_HEIGHT }}
        >
          {rows.slice(first, last).map((row, offset) => {
            const index = first + offset;
            const key = rowKey(row);
            return (
              <Row
                key={key}
                id={`${id}-${index}`}
                row={row}
                index={index}
                isActive={key === activeKey}
                columns={columns as readonly IColumn<unknown>[]}
                template={template}
                onClick={onClick as (row: unknown) => void}
                onContextMenu={onContextMenu as (row: unknown, event: MouseEvent) => void}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

interface IRowProps {
  id: string;
  row: unknown;
  index: number;
  isActive: boolean;
  columns: readonly IColumn<unknown>[];
  template: string;
  onClick: (row: unknown) => void;
  onContextMenu: (row: unknown, event: MouseEvent) => void;
}

const Row = memo(function Row(props: IRowProps): JSX.Element {
  const { row, index } = props;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the focus and the keys of all its rows.
    <div
      id={props.id}
      className="jp-MlwsTable-row"
      role="row"
      aria-rowindex={index + 2}
      aria-current={props.isActive ? 'true' : undefined}
      style={{
        gridTemplateColumns: props.template,
        height: ROW_HEIGHT,
        transform: `translateY(${index * ROW_HEIGHT}px)`,
      }}
      onClick={() => props.onClick(row)}
      onContextMenu={event => props.onContextMenu(row, event)}
    >
      {props.columns.map(column => (
        <div
          key={column.id}
          role="gridcell"
          className={`jp-MlwsTable-cell ${column.align === 'end' ? 'jp-mod-end' : ''}`}
          title={column.titleOf?.(row)}
        >
          {column.render(row)}
        </div>
      ))}
    </div>
  );
});

function Header<T>(props: {
  column: IColumn<T>;
  sort?: ISort;
  onSort?: (sort: ISort) => void;
}): JSX.Element {
  const { column, sort, onSort } = props;
  const key = column.sortKey;
  const isSorted = key !== undefined && sort?.key === key;
  const direction = sort?.descending ? 'descending' : 'ascending';
  const className = `jp-MlwsTable-cell ${column.align === 'end' ? 'jp-mod-end' : ''}`;
  return (
    <div
      role="columnheader"
      aria-sort={key === undefined ? undefined : isSorted ? direction : 'none'}
      className={className}
      title={column.title}
    >
      {key !== undefined && onSort ? (
        <button
          type="button"
          className="jp-MlwsTable-sort"
          tabIndex={-1}
          onClick={() => onSort({ key, descending: isSorted ? !sort?.descending : true })}
        >
          <span>{column.title}</span>
          <span aria-hidden="true" className="jp-MlwsTable-arrow">
            {isSorted ? (sort?.descending ? '↓' : '↑') : ''}
          </span>
        </button>
      ) : (
        column.title
      )}
    </div>
  );
}

/** Whether a key asks for the menu of what has the focus. */
export function isMenuKey(event: KeyboardEvent): boolean {
  return (
    event.key === 'ContextMenu' ||
    (event.key === 'F10' && event.shiftKey) ||
    (event.key === '.' && !event.ctrlKey && !event.metaKey && !event.altKey)
  );
}

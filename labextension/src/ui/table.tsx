// A table of any length: only the rows in view are drawn. One focus, arrows move inside.
import type { KeyboardEvent, MouseEvent, PointerEvent, ReactNode } from 'react';
import {
  memo,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useLanguage } from './context';
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
  /** Keys of the chosen rows. With `onSelect` there are check boxes, Space and Shift+arrows choose. */
  selected?: ReadonlySet<string>;
  onSelect?: (keys: ReadonlySet<string>) => void;
  /** Whether a row can be chosen; all can when absent. */
  canSelect?: (row: T) => boolean;
  /** A key that the table itself has no use for; answers whether it was of use. */
  onKey?: (key: string, row: T) => boolean;
  /** How deep a row stands, from 1, and whether what is below it is shown; undefined without such. */
  levelOf?: (row: T) => { level: number; isOpen?: boolean };
  /** Asked for by the arrows to the right and left. */
  onFold?: (row: T, isOpen: boolean) => void;
  /** Widths in pixels that were set by hand, by id of the column. */
  widths?: Readonly<Record<string, number>>;
  /** The person drags the edge of a column; null by a double click: as it was. */
  onResize?: (id: string, width: number | null) => void;
  /** The row that is pointed at, here or elsewhere. */
  litKey?: string | null;
  onHover?: (key: string | null) => void;
  /** When this changes, the first row comes into view. */
  topKey?: string | number;
  /** Whether the first row is in view, told when that changes. */
  onTop?: (isAtTop: boolean) => void;
}

/** Width of the column of check boxes. */
const CHECK_WIDTH = 32;
const LEAST_WIDTH = 44;
const NONE: ReadonlySet<string> = new Set();

function always(): boolean {
  return true;
}

export const ROW_HEIGHT = 30;
const OVERSCAN = 8;
/** Columns are drawn so many pixels beyond the edges of the view. */
const OVERSCAN_WIDTH = 200;

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

/** How long after the last movement the table is at rest. */
const REST_MS = 150;

/**
 * Places of the rows `[first, last)` in the document, in its order: a row that leaves the view gives its
 * elements to one that comes in. While the view moves the elements stay where they are in the document;
 * at rest they stand in the order of the rows, as who reads without seeing meets them.
 */
export function slotsOf(
  first: number,
  last: number,
  nSlots: number,
  isMoving: boolean,
): { index: number; slot: number }[] {
  const slots = Array.from({ length: last - first }, (_, at) => ({
    index: first + at,
    slot: (first + at) % nSlots,
  }));
  return isMoving ? slots.sort((a, b) => a.slot - b.slot) : slots;
}

/** Whether something moves: from a call of the answered function on, until none has come for a while. */
function useMoving(): [boolean, () => void] {
  const [isMoving, setMoving] = useState(false);
  const timer = useRef(0);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const onMove = useCallback(() => {
    setMoving(true);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setMoving(false), REST_MS);
  }, []);
  return [isMoving, onMove];
}

export function Table<T>(props: ITableProps<T>): JSX.Element {
  const { columns, rows, rowKey, onEnd, hasMore, onSelect, widths, onTop } = props;
  const selected = props.selected ?? NONE;
  const [view, viewWidth, height] = useSize<HTMLDivElement>();
  const [top, setTop] = useState(0);
  const [left, setLeft] = useState(0);
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const anchor = useRef<string | null>(null);
  const id = useId();
  const grid = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const focusedKey = useRef<string>();

  const [isMoving, onMove] = useMoving();

  const [first, last] = visibleRows(top, height, rows.length);
  const nSlots = useRef(1);
  nSlots.current = Math.max(nSlots.current, last - first);
  const [template, width] = useMemo(
    () => templateOf(columns, widths ?? {}, onSelect !== undefined),
    [columns, widths, onSelect],
  );
  const [from, to] = useMemo(
    () => visibleColumns(columns, widths ?? {}, onSelect ? CHECK_WIDTH : 0, left, viewWidth),
    [columns, widths, onSelect, left, viewWidth],
  );
  const drawn = useMemo(() => columns.slice(from, to), [columns, from, to]);
  const canSelect = props.canSelect ?? always;
  const selectable = (): string[] => rows.filter(canSelect).map(rowKey);
  const active = useMemo(
    () =>
      activeKey === null
        ? 0
        : Math.max(
            0,
            rows.findIndex(row => rowKey(row) === activeKey),
          ),
    [rows, rowKey, activeKey],
  );

  const nearEnd = hasMore && last >= rows.length;
  // Who was asked may have been busy: with other rows, and still near their end, it is asked again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: other rows are a reason to ask.
  useEffect(() => {
    if (nearEnd) {
      onEnd?.();
    }
  }, [nearEnd, onEnd, rows]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the change itself is what counts.
  useEffect(() => {
    if (view.current) {
      view.current.scrollTop = 0;
    }
  }, [props.topKey, view]);

  // What has the focus in a row must not come to stand for another row.
  // biome-ignore lint/correctness/useExhaustiveDependencies: other rows are a reason to look.
  useLayoutEffect(() => {
    const focused = document.activeElement;
    if (body.current?.contains(focused) && keyAround(focused) !== focusedKey.current) {
      grid.current?.focus({ preventScroll: true });
    }
  }, [first, rows]);

  const isAtTop = top < ROW_HEIGHT;
  useEffect(() => onTop?.(isAtTop), [isAtTop, onTop]);

  const moveTo = (index: number): string | undefined => {
    const at = Math.max(0, Math.min(rows.length - 1, index));
    const row = rows[at];
    const node = view.current;
    if (row === undefined || !node) {
      return undefined;
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
    return rowKey(row);
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
    const isOwn = event.target === event.currentTarget;
    if (target !== undefined) {
      anchor.current ??= activeKey;
      const key = moveTo(activeKey === null ? 0 : target);
      if (event.shiftKey && key !== undefined) {
        onSelect?.(between(rows.map(rowKey), anchor.current, key));
      } else {
        anchor.current = key ?? null;
      }
    } else if (event.key === 'Enter' && row !== undefined && isOwn) {
      props.onOpen?.(row);
    } else if (row !== undefined && isMenuKey(event)) {
      const box = grid.current?.querySelector('[aria-current="true"]')?.getBoundingClientRect();
      props.onMenu?.(row, (box?.left ?? 0) + 24, box?.bottom ?? 0);
    } else if (!(row !== undefined && isOwn && (select(event, row) || pass(event, row)))) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  /** Answers whether the key chose rows, or let go of them. */
  const select = (event: KeyboardEvent, row: T): boolean => {
    const isAll = event.key.toLowerCase() === 'a' && (event.ctrlKey || event.metaKey);
    if (!onSelect || !(event.key === ' ' || isAll || (event.key === 'Escape' && selected.size))) {
      return false;
    }
    if (event.key === ' ' && !canSelect(row)) {
      return false;
    }
    const key = rowKey(row);
    anchor.current = key;
    onSelect(event.key === ' ' ? toggled(selected, key) : new Set(isAll ? selectable() : []));
    return true;
  };

  /** Answers whether the key folded the row, or was of use to the page. */
  const pass = (event: KeyboardEvent, row: T): boolean => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return false;
    }
    const isOpen = props.levelOf?.(row).isOpen;
    const wanted = { ArrowRight: true, ArrowLeft: false }[event.key];
    if (wanted !== undefined && isOpen === !wanted) {
      props.onFold?.(row, wanted);
      return true;
    }
    return props.onKey?.(event.key, row) ?? false;
  };

  // Rows are drawn again only when they change: what they call stays the same function.
  const latest = useRef(props);
  latest.current = props;
  const onClick = useCallback((row: T, event: MouseEvent, isCheck: boolean) => {
    const { rowKey: keyOf, onSelect: choose, onOpen } = latest.current;
    const key = keyOf(row);
    setActiveKey(key);
    if (choose && event.shiftKey) {
      choose(between(latest.current.rows.map(keyOf), anchor.current, key));
      return;
    }
    anchor.current = key;
    if (choose && (isCheck || event.ctrlKey || event.metaKey)) {
      choose(toggled(latest.current.selected ?? NONE, key));
    } else {
      onOpen?.(row);
    }
  }, []);
  const onHover = useCallback((key: string | null) => latest.current.onHover?.(key), []);
  const onContextMenu = useCallback((row: T, event: MouseEvent) => {
    const { onMenu, rowKey: keyOf } = latest.current;
    if (onMenu) {
      event.preventDefault();
      event.stopPropagation();
      setActiveKey(keyOf(row));
      onMenu(row, event.clientX, event.clientY);
    }
  }, []);

  const nSelected = selected.size === 0 ? 0 : rows.filter(row => selected.has(rowKey(row))).length;
  const gridRole = {
    role: props.levelOf ? 'treegrid' : 'grid',
    'aria-multiselectable': onSelect ? true : undefined,
  };

  return (
    <div
      className="jp-MlwsTable"
      ref={view}
      onScroll={event => {
        onMove();
        setTop(event.currentTarget.scrollTop);
        setLeft(event.currentTarget.scrollLeft);
      }}
      aria-busy={props.isBusy}
    >
      {/* biome-ignore-start lint/a11y: the role is among what is spread. */}
      <div
        ref={grid}
        className="jp-MlwsTable-grid"
        {...gridRole}
        tabIndex={0}
        aria-label={props.label}
        aria-rowcount={hasMore ? -1 : rows.length + 1}
        aria-colcount={columns.length + (onSelect ? 1 : 0)}
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
          {onSelect && (
            <CheckAll
              n={nSelected}
              isAll={nSelected > 0 && nSelected === selectable().length}
              onChange={isAll => onSelect(new Set(isAll ? selectable() : []))}
            />
          )}
          {columns.map(column => (
            <Header
              key={column.id}
              column={column}
              sort={props.sort}
              onSort={props.onSort}
              onResize={props.onResize}
            />
          ))}
        </div>
        <div
          ref={body}
          onFocus={event => {
            focusedKey.current = keyAround(event.target);
          }}
          className="jp-MlwsTable-body"
          role="rowgroup"
          style={{ height: rows.length * ROW_HEIGHT }}
        >
          {slotsOf(first, last, nSlots.current, isMoving).map(({ index, slot }) => {
            const row = rows[index] as T;
            const key = rowKey(row);
            const place = props.levelOf?.(row);
            return (
              <Row
                key={slot}
                id={`${id}-${index}`}
                rowKey={key}
                level={place?.level}
                isOpen={place?.isOpen}
                isSelected={onSelect && canSelect(row) ? selected.has(key) : undefined}
                withChecks={onSelect !== undefined}
                isLit={key === props.litKey}
                onHover={onHover}
                row={row}
                index={index}
                isActive={key === activeKey}
                columns={drawn as readonly IColumn<unknown>[]}
                firstColumn={from}
                template={template}
                onClick={onClick as IRowProps['onClick']}
                onContextMenu={onContextMenu as (row: unknown, event: MouseEvent) => void}
              />
            );
          })}
        </div>
      </div>
      {/* biome-ignore-end lint/a11y: the role is among what is spread. */}
    </div>
  );
}

/** The key of the row that an element is in. */
function keyAround(element: Element | null): string | undefined {
  return element?.closest<HTMLElement>('.jp-MlwsTable-row')?.dataset.key;
}

interface IRowProps {
  id: string;
  row: unknown;
  rowKey: string;
  index: number;
  level?: number;
  isOpen?: boolean;
  isActive: boolean;
  /** Undefined for a row that cannot be chosen. */
  isSelected?: boolean;
  withChecks: boolean;
  isLit: boolean;
  onHover: (key: string | null) => void;
  /** Those in view. */
  columns: readonly IColumn<unknown>[];
  /** Place of the first of them among all. */
  firstColumn: number;
  template: string;
  onClick: (row: unknown, event: MouseEvent, isCheck: boolean) => void;
  onContextMenu: (row: unknown, event: MouseEvent) => void;
}

const Row = memo(function Row(props: IRowProps): JSX.Element {
  const { row, index } = props;
  const { trans } = useLanguage();
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the focus and the keys of all its rows.
    <div
      id={props.id}
      className={`jp-MlwsTable-row ${props.isLit ? 'jp-mod-lit' : ''}`}
      role="row"
      data-key={props.rowKey}
      aria-rowindex={index + 2}
      aria-level={props.level}
      aria-expanded={props.isOpen}
      aria-selected={props.isSelected}
      aria-current={props.isActive ? 'true' : undefined}
      style={{
        gridTemplateColumns: props.template,
        height: ROW_HEIGHT,
        transform: `translateY(${index * ROW_HEIGHT}px)`,
      }}
      onClick={event => props.onClick(row, event, false)}
      onContextMenu={event => props.onContextMenu(row, event)}
      onMouseEnter={() => props.onHover(props.rowKey)}
      onMouseLeave={() => props.onHover(null)}
    >
      {props.withChecks && props.isSelected === undefined && (
        <div role="gridcell" className="jp-MlwsTable-cell jp-mod-check" />
      )}
      {props.isSelected !== undefined && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: Space does it, the grid has the focus.
        <div
          role="gridcell"
          className="jp-MlwsTable-cell jp-mod-check"
          onClick={event => {
            event.stopPropagation();
            props.onClick(row, event, true);
          }}
        >
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label={trans.__('Select')}
            checked={props.isSelected}
            readOnly
          />
        </div>
      )}
      {props.columns.map((column, at) => (
        <div
          key={column.id}
          role="gridcell"
          aria-colindex={props.firstColumn + at + 1 + (props.withChecks ? 1 : 0)}
          style={{ gridColumnStart: props.firstColumn + at + 1 + (props.withChecks ? 1 : 0) }}
          className={`jp-MlwsTable-cell ${column.align === 'end' ? 'jp-mod-end' : ''}`}
          title={column.titleOf?.(row)}
        >
          {column.render(row)}
        </div>
      ))}
    </div>
  );
});

function CheckAll(props: {
  n: number;
  isAll: boolean;
  onChange: (isAll: boolean) => void;
}): JSX.Element {
  const { trans } = useLanguage();
  const isPart = props.n > 0 && !props.isAll;
  return (
    <div role="columnheader" className="jp-MlwsTable-cell jp-mod-check">
      <input
        ref={box => {
          if (box) {
            box.indeterminate = isPart;
          }
        }}
        type="checkbox"
        tabIndex={-1}
        aria-label={trans.__('Select all')}
        checked={props.isAll}
        onChange={() => props.onChange(!props.isAll)}
      />
    </div>
  );
}

/** Columns `[first, last)` that a view of `width` pixels scrolled to `left` has to draw. */
export function visibleColumns(
  columns: readonly { id: string; width: number }[],
  widths: Readonly<Record<string, number>>,
  before: number,
  left: number,
  width: number,
): [number, number] {
  const own = columns.map(({ id, width: least }) => widths[id] ?? least);
  const sum = own.reduce((total, one) => total + one, before);
  // Where all find room they share what is left, and stand elsewhere.
  if (sum <= width || width === 0) {
    return [0, columns.length];
  }
  let edge = before;
  let first = 0;
  let last = 0;
  own.forEach((one, at) => {
    if (edge + one <= left - OVERSCAN_WIDTH) {
      first = at + 1;
    }
    if (edge < left + width + OVERSCAN_WIDTH) {
      last = at + 1;
    }
    edge += one;
  });
  return [Math.min(first, last), last];
}

/** The CSS columns of the grid, and their least width together. */
function templateOf(
  columns: readonly { id: string; width: number }[],
  widths: Readonly<Record<string, number>>,
  withChecks: boolean,
): [string, number] {
  const parts = columns.map(({ id, width }) =>
    widths[id] === undefined ? `minmax(${width}px, ${width}fr)` : `${widths[id]}px`,
  );
  const sum = columns.reduce((total, { id, width }) => total + (widths[id] ?? width), 0);
  return withChecks
    ? [[`${CHECK_WIDTH}px`, ...parts].join(' '), sum + CHECK_WIDTH]
    : [parts.join(' '), sum];
}

/** `keys` with `key` taken away or added. */
export function toggled(keys: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(keys);
  if (!next.delete(key)) {
    next.add(key);
  }
  return next;
}

/** The keys from one to the other, both among them; the second alone when the first is not there. */
function between(keys: readonly string[], from: string | null, to: string): ReadonlySet<string> {
  const end = keys.indexOf(to);
  const start = from === null ? -1 : keys.indexOf(from);
  return start < 0
    ? new Set([to])
    : new Set(keys.slice(Math.min(start, end), Math.max(start, end) + 1));
}

/** The edge of a column, to be dragged; a double click gives it its own width again. */
function Edge(props: { onResize: (width: number | null) => void }): JSX.Element {
  const start = useRef<{ x: number; width: number } | null>(null);
  return (
    <span
      className="jp-MlwsTable-edge"
      aria-hidden="true"
      onPointerDown={(event: PointerEvent<HTMLElement>) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        const width = event.currentTarget.parentElement?.offsetWidth ?? LEAST_WIDTH;
        start.current = { x: event.clientX, width };
      }}
      onPointerMove={event => {
        const from = start.current;
        if (from) {
          props.onResize(Math.max(LEAST_WIDTH, Math.round(from.width + event.clientX - from.x)));
        }
      }}
      onPointerUp={() => {
        start.current = null;
      }}
      onDoubleClick={() => props.onResize(null)}
    />
  );
}

function Header<T>(props: {
  column: IColumn<T>;
  sort?: ISort;
  onSort?: (sort: ISort) => void;
  onResize?: (id: string, width: number | null) => void;
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
        <span className="jp-MlwsTable-text">{column.title}</span>
      )}
      {props.onResize && <Edge onResize={width => props.onResize?.(column.id, width)} />}
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

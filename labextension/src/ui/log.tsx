// A log of any length: only the lines in view are drawn. It follows the end until one scrolls up.
import '../../style/pages.css';
import type { ReactNode } from 'react';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useLanguage } from './context';
import { Button } from './controls';
import { useSize } from './hooks';

export interface ILogPiece {
  text: string;
  className: string;
  colour?: string;
  background?: string;
}

export interface ILogViewProps {
  label: string;
  /** Lines to show; the same array grows, and `version` says when it has. */
  lineAt: (index: number) => string;
  nLines: number;
  version: number;
  pieces: (line: string) => readonly ILogPiece[];
  plain: (line: string) => string;
  wrap: boolean;
  /** Lines that hold what is searched for. */
  hits: readonly number[];
  /** Which of `hits` is shown now. */
  hit: number;
  query: RegExp | null;
  /** A click on the map of hits. */
  onHit?: (hit: number) => void;
  /** Drawn in place of a line, such as a gap. */
  instead?: (index: number) => ReactNode | null;
  /** Number of a line as people count; its place where this is not given, none where it is not known. */
  numberOf?: (index: number) => number | null;
  /** Shown before the line: when it was written. */
  timeOf?: (index: number) => string;
  /** A click on the number of a line. */
  onNumber?: (index: number) => void;
  /** Line that is gone to and marked. */
  marked?: number | null;
}

/** Characters that the gutter with times takes. */
const TIME_WIDTH = 10;
/** Places of the map of hits. */
const MAP = 200;

/** Where hits are, as parts of the whole: each place of the map once, with the first hit there. */
export function mapOf(hits: readonly number[], nLines: number): { place: number; hit: number }[] {
  const found: { place: number; hit: number }[] = [];
  hits.forEach((line, hit) => {
    const place = Math.floor((line / Math.max(1, nLines)) * MAP) / MAP;
    if (found[found.length - 1]?.place !== place) {
      found.push({ place, hit });
    }
  });
  return found;
}

const LINE = 18;
const OVERSCAN = 20;

/** Rows that a line takes when it wraps after `columns` characters; wide ones count twice. */
export function rowsOf(line: string, columns: number): number {
  if (line.length * 2 <= columns) {
    return 1;
  }
  let width = 0;
  for (const char of line) {
    width += (char.codePointAt(0) ?? 0) > 0x2e7f ? 2 : 1;
  }
  return Math.max(1, Math.ceil(width / columns));
}

/** Index of the line at row `row`, where `starts[i]` is the first row of line i. */
export function lineAtRow(starts: readonly number[], row: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= row) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

export function LogView(props: ILogViewProps): JSX.Element {
  const { nLines, version, wrap, lineAt, plain, hits, hit, numberOf, timeOf, onNumber } = props;
  const marked = props.marked ?? null;
  const { trans } = useLanguage();
  const [view, width, height] = useSize<HTMLDivElement>();
  const [top, setTop] = useState(0);
  const [isFollowing, setFollowing] = useState(true);
  const [seen, setSeen] = useState(0);
  const character = useRef<HTMLSpanElement>(null);
  const digits = Math.max(3, String(nLines).length);

  const columns = useMemo(() => {
    const one = (character.current?.getBoundingClientRect().width ?? 0) / 100 || 7.2;
    const gutter = digits + 3 + (timeOf ? TIME_WIDTH : 0);
    return Math.max(20, Math.floor((width - gutter * one - 20) / one));
  }, [width, digits, timeOf]);

  // First row of every line; without wrapping each line is one row.
  // biome-ignore lint/correctness/useExhaustiveDependencies: version says that the lines have grown.
  const starts = useMemo(() => {
    if (!wrap) {
      return null;
    }
    const found: number[] = [];
    let row = 0;
    for (let at = 0; at < nLines; at++) {
      found.push(row);
      row += rowsOf(plain(lineAt(at)), columns);
    }
    found.push(row);
    return found;
  }, [wrap, nLines, version, columns, lineAt, plain]);

  const rowOf = useCallback(
    (line: number): number => (starts ? (starts[line] ?? 0) : line),
    [starts],
  );
  const nRows = rowOf(nLines);
  const firstRow = Math.max(0, Math.floor(top / LINE) - OVERSCAN);
  const lastRow = Math.ceil((top + height) / LINE) + OVERSCAN;
  const first = starts ? lineAtRow(starts, firstRow) : Math.min(firstRow, nLines);
  const last = Math.min(nLines, (starts ? lineAtRow(starts, lastRow) : lastRow) + 1);

  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever grows or changes its height ends at the bottom.
  useLayoutEffect(() => {
    const node = view.current;
    if (node && isFollowing) {
      node.scrollTop = node.scrollHeight;
      setSeen(nLines);
    }
  }, [nLines, version, nRows, height, isFollowing, view]);

  useEffect(() => {
    const node = view.current;
    const line = hits[hit] ?? marked;
    if (node && line !== null && line !== undefined) {
      setFollowing(false);
      const above = rowOf(line) * LINE;
      if (above < node.scrollTop || above > node.scrollTop + node.clientHeight - 2 * LINE) {
        node.scrollTop = Math.max(0, above - node.clientHeight / 2);
      }
    }
  }, [hits, hit, marked, rowOf, view]);

  const onScroll = (node: HTMLDivElement): void => {
    setTop(node.scrollTop);
    const isAtEnd = node.scrollHeight - node.scrollTop - node.clientHeight < LINE;
    setFollowing(isAtEnd);
    if (isAtEnd) {
      setSeen(nLines);
    }
  };

  const current = hits[hit] ?? marked;
  const map = useMemo(() => mapOf(hits, nLines), [hits, nLines]);
  const found = useMemo(() => new Set(hits), [hits]);
  return (
    <div className="jp-MlwsLog">
      <div
        ref={view}
        className={`jp-MlwsLog-view ${wrap ? 'jp-mod-wrap' : ''}`}
        role="log"
        aria-label={props.label}
        aria-live="off"
        tabIndex={0}
        onScroll={event => onScroll(event.currentTarget)}
      >
        <span ref={character} className="jp-MlwsLog-measure" aria-hidden="true">
          {'0'.repeat(100)}
        </span>
        <div className="jp-MlwsLog-body" style={{ height: nRows * LINE }}>
          <div style={{ transform: `translateY(${rowOf(first) * LINE}px)` }}>
            {Array.from({ length: Math.max(0, last - first) }, (_, at) => first + at).map(index => (
              <div
                key={index}
                className={`jp-MlwsLog-line ${index === current ? 'jp-mod-current' : ''}`}
                style={{ height: (rowOf(index + 1) - rowOf(index)) * LINE }}
              >
                {props.instead?.(index) ?? (
                  <>
                    {timeOf && (
                      <span
                        className="jp-MlwsLog-time"
                        style={{ width: `${TIME_WIDTH}ch` }}
                        data-time={timeOf(index)}
                        aria-hidden="true"
                      />
                    )}
                    <span
                      className={`jp-MlwsLog-number ${onNumber ? 'jp-mod-link' : ''}`}
                      style={{ width: `${digits + 1}ch` }}
                      data-line={(numberOf ? numberOf(index) : index + 1) ?? '·'}
                      aria-hidden="true"
                      onClick={() => onNumber?.(index)}
                    />
                    <span className="jp-MlwsLog-text">
                      {found.has(index) && props.query
                        ? highlighted(plain(lineAt(index)), props.query)
                        : props.pieces(lineAt(index)).map((piece, at) => (
                            <span
                              // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no name but their place.
                              key={at}
                              className={piece.className || undefined}
                              style={
                                piece.colour || piece.background
                                  ? { color: piece.colour, backgroundColor: piece.background }
                                  : undefined
                              }
                            >
                              {piece.text}
                            </span>
                          ))}
                    </span>
                  </>
                )}
              </div>
            ))}
          </div>
        </div>
      </div>
      {map.length > 0 && (
        <div className="jp-MlwsLog-map" aria-hidden="true">
          {map.map(({ place, hit: at }) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: Enter in the search box goes from hit to hit.
            // biome-ignore lint/a11y/noStaticElementInteractions: a mark beside the scroll bar.
            <span
              key={place}
              style={{ top: `${place * 100}%` }}
              onClick={() => props.onHit?.(at)}
            />
          ))}
        </div>
      )}
      {!isFollowing && (
        <Button
          className="jp-MlwsLog-follow"
          onClick={() => {
            setFollowing(true);
          }}
        >
          {nLines > seen
            ? trans._n('%1 new line', '%1 new lines', nLines - seen)
            : trans.__('To the end')}
        </Button>
      )}
    </div>
  );
}

/** The line with what is searched for marked. */
function highlighted(line: string, query: RegExp): ReactNode[] {
  const parts: ReactNode[] = [];
  let from = 0;
  for (const match of line.matchAll(query)) {
    if (match[0] === '') {
      break;
    }
    parts.push(line.slice(from, match.index));
    parts.push(<mark key={match.index}>{match[0]}</mark>);
    from = match.index + match[0].length;
  }
  parts.push(line.slice(from));
  return parts;
}

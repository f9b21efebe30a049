// A log of any length: only the lines in view are drawn. It follows the end until one scrolls up.
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
  /** Drawn in place of a line, such as a gap. */
  instead?: (index: number) => ReactNode | null;
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
  const { nLines, version, wrap, lineAt, plain, hits, hit } = props;
  const { trans } = useLanguage();
  const [view, width, height] = useSize<HTMLDivElement>();
  const [top, setTop] = useState(0);
  const [isFollowing, setFollowing] = useState(true);
  const [seen, setSeen] = useState(0);
  const character = useRef<HTMLSpanElement>(null);
  const digits = Math.max(3, String(nLines).length);

  const columns = useMemo(() => {
    const one = (character.current?.getBoundingClientRect().width ?? 0) / 100 || 7.2;
    return Math.max(20, Math.floor((width - (digits + 3) * one - 20) / one));
  }, [width, digits]);

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
    const line = hits[hit];
    if (node && line !== undefined) {
      setFollowing(false);
      const above = rowOf(line) * LINE;
      if (above < node.scrollTop || above > node.scrollTop + node.clientHeight - 2 * LINE) {
        node.scrollTop = Math.max(0, above - node.clientHeight / 2);
      }
    }
  }, [hits, hit, rowOf, view]);

  const onScroll = (node: HTMLDivElement): void => {
    setTop(node.scrollTop);
    const isAtEnd = node.scrollHeight - node.scrollTop - node.clientHeight < LINE;
    setFollowing(isAtEnd);
    if (isAtEnd) {
      setSeen(nLines);
    }
  };

  const current = hits[hit];
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
                    <span
                      className="jp-MlwsLog-number"
                      style={{ width: `${digits + 1}ch` }}
                      data-line={index + 1}
                      aria-hidden="true"
                    />
                    <span className="jp-MlwsLog-text">
                      {found.has(index) && props.query
                        ? marked(plain(lineAt(index)), props.query)
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
function marked(line: string, query: RegExp): ReactNode[] {
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

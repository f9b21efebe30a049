// Two versions of a text side by side, with what changed within a line marked.
import '../../style/compare.css';
import type { ReactNode } from 'react';
import { useLanguage } from './context';

export interface IDiffLine {
  op: 'same' | 'added' | 'removed';
  text: string;
  /** Line number in the first version, counted from 1. */
  base?: number | null;
  other?: number | null;
}

export interface IDiffPair {
  base?: IDiffLine;
  other?: IDiffLine;
}

/** Lines as rows of two columns: removed ones stand beside those that were added in their place. */
export function paired(lines: readonly IDiffLine[]): IDiffPair[] {
  const rows: IDiffPair[] = [];
  let removed: IDiffLine[] = [];
  let added: IDiffLine[] = [];
  const flush = (): void => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++) {
      rows.push({ base: removed[at], other: added[at] });
    }
    removed = [];
    added = [];
  };
  for (const line of lines) {
    if (line.op === 'same') {
      flush();
      rows.push({ base: line, other: line });
    } else {
      (line.op === 'removed' ? removed : added).push(line);
    }
  }
  flush();
  return rows;
}

/** How many characters two lines share at their start and at their end. */
export function sharedEnds(base: string, other: string): [number, number] {
  const most = Math.min(base.length, other.length);
  let start = 0;
  while (start < most && base[start] === other[start]) {
    start++;
  }
  let end = 0;
  while (end < most - start && base[base.length - 1 - end] === other[other.length - 1 - end]) {
    end++;
  }
  return [start, end];
}

/** Each hunk is a place to go to. */
export function Diff(props: {
  label: string;
  hunks: readonly (readonly IDiffLine[])[];
  /** Whether a hunk as a whole is a difference to go to; not where its surroundings are one. */
  isStop?: boolean;
}): JSX.Element {
  const { trans } = useLanguage();
  return (
    <table className="jp-MlwsDiff" aria-label={props.label}>
      {props.hunks.map((lines, at) => (
        <tbody
          // biome-ignore lint/suspicious/noArrayIndexKey: hunks have no name but their place.
          key={at}
          {...(props.isStop && { 'data-difference': true, tabIndex: -1 })}
        >
          {paired(lines).map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name but their place.
            <tr key={index}>
              <Side line={row.base} against={row.other} side="base" word={trans.__('removed')} />
              <Side line={row.other} against={row.base} side="other" word={trans.__('added')} />
            </tr>
          ))}
        </tbody>
      ))}
    </table>
  );
}

function Side(props: {
  line: IDiffLine | undefined;
  against: IDiffLine | undefined;
  side: 'base' | 'other';
  word: string;
}): JSX.Element {
  const { line, against, side, word } = props;
  const changed = line !== undefined && line.op !== 'same';
  return (
    <td
      className={`jp-MlwsDiff-side ${changed ? `jp-mod-${line.op}` : ''} ${line ? '' : 'jp-mod-none'}`}
    >
      <span className="jp-MlwsDiff-number" data-line={line?.[side] ?? ''} aria-hidden="true" />
      <span className="jp-MlwsDiff-sign" data-sign={sign(line)} aria-hidden="true" />
      {changed && <span className="jp-MlwsVisuallyHidden">{word}</span>}
      <code className="jp-MlwsDiff-text">{line && marked(line, against)}</code>
    </td>
  );
}

function sign(line: IDiffLine | undefined): string {
  return line?.op === 'added' ? '+' : line?.op === 'removed' ? '−' : '';
}

function marked(line: IDiffLine, against: IDiffLine | undefined): ReactNode {
  if (line.op === 'same' || !against) {
    return line.text;
  }
  const [start, end] = sharedEnds(line.text, against.text);
  if (start + end < line.text.length / 4) {
    return line.text;
  }
  const until = line.text.length - end;
  return (
    <>
      {line.text.slice(0, start)}
      <mark>{line.text.slice(start, until)}</mark>
      {line.text.slice(until)}
    </>
  );
}

/** Only the lines around changes, as hunks; `context` lines stand before and after. */
export function around(lines: readonly IDiffLine[], context = 3): IDiffLine[][] {
  const hunks: IDiffLine[][] = [];
  let last = -1;
  lines.forEach((line, at) => {
    if (line.op === 'same') {
      return;
    }
    const from = Math.max(at - context, last + 1);
    const to = Math.min(lines.length, at + context + 1);
    const hunk = hunks[hunks.length - 1];
    if (hunk && from <= last + 1) {
      hunk.push(...lines.slice(last + 1, to));
    } else {
      hunks.push(lines.slice(from, to));
    }
    last = Math.max(last, to - 1);
  });
  return hunks;
}

// What the lines of a log are: of which level, when written, and which frames of a traceback are a library's.

export type Level = 'debug' | 'info' | 'warning' | 'error';
export const LEVELS: readonly Level[] = ['debug', 'info', 'warning', 'error'];

const WORDS: Record<string, Level> = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  NOTICE: 'info',
  WARN: 'warning',
  WARNING: 'warning',
  ERROR: 'error',
  CRITICAL: 'error',
  FATAL: 'error',
};
const WORD = /\b(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b/;
const LONE = /^(?:[A-Za-z_.]*(?:Error|Exception)\b|Traceback \(most recent call last\))/;
const LONE_WARNING = /^\S*:\d+: \w*Warning:/;
/** A level stands near the start of its line. */
const HEAD = 120;

/** The level that a line (without colours) names; null for one that names none. */
export function levelOf(line: string): Level | null {
  const word = WORD.exec(line.length > HEAD ? line.slice(0, HEAD) : line)?.[1];
  if (word) {
    return WORDS[word] ?? null;
  }
  if (LONE.test(line)) {
    return 'error';
  }
  return LONE_WARNING.test(line) ? 'warning' : null;
}

/** Indexes of lines that are of `least` or worse; those that name no level go with the one before. */
export function ofLevel(nLines: number, lineAt: (index: number) => string, least: Level): number[] {
  const from = LEVELS.indexOf(least);
  const found: number[] = [];
  let current: Level = 'info';
  for (let at = 0; at < nLines; at++) {
    const line = lineAt(at);
    const named = levelOf(line);
    // What is not indented and names no level is a plain line again, unless a traceback ends there.
    current = named ?? (/^\s/.test(line) || line === '' ? current : 'info');
    if (LEVELS.indexOf(current) >= from) {
      found.push(at);
    }
  }
  return found;
}

/** Lines `[from, to)` of a traceback that are frames of libraries. */
export interface IFold {
  from: number;
  to: number;
}

const TRACEBACK = 'Traceback (most recent call last)';
const FRAME = /^\s*File (?:"([^"]+)", line \d+|(\S+?):\d+(?:,|$))/;
const LIBRARY = /site-packages|dist-packages|[\\/]lib(?:64)?[\\/]python[\d.]+[\\/]|^<frozen /;

/** The frames of libraries in the tracebacks of a log, where there are two or more lines of them in a row. */
export function foldsOf(nLines: number, lineAt: (index: number) => string): IFold[] {
  const folds: IFold[] = [];
  let inside = false;
  let from = -1;
  const close = (to: number): void => {
    if (from >= 0 && to - from > 1) {
      folds.push({ from, to });
    }
    from = -1;
  };
  for (let at = 0; at < nLines; at++) {
    const line = lineAt(at);
    if (line.includes(TRACEBACK)) {
      close(at);
      inside = true;
      continue;
    }
    if (!inside) {
      continue;
    }
    const frame = FRAME.exec(line);
    if (frame) {
      const isLibrary = LIBRARY.test(frame[1] ?? frame[2] ?? '');
      if (!isLibrary) {
        close(at);
      } else if (from < 0) {
        from = at;
      }
    } else if (line !== '' && !/^\s|^-+>/.test(line)) {
      close(at);
      inside = false;
    }
  }
  close(nLines);
  return folds;
}

/** Rows to show: a line by its index, a closed fold as `~from`. */
export function rowsOfLog(
  nLines: number,
  kept: readonly number[] | null,
  folds: readonly IFold[],
  isOpen: (fold: IFold) => boolean,
): readonly number[] | null {
  const closed = folds.filter(fold => !isOpen(fold));
  if (!kept && closed.length === 0) {
    return null;
  }
  const rows: number[] = [];
  let next = 0;
  const total = kept ? kept.length : nLines;
  for (let at = 0; at < total; at++) {
    const line = kept ? (kept[at] ?? 0) : at;
    let fold = closed[next];
    while (fold && fold.to <= line) {
      next += 1;
      fold = closed[next];
    }
    if (!fold || line < fold.from) {
      rows.push(line);
    } else if (rows[rows.length - 1] !== ~fold.from) {
      rows.push(~fold.from);
    }
  }
  return rows;
}

/** When lines were written: each moment holds from its line up to the next one. */
export class LineTimes {
  /** Whether anything is known. */
  get isKnown(): boolean {
    return this._lines.length > 0;
  }

  add(line: number, timeMs: number): void {
    const last = this._lines.length - 1;
    if (this._lines[last] === line) {
      return;
    }
    this._lines.push(line);
    this._times.push(timeMs);
  }

  /** Take over what another one knows, whose first line is our line `shift`. */
  append(other: LineTimes, shift: number): void {
    other._lines.forEach((line, at) => {
      this.add(line + shift, other._times[at] ?? 0);
    });
  }

  clear(): void {
    this._lines = [];
    this._times = [];
  }

  at(line: number): number | null {
    let low = 0;
    let high = this._lines.length - 1;
    let found: number | null = null;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if ((this._lines[middle] ?? 0) <= line) {
        found = this._times[middle] ?? null;
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return found;
  }

  private _lines: number[] = [];
  private _times: number[] = [];
}

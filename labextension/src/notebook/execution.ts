// What the states of an executed notebook's cells say, cell by cell.
import type { ICell, IOutput } from '@jupyterlab/nbformat';
import type { Schemas } from '../api/client';
import { duration } from '../ui/format';

export type CellState = Schemas['CellState'];
export type NotebookExecution = Schemas['NotebookExecution'];

/** A cell is slow that took at least this long … */
const SLOW_MS = 1000;
/** … and at least this share of the whole. */
const SLOW_SHARE = 0.25;

/** What the gutter of a cell shows. */
export interface IMark {
  state: CellState['state'];
  /** How long it took, or has taken so far; empty when it was not started. */
  time: string;
  isSlow: boolean;
}

/** Marks by cell id, as of `now` in milliseconds. */
export function marksOf(cells: readonly CellState[], now: number): Map<string, IMark> {
  const times = new Map(cells.map(cell => [cell.cell_id, elapsedMs(cell, now)]));
  const total = [...times.values()].reduce<number>((sum, time) => sum + (time ?? 0), 0);
  return new Map(
    cells.map(cell => {
      const time = times.get(cell.cell_id);
      const isSlow =
        cell.state === 'done' && time != null && time >= SLOW_MS && time >= SLOW_SHARE * total;
      return [
        cell.cell_id,
        { state: cell.state, time: time == null ? '' : duration(time), isSlow },
      ];
    }),
  );
}

/** Milliseconds a cell took, or has taken by `now`; null when it was not started. */
export function elapsedMs(cell: CellState, now: number): number | null {
  if (!cell.started_at) {
    return null;
  }
  const end = cell.ended_at ? Date.parse(cell.ended_at) : now;
  return Math.max(0, end - Date.parse(cell.started_at));
}

/** The cell that runs; without one, the cell that failed. */
export function activeCell(cells: readonly CellState[]): CellState | undefined {
  return (
    cells.find(cell => cell.state === 'running') ?? cells.find(cell => cell.state === 'failed')
  );
}

/** Whether two notebooks have the same cells in the same order, whatever they gave out. */
export function hasSameCells(a: readonly ICell[], b: readonly ICell[]): boolean {
  return (
    a.length === b.length &&
    a.every((cell, i) => cell.id === b[i]?.id && cell.cell_type === b[i]?.cell_type)
  );
}

/**
 * Outputs as JupyterLab keeps them: texts in one piece, neighbouring pieces of a stream joined.
 *
 * Without this, outputs that are the same would seem to differ and be drawn again.
 */
export function normalized(outputs: readonly IOutput[]): IOutput[] {
  const made: IOutput[] = [];
  for (const output of outputs.map(withJoinedTexts)) {
    const last = made[made.length - 1];
    if (output.output_type === 'stream' && last?.output_type === 'stream') {
      if (last.name === output.name) {
        made[made.length - 1] = { ...last, text: `${last.text}${output.text}` };
        continue;
      }
    }
    made.push(output);
  }
  return made;
}

/** Index of the first output that differs; the length of the shorter list when it begins the other. */
export function firstDifference(a: readonly IOutput[], b: readonly IOutput[]): number {
  let at = 0;
  while (at < a.length && at < b.length && fingerprint(a[at]) === fingerprint(b[at])) {
    at += 1;
  }
  return at;
}

/** What of an output is seen; the order of keys does not matter. */
function fingerprint(output: IOutput | undefined): string {
  const { output_type, name, text, data, ename, evalue, traceback } = { ...output } as Record<
    string,
    unknown
  >;
  const shown = Object.entries((data as object | undefined) ?? {}).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return JSON.stringify([output_type, name, text, shown, ename, evalue, traceback]);
}

function withJoinedTexts(output: IOutput): IOutput {
  const data = Object.entries((output.data as object | undefined) ?? {}).map(
    ([type, value]: [string, unknown]) => [type, type.endsWith('json') ? value : joined(value)],
  );
  return {
    ...output,
    ...('text' in output && { text: joined(output.text) as string }),
    ...('data' in output && { data: Object.fromEntries(data) }),
  };
}

function joined(value: unknown): unknown {
  return Array.isArray(value) && value.every(line => typeof line === 'string')
    ? value.join('')
    : value;
}

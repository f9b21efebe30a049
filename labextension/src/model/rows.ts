// Which runs stand as rows, and in which order: nested below their parents, and never jumping.
import type { Run, RunGroup } from '../api/client';

/** A run as a row of the table. */
export interface IRunRow {
  run: Run;
  /** 0 for a run that stands by itself, 1 for one below its parent, and so on. */
  depth: number;
  /** Runs below this one, at any depth. */
  nNested: number;
  isOpen: boolean;
}

/** A group of runs as a row. */
export interface IGroupRow {
  group: RunGroup;
  isOpen: boolean;
}

/** Stands below the runs of a group of which there are more. */
export interface IMoreRow {
  more: RunGroup;
  nLeft: number;
}

export type IRow = IRunRow | IGroupRow | IMoreRow;

/** Tells a group from others by its value. */
export function groupId(value: string | null | undefined): string {
  return value == null ? 'group' : `group:${value}`;
}

/** Tells a row from all others. */
export function rowId(row: IRow): string {
  if ('run' in row) {
    return row.run.run_id;
  }
  return 'group' in row ? groupId(row.group.value) : `more:${groupId(row.more.value)}`;
}

/**
 * Rows that stay where they are while `items` arrive: those shown before in their old order with new
 * values, then what follows them. Runs that would push in between are left out and counted.
 */
export function hold(
  shown: readonly Run[],
  items: readonly Run[],
): { runs: readonly Run[]; nNew: number } {
  // Mostly one has scrolled on: what follows was added, however many stand before it.
  if (shown.every((run, at) => run.run_id === items[at]?.run_id)) {
    return { runs: items, nNew: 0 };
  }
  const fresh = new Map(items.map(run => [run.run_id, run]));
  const known = new Set(shown.map(run => run.run_id));
  const kept = shown.flatMap(run => fresh.get(run.run_id) ?? []);
  const end = items.findLastIndex(run => known.has(run.run_id)) + 1;
  const nNew = items.slice(0, end).filter(run => !known.has(run.run_id)).length;
  return { runs: [...kept, ...items.slice(end)], nNew };
}

/** Runs with those that belong to another below it, as long as that one is `open`. */
export function nested(runs: readonly Run[], open: ReadonlySet<string>): IRunRow[] {
  const ids = new Set(runs.map(run => run.run_id));
  const below = new Map<string, Run[]>();
  const tops: Run[] = [];
  for (const run of runs) {
    const parent = run.parent_run_id;
    if (parent && parent !== run.run_id && ids.has(parent)) {
      const siblings = below.get(parent) ?? [];
      siblings.push(run);
      below.set(parent, siblings);
    } else {
      tops.push(run);
    }
  }
  const rows: IRunRow[] = [];
  const add = (run: Run, depth: number, isShown: boolean): number => {
    const isOpen = open.has(run.run_id);
    const row: IRunRow = { run, depth, nNested: 0, isOpen };
    if (isShown) {
      rows.push(row);
    }
    for (const child of below.get(run.run_id) ?? []) {
      row.nNested += 1 + add(child, depth + 1, isShown && isOpen);
    }
    return row.nNested;
  };
  for (const run of tops) {
    add(run, 0, true);
  }
  return rows;
}

/** Runs as rows without nesting. */
export function flat(runs: readonly Run[]): IRunRow[] {
  return runs.map(run => ({ run, depth: 0, nNested: 0, isOpen: false }));
}

/** Of each family of runs one: the eldest that is there, or the newest of its children. */
export function families(runs: readonly Run[]): Run[] {
  const byId = new Map(runs.map(run => [run.run_id, run]));
  const eldest = (run: Run): string => {
    let id = run.run_id;
    for (
      let parent = run.parent_run_id;
      parent && parent !== id;
      parent = byId.get(id)?.parent_run_id
    ) {
      id = parent;
    }
    return id;
  };
  const found = new Map<string, Run>();
  for (const run of runs) {
    const family = eldest(run);
    if (!found.has(family)) {
      found.set(family, byId.get(family) ?? run);
    }
  }
  return [...found.values()];
}

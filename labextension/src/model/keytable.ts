// Which metrics, params and tags runs have, and in which they differ; told as runs arrive, for any number.
import type { Run } from '../api/client';
import { isSystem } from './metrics';

export type KeyKind = 'metrics' | 'params' | 'tags' | 'builtin';

interface ISeen {
  /** How many runs have it. */
  n: number;
  first: unknown;
  isMixed: boolean;
  isNumeric: boolean;
}

/** Ten thousand runs are not looked through again because a hundred have come. */
export class KeyTable {
  /** The table of `runs`, made from `last` where its runs are the first of them. */
  static of(runs: readonly Run[], last?: KeyTable): KeyTable {
    const n = last?._runs.length ?? 0;
    const isMore =
      last !== undefined && n <= runs.length && last._runs.every((run, at) => run === runs[at]);
    const table = isMore ? last._copy() : new KeyTable();
    for (let at = isMore ? n : 0; at < runs.length; at += 1) {
      const run = runs[at];
      if (run) {
        table._take(run);
      }
    }
    table._runs = runs;
    return table;
  }

  get nRuns(): number {
    return this._runs.length;
  }

  /** Names by the alphabet; of metrics without those that were sampled. */
  names(kind: KeyKind): string[] {
    return [...this._seen[kind].keys()].filter(key => kind !== 'metrics' || !isSystem(key)).sort();
  }

  /** Whether runs have different values, or some have none. */
  differs(kind: KeyKind, key: string): boolean {
    const seen = this._seen[kind].get(key);
    return seen !== undefined && (seen.isMixed || seen.n < this._runs.length);
  }

  /** Whether all values that are there are numbers. */
  isNumeric(kind: KeyKind, key: string): boolean {
    return this._seen[kind].get(key)?.isNumeric ?? false;
  }

  private _take(run: Run): void {
    this._all('metrics', run.metrics);
    this._all('params', run.params);
    this._all('tags', run.tags);
    this._one('builtin', 'experiment', run.experiment_name);
    this._one('builtin', 'user', run.user);
  }

  private _all(kind: KeyKind, values: Readonly<Record<string, unknown>> | undefined): void {
    for (const key in values) {
      this._one(kind, key, values[key]);
    }
  }

  private _one(kind: KeyKind, key: string, value: unknown): void {
    const seen = this._seen[kind].get(key);
    if (!seen) {
      const isNumeric = isNumber(value);
      this._seen[kind].set(key, { n: 1, first: value, isMixed: false, isNumeric });
      return;
    }
    seen.n += 1;
    seen.isMixed ||= value !== seen.first;
    seen.isNumeric &&= isNumber(value);
  }

  private _copy(): KeyTable {
    const made = new KeyTable();
    for (const kind of ['metrics', 'params', 'tags', 'builtin'] as const) {
      made._seen[kind] = new Map([...this._seen[kind]].map(([key, seen]) => [key, { ...seen }]));
    }
    return made;
  }

  private _runs: readonly Run[] = [];
  private readonly _seen: Record<KeyKind, Map<string, ISeen>> = {
    metrics: new Map(),
    params: new Map(),
    tags: new Map(),
    builtin: new Map(),
  };
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || (value !== '' && Number.isFinite(Number(value)));
}

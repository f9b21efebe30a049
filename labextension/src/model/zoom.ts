// A stretch of the charts that is looked at closely: its points are read anew, finer than the whole.
import type { IDisposable } from '@lumino/disposable';
import type { ICaller, Series } from '../api/client';
import type { XAxis } from './cards';
import { Resource } from './resource';
import { State } from './state';

/** Most points of a series that is looked at closely. */
const POINTS = 1500;

export interface IRange {
  axis: XAxis;
  /** On that axis. */
  x: readonly [number, number];
  /** First and last step. */
  steps: readonly [number, number];
}

export interface IDetail {
  range: IRange;
  series: readonly Series[];
}

/** One stretch, shared by all charts of a page; only what is in view is read. */
export class SeriesZoom implements IDisposable {
  constructor(caller: ICaller, runIds: () => readonly string[]) {
    this.detail = new Resource<IDetail | null>(async signal => {
      const range = this.range.value;
      const keys = [...this._seen.keys()];
      const run_ids = [...runIds()];
      if (!range || keys.length === 0 || run_ids.length === 0) {
        return null;
      }
      const [start_step, end_step] = range.steps;
      const args = { run_ids, keys, start_step, end_step, max_points: POINTS };
      return { range, series: await caller.call('runs.series', args, { signal }) };
    });
    this.range.changed.connect(() => void this.detail.restart());
  }

  readonly range = new State<IRange | null>(null);
  readonly detail: Resource<IDetail | null>;

  /** Points of a metric in the stretch; null where there is none, or they are still on their way. */
  of(key: string): readonly Series[] | null {
    const { value } = this.detail;
    if (!value || value.range !== this.range.value) {
      return null;
    }
    if (value !== this._sorted) {
      this._sorted = value;
      this._byKey = new Map();
      for (const one of value.series) {
        const own = this._byKey.get(one.key) ?? [];
        own.push(one);
        this._byKey.set(one.key, own);
      }
    }
    return this._byKey.get(key) ?? null;
  }

  /** Tell that the chart of a metric has come into view; what is returned tells that it went. */
  see(key: string): IDisposable {
    const n = this._seen.get(key) ?? 0;
    this._seen.set(key, n + 1);
    if (n === 0 && this.range.value) {
      void this.detail.refresh();
    }
    let isDisposed = false;
    return {
      get isDisposed() {
        return isDisposed;
      },
      dispose: () => {
        if (!isDisposed) {
          isDisposed = true;
          const left = (this._seen.get(key) ?? 1) - 1;
          if (left > 0) {
            this._seen.set(key, left);
          } else {
            this._seen.delete(key);
          }
        }
      },
    };
  }

  get isDisposed(): boolean {
    return this.detail.isDisposed;
  }

  dispose(): void {
    this.detail.dispose();
  }

  private _sorted: IDetail | null = null;
  private _byKey = new Map<string, Series[]>();
  private readonly _seen = new Map<string, number>();
}

/**
 * The steps that a stretch of an axis covers, one point more at each end, so that lines reach the edge.
 *
 * `places` are the points of each series on that axis, in the order of its steps.
 */
export function stepsWithin(
  range: readonly [number, number],
  lines: readonly { places: readonly number[]; steps: readonly number[] }[],
): [number, number] | null {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { places, steps } of lines) {
    const from = places.findLastIndex(place => place <= range[0]);
    const to = places.findIndex(place => place >= range[1]);
    first = Math.min(first, steps[Math.max(0, from)] ?? first);
    last = Math.max(last, steps[to < 0 ? steps.length - 1 : to] ?? last);
  }
  return first <= last ? [first, last] : null;
}

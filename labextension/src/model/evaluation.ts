// What a trial's plots are drawn from: the tables that its notebook has kept, and the curves in them.
import type { IDisposable } from '@lumino/disposable';
import type { Client } from '../api/client';
import type { IForecastTable } from './forecasttable';
import { Resource } from './resource';

/** Rows that are truly positive, falsely positive, truly negative and falsely negative. */
type Counts = readonly [number, number, number, number];

export interface IAccuracyTable {
  class_labels: readonly string[];
  probability_tables: readonly (readonly Counts[])[];
  probability_thresholds: readonly number[];
  percentile_tables: readonly (readonly Counts[])[];
  percentile_thresholds: readonly number[];
}

export interface IConfusion {
  class_labels: readonly string[];
  matrix: readonly (readonly number[])[];
}

export interface IResiduals {
  bin_edges: readonly number[];
  bin_counts: readonly number[];
}

export interface IPredictedTrue extends IResiduals {
  bin_averages: readonly number[];
  bin_errors: readonly number[];
}

/** What each column adds to what the model says of single rows. */
export interface IExplained {
  features: readonly string[];
  /** Names of the classes, or of the target. */
  outputs: readonly string[];
  base: readonly number[];
  rows: readonly (readonly (string | number | boolean | null)[])[];
  truth: readonly (string | number | boolean | null)[];
  answers: readonly (readonly number[])[];
  /** By row, output and column. */
  contributions: readonly (readonly (readonly number[])[])[];
}

export type Evaluation =
  | { kind: 'classes'; accuracy: IAccuracyTable; confusion: IConfusion }
  | {
      kind: 'numbers';
      residuals: IResiduals;
      predicted: IPredictedTrue;
      /** Of tasks that forecast. */
      forecast?: IForecastTable;
    };

export interface ICurve {
  /** Null for all classes together. */
  name: string | null;
  x: readonly number[];
  y: readonly number[];
}

export type CurveKind = 'roc' | 'precision' | 'calibration' | 'lift' | 'gains';

/** More classes are not told apart by colour. */
export const MOST_CLASSES = 8;
const N_BINS = 10;

/** Tables of runs, each read once, when somebody looks at it. */
export class Evaluations implements IDisposable {
  constructor(private readonly _client: Pick<Client, 'download'>) {}

  /** What the plots of a trial, or of the test, are drawn from. */
  of(runId: string, task: string): Resource<Evaluation> {
    const found = this._kept.get(runId) ?? new Resource(signal => this._read(runId, task, signal));
    return this._open(this._kept, runId, found);
  }

  /** What was found out about single rows. */
  explained(runId: string): Resource<IExplained> {
    const path = 'explanation/local_importance.json';
    const found =
      this._explained.get(runId) ??
      new Resource(signal => this._json<IExplained>(runId, path, signal));
    return this._open(this._explained, runId, found);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    for (const resource of [...this._kept.values(), ...this._explained.values()]) {
      resource.dispose();
    }
  }

  private _open<T>(map: Map<string, Resource<T>>, id: string, found: Resource<T>): Resource<T> {
    if (!map.has(id)) {
      map.set(id, found);
      void found.refresh();
    }
    return found;
  }

  private async _read(runId: string, task: string, signal: AbortSignal): Promise<Evaluation> {
    const data = async <T>(path: string): Promise<T> =>
      (await this._json<{ data: T }>(runId, path, signal)).data;
    if (task === 'classification') {
      const [accuracy, confusion] = await Promise.all([
        data<IAccuracyTable>('accuracy_table'),
        data<IConfusion>('confusion_matrix'),
      ]);
      return { kind: 'classes', accuracy, confusion };
    }
    const [residuals, predicted, forecast] = await Promise.all([
      data<IResiduals>('residuals'),
      data<IPredictedTrue>('predicted_true'),
      task === 'forecasting'
        ? this._json<IForecastTable>(runId, 'forecast_table.json', signal)
        : undefined,
    ]);
    return { kind: 'numbers', residuals, predicted, ...(forecast && { forecast }) };
  }

  private async _json<T>(run_id: string, path: string, signal: AbortSignal): Promise<T> {
    const blob = await this._client.download('runs.read_artifact', { run_id, path }, { signal });
    return JSON.parse(await blob.text()) as T;
  }

  private readonly _kept = new Map<string, Resource<Evaluation>>();
  private readonly _explained = new Map<string, Resource<IExplained>>();
  private _isDisposed = false;
}

/** A curve for all classes together, and one for each of those with the most rows. */
export function curvesOf(table: IAccuracyTable, kind: CurveKind): ICurve[] {
  const tables = kind === 'calibration' ? table.probability_tables : table.percentile_tables;
  const rows = (counts: readonly Counts[]): number => {
    const [tp, , , fn] = counts[0] ?? [0, 0, 0, 0];
    return tp + fn;
  };
  const places = tables.map((_, at) => at);
  places.sort((a, b) => rows(tables[b] ?? []) - rows(tables[a] ?? []));
  const shown = places.slice(0, MOST_CLASSES).sort((a, b) => a - b);
  const draw = DRAWN[kind];
  return [
    { name: null, ...draw(together(tables), table.probability_thresholds) },
    ...shown.map(at => ({
      name: table.class_labels[at] ?? '',
      ...draw(tables[at] ?? [], table.probability_thresholds),
    })),
  ];
}

function together(tables: readonly (readonly Counts[])[]): Counts[] {
  return (tables[0] ?? []).map((_, row) => {
    const sum: [number, number, number, number] = [0, 0, 0, 0];
    for (const table of tables) {
      (table[row] ?? sum).forEach((n, at) => {
        sum[at] = (sum[at] ?? 0) + n;
      });
    }
    return sum;
  });
}

interface IPoints {
  x: number[];
  y: number[];
}

type Draw = (counts: readonly Counts[], thresholds: readonly number[]) => IPoints;

const DRAWN: Record<CurveKind, Draw> = {
  roc: counts => {
    const rows = ended(counts);
    return {
      x: rows.map(([, fp, tn]) => share(fp, fp + tn)),
      y: rows.map(([tp, , , fn]) => share(tp, tp + fn)),
    };
  },
  precision: counts => {
    const rows = counts.filter(([tp, fp]) => tp + fp > 0);
    return {
      x: rows.map(([tp, , , fn]) => share(tp, tp + fn)),
      y: rows.map(([tp, fp]) => share(tp, tp + fp)),
    };
  },
  gains: counts => {
    const rows = ended(counts);
    return { x: rows.map(reach), y: rows.map(([tp, , , fn]) => share(tp, tp + fn)) };
  },
  lift: counts => {
    const rows = counts.filter(([tp, fp]) => tp + fp > 0);
    return {
      x: rows.map(reach),
      y: rows.map(row => share(row[0], row[0] + row[3]) / reach(row)),
    };
  },
  calibration: (counts, thresholds) => {
    const found: IPoints = { x: [], y: [] };
    const step = Math.max(1, Math.round((counts.length - 1) / N_BINS));
    for (let at = 0; at + 1 < counts.length; at += step) {
      const last = Math.min(at + step, counts.length - 1);
      const [low, high] = [counts[at], counts[last]];
      // The last bin has its upper edge too.
      const [tp, fp] = last === counts.length - 1 || !high ? [0, 0] : high;
      const [yes, no] = [(low?.[0] ?? 0) - tp, (low?.[1] ?? 0) - fp];
      if (yes + no > 0) {
        found.x.push(((thresholds[at] ?? 0) + (thresholds[last] ?? 1)) / 2);
        found.y.push(yes / (yes + no));
      }
    }
    return found;
  },
};

/** The points, and the one where nothing is said to be of the class. */
function ended(counts: readonly Counts[]): Counts[] {
  const [tp, fp, tn, fn] = counts[0] ?? [0, 0, 0, 0];
  return [...counts, [0, 0, fp + tn, tp + fn]];
}

function reach([tp, fp, tn, fn]: Counts): number {
  return share(tp + fp, tp + fp + tn + fn);
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

export interface IAdded {
  feature: string;
  value: string;
  added: number;
}

/** What the columns of a row add to one output, the most first. */
export function addedIn(explained: IExplained, row: number, output: number): IAdded[] {
  const added = explained.contributions[row]?.[output] ?? [];
  const found = explained.features.map((feature, at) => ({
    feature,
    value: shown(explained.rows[row]?.[at] ?? null),
    added: added[at] ?? 0,
  }));
  return found.sort((a, b) => Math.abs(b.added) - Math.abs(a.added));
}

function shown(value: string | number | boolean | null): string {
  if (typeof value === 'number') {
    return String(Number(value.toPrecision(4)));
  }
  return value === null ? '–' : String(value);
}

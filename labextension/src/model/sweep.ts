// One sweep: its trials as they come, what matters, and what can be done with it.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Event, ICaller, RunColumns, Schemas } from '../api/client';
import { subjectOf } from './concerns';
import { Resource } from './resource';
import { numberIn, type Value } from './scales';
import { State } from './state';
import { isFinal } from './states';
import type { WorkspaceModel } from './workspace';

export type Sweep = Schemas['SweepView'];
export type Trial = Schemas['TrialView'];
export type TrialState = Trial['state'];
type Weight = Schemas['ParamWeight'];

/** A sweep is read anew at most once in so many milliseconds: each trial brings several events. */
const REFRESH_MS = 800;

/** What is shown on a sweep's page, of what the trials have drawn. */
export type TrialColumns = Pick<RunColumns, 'run_ids' | 'names' | 'columns'>;

/** Whether a sweep or one of its trials may look different. */
export function concernsSweep(event: Event, name: string): boolean {
  const { kind, id } = subjectOf(event);
  return ['job', 'run'].includes(kind) && (id === name || id.startsWith(`${name}_`));
}

export class SweepModel implements IDisposable {
  constructor(
    private readonly _client: ICaller,
    models: WorkspaceModel,
    readonly name: string,
  ) {
    this.sweep = new Resource<Sweep>(signal => _client.call('sweeps.get', { name }, { signal }));
    this.weights = new Resource<readonly Weight[]>(signal =>
      _client.call('sweeps.list_importances', { name }, { signal }),
    );
    const concerns = (event: Event): boolean => concernsSweep(event, name);
    this._following = [
      models.follow(this.sweep, concerns, REFRESH_MS),
      models.follow(this.weights, concerns, REFRESH_MS),
    ];
    this.hovered.changed.connect(() => this._changed.emit());
    this.sweep.changed.connect(() => this._changed.emit());
    void this.sweep.refresh();
    void this.weights.refresh();
  }

  readonly sweep: Resource<Sweep>;
  readonly weights: Resource<readonly Weight[]>;
  /** Name of the trial that is pointed at. */
  readonly hovered = new State<string | null>(null);

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.sweep.isDisposed;
  }

  /** The best trial and the one that is pointed at stand out of the many. */
  colourOf(id: string): number | undefined {
    return id === this.sweep.value?.best ? 3 : id === this.hovered.value ? 0 : undefined;
  }

  async addTrials(trials: number): Promise<void> {
    await this._client.call('sweeps.add_trials', { name: this.name, trials });
    await this.sweep.refresh();
  }

  async narrow(trials: number): Promise<void> {
    await this._client.call('sweeps.narrow', { name: this.name, trials });
    await this.sweep.refresh();
  }

  async resume(): Promise<void> {
    await this._client.call('sweeps.resume', { name: this.name });
    await this.sweep.refresh();
  }

  dispose(): void {
    for (const following of this._following) {
      following.dispose();
    }
    this.sweep.dispose();
    this.weights.dispose();
    Signal.clearData(this);
  }

  private readonly _following: readonly IDisposable[];
  private readonly _changed = new Signal<this, void>(this);
}

/** Names of what is drawn, in the order of the search space; what lies inside a choice of maps comes after. */
export function drawnNames(sweep: Sweep): string[] {
  const seen = new Set(sweep.trials.flatMap(trial => Object.keys(trial.values)));
  const first = sweep.space.map(space => space.name).filter(name => seen.has(name));
  return [...first, ...[...seen].filter(name => !first.includes(name)).sort()];
}

/** What was drawn as it stands in a column: numbers as numbers, all else as text. */
export function cellOf(value: unknown): Value {
  return typeof value === 'number' ? value : value == null ? null : wordOf(value);
}

/** A drawn value as text. */
export function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The trials that have a value, as columns: what was drawn, and last the metric. */
export function columnsOf(sweep: Sweep, names: readonly string[]): TrialColumns {
  const trials = sweep.trials.filter(trial => trial.value != null);
  const columns: Record<string, Value[]> = {};
  for (const name of names) {
    columns[`params.${name}`] = trials.map(trial => cellOf(trial.values[name]));
  }
  columns[`metrics.${sweep.primary_metric}`] = trials.map(trial => trial.value ?? null);
  return {
    run_ids: trials.map(trial => trial.name),
    names: trials.map(trial => String(trial.number)),
    columns: columns as RunColumns['columns'],
  };
}

export interface IBestSoFar {
  /** Numbers of the completed trials. */
  x: number[];
  /** What each came to. */
  y: number[];
  /** The best until then. */
  best: number[];
}

/** A search that finds better and better trials: a sweep, or an AutoML job. */
export interface ISearch {
  readonly goal: Sweep['goal'];
  /** By number. */
  readonly trials: readonly Pick<Trial, 'number' | 'state' | 'value'>[];
}

/** What the completed trials came to, and the best of those before, by number. */
export function bestSoFar(sweep: ISearch): IBestSoFar {
  const found: IBestSoFar = { x: [], y: [], best: [] };
  const better = sweep.goal === 'minimize' ? Math.min : Math.max;
  for (const trial of sweep.trials) {
    const value = numberIn(trial.value ?? null);
    if (trial.state === 'completed' && value !== null) {
      found.x.push(trial.number);
      found.y.push(value);
      found.best.push(better(value, found.best[found.best.length - 1] ?? value));
    }
  }
  return found;
}

export interface ITrialSort {
  /** `number`, `state`, `value`, `time`, or `values.NAME`. */
  key: string;
  descending: boolean;
}

/** The trials in an order; those that have no value of it come last, whichever way it goes. */
export function sorted(trials: readonly Trial[], { key, descending }: ITrialSort): Trial[] {
  const of = (trial: Trial): Value => {
    switch (key) {
      case 'number':
        return trial.number;
      case 'state':
        return trial.state;
      case 'value':
        return trial.value ?? null;
      case 'time':
        return trial.started_at ?? null;
      default:
        return cellOf(trial.values[key.slice('values.'.length)]);
    }
  };
  const sign = descending ? -1 : 1;
  return [...trials].sort((left, right) => {
    const [a, b] = [of(left), of(right)];
    if (a === null || b === null) {
      return Number(a === null) - Number(b === null) || left.number - right.number;
    }
    const order =
      typeof a === 'number' && typeof b === 'number'
        ? a - b
        : String(a).localeCompare(String(b), undefined, { numeric: true });
    return sign * order || left.number - right.number;
  });
}

/** How many trials have ended, and what of the sweep can be done now. */
export function standing(sweep: Sweep): {
  nDone: number;
  canAdd: boolean;
  canNarrow: boolean;
  canResume: boolean;
} {
  const nDone = sweep.trials.filter(t => t.state !== 'waiting' && t.state !== 'running').length;
  const isEnding = sweep.status === 'CancelRequested' || sweep.status === 'Finalizing';
  const canAdd = (sweep.can_add ?? true) && !isEnding;
  const nCompleted = sweep.trials.filter(t => t.state === 'completed').length;
  const isOpen = sweep.trials.some(t => t.state === 'failed' || t.state === 'canceled');
  const isShort = sweep.trials.length < sweep.max_total_trials && (sweep.can_add ?? true);
  return {
    nDone,
    canAdd,
    canNarrow: canAdd && sweep.sampling !== 'grid' && nCompleted >= FEWEST_BEST,
    canResume: isFinal(sweep.status) && (isOpen || isShort),
  };
}

/** Completed trials without which nobody knows around what to narrow. */
const FEWEST_BEST = 3;

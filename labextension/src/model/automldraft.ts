// An AutoML job that is being written: a table, what is predicted, and how much is tried.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { stringify } from 'yaml';
import { ApiError, type ICaller, type Job, type Schemas } from '../api/client';
import { type IForecastFields, keysOf, momentsOf, NO_FORECAST, seriesOf } from './automlforecast';
import { Pending } from './data';
import { Resource } from './resource';

export type Column = Schemas['ColumnProfile'];
export type Profile = Schemas['Profile'];
export type TaskView = Schemas['TaskView'];

export const STEPS = ['data', 'task', 'setup', 'review'] as const;
export type Step = (typeof STEPS)[number];
export type Validation = 'auto' | 'folds' | 'share';

/** A version of data. */
export interface ITable {
  name: string;
  version: string;
  type: string;
}

/** All that was said so far; plain, so that it can be kept. */
export interface IDraftFields extends IForecastFields {
  step: Step;
  table: ITable | null;
  target: string;
  /** What a column is to be taken for, where that is not found out by itself. */
  types: Readonly<Record<string, string>>;
  /** Empty: as the target proposes. */
  task: string;
  /** Empty: the default of the task. */
  metric: string;
  validation: Validation;
  folds: string;
  /** Share of the rows in percent. */
  share: string;
  minutes: string;
  trials: string;
  parallel: string;
  /** Algorithms that are not tried. */
  blocked: readonly string[];
  votes: boolean;
  stacks: boolean;
  explains: boolean;
  title: string;
}

const NEW: IDraftFields = {
  ...NO_FORECAST,
  step: 'data',
  table: null,
  target: '',
  types: {},
  task: '',
  metric: '',
  validation: 'auto',
  folds: '5',
  share: '20',
  minutes: '10',
  trials: '',
  parallel: '1',
  blocked: [],
  votes: true,
  stacks: true,
  explains: true,
  title: '',
};

/** Why a step is not done yet. */
export type Blocker =
  | 'no table'
  | 'reading'
  | 'no target'
  | 'constant target'
  | 'no time'
  | 'horizon'
  | 'no algorithm'
  | 'folds'
  | 'share'
  | 'minutes'
  | 'trials'
  | 'parallel';

/** What is striking about a column. */
export type Hint = 'constant' | 'identifier' | 'missing' | 'moment' | 'infinite';

const FORECASTING = 'forecasting';

/** Distinct whole numbers up to which they are taken for classes. */
const MAX_CLASSES = 20;

export class AutoMLDraft implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    fields: Partial<IDraftFields> = {},
  ) {
    this.tasks = new Resource<readonly TaskView[]>(signal =>
      _caller.call('automl.list_tasks', {}, { signal }),
    );
    this.tasks.changed.connect(() => this._changed.emit());
    void this.tasks.refresh();
    this._fields = { ...NEW, ...fields };
    this._read();
  }

  readonly tasks: Resource<readonly TaskView[]>;
  /** What is wrong by the service's word, by field of the job. */
  problems: Readonly<Record<string, string>> = {};
  /** What is wrong with no field. */
  failure: ApiError | null = null;
  isBusy = false;

  get fields(): IDraftFields {
    return this._fields;
  }

  /** What is known of the table's columns; null before a table is chosen. */
  get pending(): Pending | null {
    return this._pending;
  }

  get profile(): Profile | null {
    return this._pending?.value?.profile ?? null;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get columns(): readonly Column[] {
    return this.profile?.columns ?? [];
  }

  get target(): Column | null {
    return this.columns.find(column => column.name === this._fields.target) ?? null;
  }

  /** The task that the target proposes; empty without one. */
  get proposed(): string {
    const { target } = this;
    const isForecast = this.tasks.value?.some(view => view.task === FORECASTING);
    if (isForecast && target?.family === 'number' && momentsOf(this.columns).length > 0) {
      return FORECASTING;
    }
    return target ? taskOf(target) : '';
  }

  get task(): string {
    return this._fields.task || this.proposed;
  }

  get isForecast(): boolean {
    return this.task === FORECASTING;
  }

  /** The columns that may have the moments of a forecast. */
  get moments(): readonly Column[] {
    const found = momentsOf(this.columns);
    const texts = this.columns.filter(column => column.family === 'text');
    return [...found, ...texts].filter(column => column.name !== this._fields.target);
  }

  /** Name of the column that has the moments; empty without one. */
  get time(): string {
    return this._fields.time || (momentsOf(this.columns)[0]?.name ?? '');
  }

  /** The columns that may tell series apart. */
  get keys(): readonly Column[] {
    return keysOf(this.columns, [this.time, this._fields.target], this.profile?.n_rows ?? 0);
  }

  /** Names of the columns that tell series apart. */
  get series(): readonly string[] {
    const { keys } = this;
    const time = this.columns.find(column => column.name === this.time) ?? null;
    const said = this._fields.series ?? seriesOf(time, keys, this.profile?.n_rows ?? 0);
    return said.filter(name => keys.some(column => column.name === name));
  }

  /** The columns beside the target, the moments and the series. */
  get features(): readonly Column[] {
    const others = [this._fields.target, this.time, ...this.series];
    return this.columns.filter(column => !others.includes(column.name));
  }

  /** How it is checked; no share is held out of a forecast. */
  get validation(): Validation {
    const { validation } = this._fields;
    return this.isForecast && validation === 'share' ? 'auto' : validation;
  }

  /** What may be said about the task. */
  get view(): TaskView | null {
    return this.tasks.value?.find(view => view.task === this.task) ?? null;
  }

  get metric(): string {
    const metrics = this.view?.metrics ?? [];
    return metrics.includes(this._fields.metric) ? this._fields.metric : (metrics[0] ?? '');
  }

  /** Names of the algorithms that are tried. */
  get algorithms(): readonly string[] {
    const names = this.view?.algorithms.map(algorithm => algorithm.name) ?? [];
    return names.filter(name => !this._fields.blocked.includes(name));
  }

  describe(change: Partial<IDraftFields>): void {
    const { table } = this._fields;
    this._fields = { ...this._fields, ...change };
    if (change.table && !isSame(change.table, table)) {
      // What was said of another table's columns says nothing of this one's.
      const isOther = change.table.name !== table?.name;
      this._fields = {
        ...this._fields,
        ...(isOther && { ...NO_FORECAST, target: '', types: {}, task: '' }),
      };
      this._read();
    }
    this.problems = {};
    this.failure = null;
    this._changed.emit();
  }

  /** Take a column for something; an empty type leaves it to the service. */
  treat(column: string, type: string): void {
    const { [column]: _, ...others } = this._fields.types;
    this.describe({ types: type ? { ...others, [column]: type } : others });
  }

  /** Why a step is not done; null when it is. */
  blocker(step: Step): Blocker | null {
    const { fields } = this;
    if (step === 'data') {
      return !fields.table ? 'no table' : this.profile ? null : 'reading';
    }
    if (step === 'task') {
      const { target } = this;
      if (!target) {
        return 'no target';
      }
      return (target.n_distinct ?? 2) < 2 ? 'constant target' : this._unclear();
    }
    if (step === 'setup') {
      return this._unset();
    }
    return this.blocked ? this.blocker(this.blocked) : null;
  }

  /** The first step that is not done. */
  get blocked(): Step | null {
    return STEPS.slice(0, -1).find(step => this.blocker(step)) ?? null;
  }

  /** The job, in the words of Azure ML's YAML. */
  get job(): Record<string, unknown> {
    const { fields } = this;
    const { table, types } = fields;
    const training = this._training;
    return {
      type: 'automl',
      ...(fields.title.trim() && { display_name: fields.title.trim() }),
      task: this.task,
      primary_metric: this.metric,
      target_column_name: fields.target,
      training_data: { type: table?.type, path: `azureml:${table?.name}:${table?.version}` },
      ...this._validated,
      ...(this.isForecast && { forecasting: this._forecast }),
      limits: this._limits,
      ...(Object.keys(types).length > 0 && {
        featurization: { mode: 'custom', column_name_and_types: types },
      }),
      ...(Object.keys(training).length > 0 && { training }),
    };
  }

  get yaml(): string {
    const $schema = 'https://azuremlschemas.azureedge.net/latest/autoMLJob.schema.json';
    return stringify({ $schema, ...this.job });
  }

  /** The same in Python. */
  get python(): string {
    const { table, target, title, types } = this.fields;
    const said: [string, unknown][] = [
      ['target_column_name', target],
      ['primary_metric', this.metric],
      ...Object.entries(this._validated),
      ...(title.trim() ? [['display_name', title.trim()] as [string, unknown]] : []),
    ];
    const blocks: [string, Record<string, unknown>][] = [
      ['set_forecast_settings', this.isForecast ? this._forecast : {}],
      ['set_limits', this._limits],
      ['set_training', this._training],
      [
        'set_featurization',
        Object.keys(types).length > 0 ? { mode: 'custom', column_name_and_types: types } : {},
      ],
    ];
    const data = `Input(type=${py(table?.type)}, path=${py(`azureml:${table?.name}:${table?.version}`)})`;
    return [
      'from jupyter_mlws import Input, MLClient',
      `from jupyter_mlws.automl import ${this.task}`,
      '',
      `job = ${this.task}(`,
      `    training_data=${data},`,
      ...said.map(([name, value]) => `    ${name}=${py(value)},`),
      ')',
      ...blocks
        .filter(([, values]) => Object.keys(values).length > 0)
        .map(([name, values]) => {
          const given = Object.entries(values).map(([key, value]) => `${key}=${py(value)}`);
          return `job.${name}(${given.join(', ')})`;
        }),
      '',
      'client = MLClient()',
      'job = client.jobs.create_or_update(job)',
      'client.jobs.stream(job.name)',
    ].join('\n');
  }

  /** Answers the job; null when something is wrong. */
  async submit(): Promise<Job | null> {
    if (this.isBusy || this.blocker('review')) {
      return null;
    }
    this.isBusy = true;
    this.problems = {};
    this.failure = null;
    this._changed.emit();
    try {
      return await this._caller.call('jobs.create_or_update', { job: this.job });
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      this.failure = error;
      this.problems = Object.fromEntries(error.problems.map(one => [one.field, one.message]));
      return null;
    } finally {
      this.isBusy = false;
      this._changed.emit();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    this.tasks.dispose();
    this._pending?.dispose();
    Signal.clearData(this);
  }

  private get _validated(): Record<string, number> {
    const { folds, share } = this._fields;
    const { validation } = this;
    return {
      ...(validation === 'folds' && { n_cross_validations: Number(folds) }),
      ...(validation === 'share' && { validation_data_size: Number(share) / 100 }),
    };
  }

  private get _forecast(): Record<string, unknown> {
    const { horizon } = this._fields;
    const unknown = this.features.map(({ name }) => name).filter(this._isUnknown);
    return {
      time_column_name: this.time,
      forecast_horizon: horizon.trim() ? Number(horizon) : 'auto',
      ...(this.series.length > 0 && { time_series_id_column_names: [...this.series] }),
      ...(unknown.length > 0 && { features_unknown_at_forecast_time: unknown }),
    };
  }

  private readonly _isUnknown = (name: string): boolean => this._fields.unknown.includes(name);

  private get _limits(): Record<string, number> {
    const { minutes, trials, parallel } = this._fields;
    return {
      timeout_minutes: Number(minutes),
      ...(trials.trim() && { max_trials: Number(trials) }),
      max_concurrent_trials: Number(parallel),
    };
  }

  private get _training(): Record<string, unknown> {
    const { votes, stacks, explains } = this._fields;
    const isAll = this.algorithms.length === this.view?.algorithms.length;
    return {
      ...(!isAll && { allowed_training_algorithms: [...this.algorithms] }),
      ...(!votes && { enable_vote_ensemble: false }),
      ...(!stacks && !this.isForecast && { enable_stack_ensemble: false }),
      ...(!explains && !this.isForecast && { enable_model_explainability: false }),
    };
  }

  private _unclear(): Blocker | null {
    const { horizon } = this._fields;
    if (!this.isForecast) {
      return null;
    }
    return !this.time ? 'no time' : horizon.trim() && !isCount(horizon) ? 'horizon' : null;
  }

  private _unset(): Blocker | null {
    const { folds, share, minutes, trials, parallel } = this._fields;
    const { validation } = this;
    if (validation === 'folds' && !isCount(folds, 2)) {
      return 'folds';
    }
    if (validation === 'share' && !(Number(share) > 0 && Number(share) < 100)) {
      return 'share';
    }
    if (!isCount(minutes)) {
      return 'minutes';
    }
    if (trials.trim() && !isCount(trials)) {
      return 'trials';
    }
    if (!isCount(parallel)) {
      return 'parallel';
    }
    return this.view && this.algorithms.length === 0 ? 'no algorithm' : null;
  }

  private _read(): void {
    this._pending?.dispose();
    this._pending = null;
    const { table } = this._fields;
    if (table) {
      const { name, version } = table;
      const pending = new Pending((wait_s, signal) =>
        this._caller.call('data.profile', { name, version, wait_s }, { signal }),
      );
      pending.changed.connect(() => this._changed.emit());
      this._pending = pending;
      void pending.refresh();
    }
  }

  private _fields: IDraftFields;
  private _pending: Pending | null = null;
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}

function isSame(one: ITable, other: ITable | null): boolean {
  return one.name === other?.name && one.version === other.version;
}

function isCount(text: string, least = 1): boolean {
  return text.trim() !== '' && Number.isInteger(Number(text)) && Number(text) >= least;
}

/** What a column, as the target, asks for: amounts are regressed, all else is classified. */
export function taskOf(column: Column): string {
  if (column.family !== 'number') {
    return 'classification';
  }
  const isWhole = !/double|float|decimal|real/i.test(column.type);
  return isWhole && (column.n_distinct ?? 0) <= MAX_CLASSES ? 'classification' : 'regression';
}

/** What a person should know of a column before it is trained on. */
export function hintsOf(column: Column, nRows: number): Hint[] {
  const distinct = column.n_distinct ?? 0;
  const isWord = column.family === 'text' || /int/i.test(column.type);
  return [
    ...(distinct <= 1 ? ['constant' as const] : []),
    ...(isWord && nRows > MAX_CLASSES && distinct >= nRows * 0.99 ? ['identifier' as const] : []),
    ...(nRows > 0 && column.n_missing / nRows > 0.5 ? ['missing' as const] : []),
    ...(column.n_infinite ? ['infinite' as const] : []),
    ...(column.family === 'moment' ? ['moment' as const] : []),
  ];
}

/** A plain value as Python writes it. */
export function py(value: unknown): string {
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (value === null || value === undefined) {
    return 'None';
  }
  if (Array.isArray(value)) {
    return `[${value.map(py).join(', ')}]`;
  }
  if (typeof value === 'object') {
    const items = Object.entries(value).map(([key, item]) => `${py(key)}: ${py(item)}`);
    return `{${items.join(', ')}}`;
  }
  return JSON.stringify(value);
}

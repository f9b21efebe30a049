// The run dialog without its looks: what is filled in, what is wrong, and submitting it.
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { ApiError, type ICaller, type Job, type Schemas } from '../api/client';
import {
  check,
  emptyDraft,
  fieldsOf,
  type IDraft,
  type IJobBody,
  type IWhere,
  isNotebook,
  jobOf,
  nameOf,
  type Problems,
  problemsByField,
  withJob,
  withValues,
} from './draft';
import { isObject, type Port, textOf } from './values';

type Interface = Schemas['Interface'];

/** Property of a job that says from which file of the person's it was made. */
export const SOURCE_PROPERTY = 'mlws.path';

/** A code cell as the dialog offers it. */
export interface ICodeCell {
  id: string;
  source: string;
}

/** The file that is to be run: one of the person's own, or as an earlier job had it. */
export interface IRunFile {
  /** Contents path without a drive. */
  readonly path: string;
  /** Whether an editor holds changes that are not saved. */
  readonly isDirty: boolean;
  /** When it was saved, in ISO 8601; empty when unknown. */
  readonly savedAt: string;
  /** The earlier job whose copy of the file this is; null for the person's own. */
  readonly job: Job | null;
  save(): Promise<void>;
  /** What the file takes: the inputs of a notebook or, of an earlier command, its own. */
  interface(): Promise<Interface>;
  /** The first code cells of a notebook. */
  cells(): Promise<readonly ICodeCell[]>;
  /** Tag a cell as `parameters`. Rejects where the file cannot be changed. */
  markParameters(cellId: string): Promise<void>;
  submit(job: IJobBody): Promise<Job>;
}

/** Jobs that are looked through for the last run of the same file. */
const N_JOBS = 50;

export interface IJobFormOptions {
  client: ICaller;
  file: IRunFile;
  trans: TranslationBundle;
}

/** `changed` fires whenever anything below did. */
export class JobForm implements IDisposable {
  constructor(private readonly _options: IJobFormOptions) {
    this._draft = emptyDraft(_options.file.path, []);
  }

  get file(): IRunFile {
    return this._options.file;
  }

  get draft(): IDraft {
    return this._draft;
  }

  /** What the file takes; null until it is read. */
  get interface(): Interface | null {
    return this._interface;
  }

  get ports(): readonly Port[] {
    return this._interface?.inputs ?? [];
  }

  /** Whether the form can be filled in: the interface was read, or there is none to read. */
  get isReady(): boolean {
    return this._isReady;
  }

  get isSubmitting(): boolean {
    return this._isSubmitting;
  }

  /** Why the interface could not be read or the job was refused as a whole. */
  get failure(): ApiError | null {
    return this._failure;
  }

  /** A sentence about what was just done, for everybody to see and hear. */
  get notice(): string {
    return this._notice;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** What is wrong and may be told: a field is left alone until it was touched or submitted. */
  get problems(): Problems {
    const local = check(this._draft, this.ports, this._options.trans);
    const shown = Object.entries(local).filter(
      ([field]) => this._wasSubmitted || this._touched.has(field),
    );
    return { ...this._refused, ...Object.fromEntries(shown) };
  }

  /** The job as it would be submitted now; values that are wrong are left out. */
  get job(): IJobBody {
    return jobOf(this._draft, this.ports, this._options.trans);
  }

  /** Names of the parameters whose values must not be shown. */
  get secrets(): string[] {
    return this.ports.filter(port => port.type === 'secret').map(port => port.name);
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /** Read the interface; what was filled in by hand stays. Never rejects. */
  async load(): Promise<void> {
    try {
      this._interface = await this.file.interface();
      this._failure = null;
      this._start(this.ports);
    } catch (error) {
      this._failure = failureOf(error);
      this._changed.emit();
    }
  }

  setValue(name: string, text: string): void {
    this._set({ values: { ...this._draft.values, [name]: text } }, `inputs.${name}`);
  }

  /** Put the default of a parameter back. */
  resetValue(port: Port): void {
    this.setValue(port.name, textOf(port, port.default));
    this._touched.delete(`inputs.${port.name}`);
    this._changed.emit();
  }

  setWhere(part: Partial<IWhere>, field: string): void {
    this._set({ where: { ...this._draft.where, ...part } }, field);
  }

  setText(key: 'displayName' | 'experimentName' | 'command', text: string, field: string): void {
    this._set({ [key]: text }, field);
  }

  /** Tag a cell as the parameters and read the interface anew. */
  async chooseParameters(cellId: string): Promise<void> {
    try {
      await this.file.markParameters(cellId);
    } catch (error) {
      this._failure = failureOf(error);
      this._changed.emit();
      return;
    }
    await this.load();
  }

  /** Fill in what the newest job of the same file was given. */
  async fillFromLast(): Promise<void> {
    const { client, trans } = this._options;
    try {
      const page = await client.call('jobs.list', { max_results: N_JOBS });
      const last = page.items.find(job => isOfFile(job, this.file.path));
      if (last) {
        this._draft = withJob(this._draft, this.ports, last);
      }
      this._tell(
        last
          ? trans.__('Filled in as in %1.', last.display_name || last.name)
          : trans.__('%1 has not been run as a job yet.', nameOf(this.file.path)),
      );
    } catch (error) {
      this._failure = failureOf(error);
      this._changed.emit();
    }
  }

  /** Fill in values from a JSON object; answers what is wrong with it, or nothing. */
  paste(json: string): string {
    const { trans } = this._options;
    let values: unknown;
    try {
      values = JSON.parse(json);
    } catch {
      return trans.__('This is not JSON.');
    }
    if (!isObject(values)) {
      return trans.__('This needs a JSON object, such as {"lr": 0.1}.');
    }
    const { draft, unknown } = withValues(this._draft, this.ports, values);
    if (unknown.length > 0) {
      return trans.__('There is no parameter %1.', unknown.join(', '));
    }
    this._draft = draft;
    for (const name of Object.keys(values)) {
      this._touched.add(`inputs.${name}`);
    }
    this._tell(trans._n('Filled in %1 value.', 'Filled in %1 values.', Object.keys(values).length));
    return '';
  }

  /**
   * Save the file if need be and submit the job.
   *
   * Answers null when something is wrong; `problems` and `failure` then say what.
   */
  async submit(): Promise<Job | null> {
    if (this._isSubmitting || !this._isReady) {
      return null;
    }
    this._wasSubmitted = true;
    this._refused = {};
    this._failure = null;
    if (Object.keys(this.problems).length > 0) {
      this._changed.emit();
      return null;
    }
    this._isSubmitting = true;
    this._changed.emit();
    try {
      if (this.file.isDirty) {
        await this.file.save();
      }
      return await this.file.submit(this.job);
    } catch (error) {
      this._take(failureOf(error));
      return null;
    } finally {
      this._isSubmitting = false;
      this._changed.emit();
    }
  }

  /** Take a refusal apart: what names a field goes there, the rest stands on top. */
  private _take(failure: ApiError): void {
    const found = problemsByField(failure.problems, fieldsOf(this.file.path, this.ports));
    const { '': rest, ...atFields } = found;
    this._refused = atFields;
    const onlyAtFields = failure.problems.length > 0 && rest === undefined;
    this._failure = onlyAtFields ? null : withMessage(failure, rest);
  }

  /** Hold the defaults of `ports`, below what was filled in before and what an earlier job had. */
  private _start(ports: readonly Port[]): void {
    const { path, job } = this.file;
    const fresh = emptyDraft(path, ports);
    const filled = job ? withJob(fresh, ports, job) : fresh;
    const kept = Object.entries(this._draft.values).filter(
      ([name]) => name in fresh.values && this._touched.has(`inputs.${name}`),
    );
    this._draft = {
      ...(this._isReady ? this._draft : filled),
      values: { ...filled.values, ...Object.fromEntries(kept) },
    };
    this._isReady = true;
    this._changed.emit();
  }

  private _set(part: Partial<IDraft>, field: string): void {
    this._draft = { ...this._draft, ...part };
    this._touched.add(field);
    const { [field]: _gone, ...others } = this._refused;
    this._refused = others;
    this._notice = '';
    this._changed.emit();
  }

  private _tell(notice: string): void {
    this._notice = notice;
    this._changed.emit();
  }

  private _draft: IDraft;
  private _interface: Interface | null = null;
  private _isReady = false;
  private _isSubmitting = false;
  private _wasSubmitted = false;
  private _isDisposed = false;
  private _failure: ApiError | null = null;
  private _notice = '';
  /** Problems that the workspace found, until their field is changed. */
  private _refused: Problems = {};
  private readonly _touched = new Set<string>();
  private readonly _changed = new Signal<this, void>(this);
}

/** Whether a job ran the file at `path`, or one of its name when the job does not say which. */
function isOfFile(job: Job, path: string): boolean {
  const source = job.properties?.[SOURCE_PROPERTY];
  if (source) {
    return source === path;
  }
  const name = nameOf(path);
  return isNotebook(path)
    ? typeof job.notebook === 'string' && nameOf(job.notebook) === name
    : typeof job.command === 'string' && job.command.includes(name);
}

function failureOf(error: unknown): ApiError {
  return error instanceof ApiError
    ? error
    : new ApiError(error instanceof Error ? error.message : String(error), 0, 'INTERNAL');
}

function withMessage(failure: ApiError, message: string | undefined): ApiError {
  return message === undefined
    ? failure
    : new ApiError(message, failure.status, failure.code, failure.problems, failure.requestId);
}

// The environments page: which one is looked at, what is made of it, and a draft of a new one.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import {
  ApiError,
  type Arguments,
  type Asset,
  type Build,
  type ICaller,
  type Job,
} from '../api/client';
import { concernsEnvironments } from './concerns';
import { type ILogSource, LogModel } from './log';
import { Resource } from './resource';
import type { WorkspaceModel } from './workspace';

const LOG = 'build.log';

/** The log of an environment's last build. */
export function buildLog(caller: ICaller, name: string, version: string | undefined): ILogSource {
  return {
    name,
    list: () => Promise.resolve([{ path: LOG, size_bytes: 0 }]),
    read: ({ offset, limit, wait_s }, signal) =>
      caller.call('environments.read_log', { name, version, offset, limit, wait_s }, { signal }),
  };
}

/** One version of an environment, followed while it is made. */
export class EnvironmentModel implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    private readonly _models: WorkspaceModel,
    readonly name: string,
    readonly version: string | undefined,
  ) {
    const which = { name, version };
    this.build = new Resource<Build>(signal =>
      _caller.call('environments.get_build', which, { signal }),
    );
    this.versions = new Resource<readonly Asset[]>(async signal => {
      const page = await _caller.call(
        'environments.list',
        { name, view: 'all', max_results: 100 },
        { signal },
      );
      return page.items;
    });
    this.jobs = new Resource<readonly Job[]>(signal =>
      _caller.call('environments.list_jobs', which, { signal }),
    );
    this.log = new LogModel(buildLog(_caller, name, version));
    this._following = [this.build, this.versions, this.jobs].map(resource =>
      _models.follow(resource, concernsEnvironments),
    );
    this.build.changed.connect(this._onBuild, this);
    for (const resource of [this.build, this.versions, this.jobs]) {
      void resource.refresh();
    }
  }

  readonly build: Resource<Build>;
  /** All versions, the newest first. */
  readonly versions: Resource<readonly Asset[]>;
  /** Who has used it, the newest first. */
  readonly jobs: Resource<readonly Job[]>;
  readonly log: LogModel;

  /** Make it now. Rejects when it cannot be. */
  async make(): Promise<void> {
    await this._caller.call('environments.build', { name: this.name, version: this.version });
    await this.build.refresh();
    this._models.environments.refresh();
  }

  /** Hide it from lists, or show it again. */
  async archive(archived: boolean): Promise<void> {
    await this._caller.call(archived ? 'environments.archive' : 'environments.restore', {
      name: this.name,
    });
    await this.versions.refresh();
  }

  dispose(): void {
    for (const item of [...this._following, this.build, this.versions, this.jobs, this.log]) {
      item.dispose();
    }
  }

  get isDisposed(): boolean {
    return this.build.isDisposed;
  }

  /** A build that begins has a log of its own. */
  private _onBuild(): void {
    const began = this.build.value?.started_at;
    if (began && began !== this._began) {
      this._began = began;
      this.log.show(LOG, undefined);
    }
  }

  private _began: string | undefined;
  private readonly _following: IDisposable[];
}

/** What the form says. */
export interface IEnvironmentDraft {
  name: string;
  form: 'pip' | 'conda_file';
  /** Empty for that of the workspace. */
  python: string;
  /** A requirement in each line. */
  packages: string;
  /** Text of a conda file. */
  conda: string;
  /** Of what cannot be carried over from a kernel. */
  note: string;
}

export const EMPTY_DRAFT: IEnvironmentDraft = {
  name: '',
  form: 'pip',
  python: '',
  packages: '',
  conda: 'dependencies:\n  - python\n  - pip:\n      - pandas\n',
  note: '',
};

/** The asset that a draft describes, as its YAML would say it. */
export function assetOf(
  draft: IEnvironmentDraft,
): Arguments<'environments.create_or_update'>['asset'] {
  const name = draft.name.trim();
  if (draft.form === 'conda_file') {
    return { name, conda_file: `${draft.conda.trimEnd()}\n` };
  }
  const pip = draft.packages
    .split('\n')
    .map(line => line.trim())
    .filter(line => line && !line.startsWith('#'));
  return { name, pip, ...(draft.python.trim() && { python: draft.python.trim() }) };
}

/** The environments page. */
export class EnvironmentsModel implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    readonly models: WorkspaceModel,
  ) {
    models.ensure(models.environments);
    models.environments.changed.connect(this._onList, this);
    this._onList();
  }

  /** Fires when something else is looked at, or the draft changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The one that is looked at; null while a new one is described, or there is none. */
  get current(): EnvironmentModel | null {
    return this._current;
  }

  /** The new one that is described; null when none is. */
  get draft(): IEnvironmentDraft | null {
    return this._draft;
  }

  /** What is wrong with the draft, by field; '' is the whole. */
  get problems(): Readonly<Record<string, string>> {
    return this._problems;
  }

  get isBusy(): boolean {
    return this._isBusy;
  }

  /** Text that names must hold. */
  get search(): string {
    return this._search;
  }

  set search(text: string) {
    this._search = text;
    this._changed.emit();
  }

  /** Those that the search leaves. */
  get rows(): readonly Build[] {
    const wanted = this._search.trim().toLowerCase();
    return (this.models.environments.value ?? []).filter(row =>
      row.name.toLowerCase().includes(wanted),
    );
  }

  /** Look at an environment, at its newest version when none is named. */
  show(name: string, version?: string): void {
    const current = this._current;
    this._draft = null;
    if (current?.name !== name || current.version !== version) {
      current?.dispose();
      this._current = new EnvironmentModel(this._caller, this.models, name, version);
    }
    this._changed.emit();
  }

  /** Describe a new one. */
  describe(change: Partial<IEnvironmentDraft> = {}): void {
    this._draft = { ...(this._draft ?? EMPTY_DRAFT), ...change };
    this._problems = {};
    this._changed.emit();
  }

  /** Give the draft up. */
  giveUp(): void {
    this._draft = null;
    this._problems = {};
    this._onList();
    this._changed.emit();
  }

  /** Describe what a kernel of the workspace's machine has installed. Rejects when there is none. */
  async likeKernel(kernel: string): Promise<void> {
    const found = await this._caller.call('environments.freeze_kernel', { kernel });
    this.describe({
      form: 'pip',
      name: this._draft?.name || `like-${kernel}`,
      python: found.python,
      packages: found.pip.join('\n'),
      note: (found.left_out ?? []).join(', '),
    });
  }

  /** Create what the draft describes, make it, and look at it. */
  async create(): Promise<void> {
    if (!this._draft || this._isBusy) {
      return;
    }
    this._isBusy = true;
    this._changed.emit();
    try {
      const asset = assetOf(this._draft);
      const made = await this._caller.call('environments.create_or_update', { asset });
      await this.models.environments.refresh();
      this.show(made.name, made.version);
      await this._current?.make();
    } catch (error) {
      this._problems = problemsOf(error);
    } finally {
      this._isBusy = false;
      this._changed.emit();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    this.models.environments.changed.disconnect(this._onList, this);
    this._current?.dispose();
    Signal.clearData(this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The first of the list is shown until something is chosen. */
  private _onList(): void {
    const first = this.models.environments.value?.[0];
    if (!this._current && !this._draft && first) {
      this.show(first.name, first.version ?? undefined);
    } else {
      this._changed.emit();
    }
  }

  private _current: EnvironmentModel | null = null;
  private _draft: IEnvironmentDraft | null = null;
  private _problems: Readonly<Record<string, string>> = {};
  private _isBusy = false;
  private _search = '';
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}

/** What was refused, by the field that the form has for it. */
function problemsOf(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError) || error.problems.length === 0) {
    return { '': error instanceof Error ? error.message : String(error) };
  }
  const found: Record<string, string> = {};
  for (const problem of error.problems) {
    const field = (problem.field ?? '').split('.')[0] ?? '';
    found[field] = [found[field], problem.message].filter(Boolean).join(' ');
  }
  return found;
}

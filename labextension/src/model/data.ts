// One name of data: its versions, and what is known of the one that is looked at.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { ICaller, Schemas } from '../api/client';
import { assetsOf } from './concerns';
import { Resource } from './resource';
import type { WorkspaceModel } from './workspace';

export type Asset = Schemas['Asset'];
export type Analysis = Schemas['Analysis'];
export type AssetUse = Schemas['AssetUse'];
export type AssetFile = Schemas['AssetFile'];
export type TablePreview = Schemas['TablePreview'];

/** Rows that are asked for at a time. */
export const PAGE_ROWS = 200;
/** Seconds that the service may wait for news of what it works out. */
const WAIT_S = 20;

/** Rows of a table, read on as they come into view. */
export class Rows implements IDisposable {
  constructor(private readonly _read: (offset: number) => Promise<TablePreview>) {}

  get preview(): TablePreview | null {
    return this._first;
  }

  get rows(): readonly (readonly unknown[])[] {
    return this._rows;
  }

  get error(): Error | null {
    return this._error;
  }

  get hasMore(): boolean {
    return this._hasMore;
  }

  get isLoading(): boolean {
    return this._isLoading;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Read the next rows; nothing while rows are on their way, or when there are none. */
  async more(): Promise<void> {
    if (this._isLoading || !this._hasMore || this._error) {
      return;
    }
    this._isLoading = true;
    this._changed.emit();
    try {
      const answer = await this._read(this._rows.length);
      this._first ??= answer;
      this._rows = [...this._rows, ...answer.rows];
      this._hasMore = answer.has_more;
    } catch (error) {
      this._error = error as Error;
    }
    this._isLoading = false;
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  /** Try again what failed. */
  async retry(): Promise<void> {
    this._error = null;
    await this.more();
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _first: TablePreview | null = null;
  private _rows: readonly (readonly unknown[])[] = [];
  private _hasMore = true;
  private _isLoading = false;
  private _error: Error | null = null;
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}

/** Something that the service works out, asked for until it is there. */
export class Pending extends Resource<Analysis> {
  constructor(ask: (wait_s: number, signal: AbortSignal) => Promise<Analysis>) {
    super(async signal => {
      let answer = await ask(0, signal);
      while (answer.state === 'running' && !signal.aborted) {
        this._progress = answer;
        this.progressed.emit();
        answer = await ask(WAIT_S, signal);
      }
      return answer;
    });
  }

  /** How far it is. */
  get progress(): Analysis | null {
    return this._progress;
  }

  readonly progressed = new Signal<this, void>(this);
  private _progress: Analysis | null = null;
}

/** What is known of one version; each part is read when it is looked at. */
export class VersionModel implements IDisposable {
  constructor(
    caller: ICaller,
    readonly asset: Asset,
    readonly base: Asset | null,
  ) {
    const { name, version } = asset;
    this.rows = new Rows(offset =>
      caller.call('data.preview', { name, version, offset, limit: PAGE_ROWS }),
    );
    this.files = new Resource<readonly AssetFile[]>(signal =>
      caller.call('data.list_files', { name, version }, { signal }),
    );
    this.uses = new Resource<readonly AssetUse[]>(signal =>
      caller.call('data.list_uses', { name, version }, { signal }),
    );
    this.profile = new Pending((wait_s, signal) =>
      caller.call('data.profile', { name, version, wait_s }, { signal }),
    );
    this.changes = base
      ? new Pending((wait_s, signal) =>
          caller.call('data.compare', { name, version, base: base.version, wait_s }, { signal }),
        )
      : null;
  }

  readonly rows: Rows;
  readonly files: Resource<readonly AssetFile[]>;
  readonly uses: Resource<readonly AssetUse[]>;
  readonly profile: Pending;
  /** Against the base; null for the first version. */
  readonly changes: Pending | null;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Read a part now if nobody has yet. */
  ensure(part: Resource<unknown>): void {
    if (!this._asked.has(part)) {
      this._asked.add(part);
      void part.refresh();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    for (const part of [this.rows, this.files, this.uses, this.profile, this.changes]) {
      part?.dispose();
    }
  }

  private _isDisposed = false;
  private readonly _asked = new Set<Resource<unknown>>();
}

/** One name of data, and the version that is looked at. */
export class DataModel implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    workspace: WorkspaceModel,
    readonly name: string,
    private _version?: string,
  ) {
    this.versions = new Resource<readonly Asset[]>(
      async signal =>
        (await _caller.call('data.list', { name, view: 'all', max_results: 1000 }, { signal }))
          .items,
    );
    this.versions.changed.connect(() => this._choose());
    this._following = workspace.follow(this.versions, event =>
      assetsOf(event, 'data').includes(name),
    );
    void this.versions.refresh();
  }

  readonly versions: Resource<readonly Asset[]>;

  /** What is known of the version that is looked at; null before it is known. */
  get current(): VersionModel | null {
    return this._current;
  }

  /** The version that is looked at, with the labels that it has now. */
  get asset(): Asset | null {
    const version = this._current?.asset.version;
    return this.versions.value?.find(asset => asset.version === version) ?? null;
  }

  get version(): string | undefined {
    return this._version;
  }

  /** The version against which changes are shown; the one before when none was chosen. */
  get base(): string | undefined {
    return this._current?.base?.version;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Look at another version. */
  show(version: string): void {
    this._version = version;
    this._base = undefined;
    this._choose();
  }

  /** Show the changes against another version. */
  compareWith(base: string): void {
    this._base = base;
    this._choose();
  }

  /** Let a label mean the version that is looked at. */
  async setLabel(label: string): Promise<void> {
    const version = this._current?.asset.version ?? '';
    await this._caller.call('data.set_label', { name: this.name, version, label });
    await this.versions.refresh();
  }

  async dropLabel(label: string): Promise<void> {
    await this._caller.call('data.delete_label', { name: this.name, label });
    await this.versions.refresh();
  }

  async setArchived(archived: boolean): Promise<void> {
    const version = this._current?.asset.version;
    const verb = archived ? 'data.archive' : 'data.restore';
    await this._caller.call(verb, { name: this.name, version });
    await this.versions.refresh();
  }

  dispose(): void {
    this._isDisposed = true;
    this._following.dispose();
    this.versions.dispose();
    this._current?.dispose();
    Signal.clearData(this);
  }

  private _choose(): void {
    const all = this.versions.value ?? [];
    const at = Math.max(
      0,
      all.findIndex(asset => asset.version === this._version),
    );
    const asset = all[at];
    if (asset) {
      const base = all.find(other => other.version === this._base) ?? all[at + 1] ?? null;
      const now = this._current;
      // What was read stays while neither version is another one: they never change.
      if (
        now?.asset.version !== asset.version ||
        (now.base?.version ?? null) !== (base?.version ?? null)
      ) {
        now?.dispose();
        this._current = new VersionModel(this._caller, asset, base);
        this._version = asset.version;
      }
    }
    this._changed.emit();
  }

  private _base: string | undefined;
  private _current: VersionModel | null = null;
  private _isDisposed = false;
  private readonly _following: IDisposable;
  private readonly _changed = new Signal<this, void>(this);
}

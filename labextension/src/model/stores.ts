// Datastores, connections and secrets: lists that follow the events, and a folder that is browsed.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Event, ICaller, Schemas } from '../api/client';
import { Collection } from './collection';
import { concernsData, subjectOf } from './concerns';
import { type Asset, Rows } from './data';
import { Resource } from './resource';
import type { WorkspaceModel } from './workspace';

export type Datastore = Schemas['Datastore'];
export type Entry = Schemas['DatastoreEntry'];
export type Connection = Schemas['ConnectionView'];
export type Secret = Schemas['Secret'];

const of =
  (...kinds: string[]) =>
  (event: Event): boolean =>
    kinds.includes(subjectOf(event).kind);

/** All that the *Data* page lists. */
export class StoresModel implements IDisposable {
  constructor(
    readonly caller: ICaller,
    workspace: WorkspaceModel,
    private _tab: string,
  ) {
    this.data = new Collection<Asset>(
      (page_token, signal) =>
        caller.call('data.list', { max_results: 200, page_token }, { signal }),
      asset => asset.name,
    );
    this.datastores = new Resource(signal => caller.call('datastores.list', {}, { signal }));
    this.connections = new Resource(signal => caller.call('connections.list', {}, { signal }));
    this.secrets = new Resource(signal => caller.call('secrets.list', {}, { signal }));
    this._following = [
      workspace.follow(this.data, concernsData),
      workspace.follow(this.datastores, of('datastore')),
      workspace.follow(this.connections, of('connection')),
      workspace.follow(this.secrets, of('secret')),
    ];
    for (const part of [this.data, this.datastores, this.connections, this.secrets]) {
      void part.refresh();
    }
  }

  readonly data: Collection<Asset>;
  readonly datastores: Resource<readonly Datastore[]>;
  readonly connections: Resource<readonly Connection[]>;
  readonly secrets: Resource<readonly Secret[]>;

  get tab(): string {
    return this._tab;
  }

  set tab(tab: string) {
    this._tab = tab;
    this._changed.emit();
  }

  /** Fires when another tab is shown. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    for (const item of this._following) {
      item.dispose();
    }
    for (const part of [this.data, this.datastores, this.connections, this.secrets]) {
      part.dispose();
    }
    Signal.clearData(this);
  }

  private _isDisposed = false;
  private readonly _following: readonly IDisposable[];
  private readonly _changed = new Signal<this, void>(this);
}

/** A folder of a datastore, and the table in it that is looked at. */
export class FolderModel implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    readonly datastore: Datastore,
  ) {
    this.entries = new Resource(signal =>
      _caller.call('datastores.list_files', { name: datastore.name, path: this._path }, { signal }),
    );
    void this.entries.refresh();
  }

  readonly entries: Resource<readonly Entry[]>;

  get path(): string {
    return this._path;
  }

  /** Rows of the file that is looked at; null when none is. */
  get rows(): Rows | null {
    return this._rows;
  }

  /** The file that is looked at. */
  get file(): string {
    return this._file;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Go to a folder. */
  go(path: string): void {
    this._path = path;
    this._look('', null);
    void this.entries.restart();
  }

  /** Look into a file. */
  preview(path: string): void {
    const name = this.datastore.name;
    this._look(
      path,
      new Rows(offset => this._caller.call('datastores.preview', { name, path, offset })),
    );
  }

  dispose(): void {
    this._isDisposed = true;
    this.entries.dispose();
    this._rows?.dispose();
    Signal.clearData(this);
  }

  private _look(file: string, rows: Rows | null): void {
    this._rows?.dispose();
    this._file = file;
    this._rows = rows;
    this._changed.emit();
  }

  private _path = '';
  private _file = '';
  private _rows: Rows | null = null;
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}

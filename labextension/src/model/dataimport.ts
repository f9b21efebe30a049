// A data import while it is written down: its fields, what is wrong with them, and its start.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { ApiError, type ICaller, type Schemas } from '../api/client';

type Job = Schemas['Job'];

/** Milliseconds after the last key until the service is asked what it thinks. */
const TYPING_MS = 250;

/** Types of connection that open a database. */
const DATABASES = [
  'azure_sql_db',
  'azure_synapse_analytics',
  'azure_my_sql_db',
  'azure_postgres_db',
  'snowflake',
];
/** Types of connection that open a storage of files. */
const STORAGES = ['s3', 'azure_blob', 'azure_data_lake_gen2'];

export interface IImportFields {
  kind: 'database' | 'file_system';
  /** `azureml:NAME`; empty for an open address. */
  connection: string;
  way: 'query' | 'table_name';
  query: string;
  table: string;
  path: string;
  name: string;
  type: 'mltable' | 'uri_folder' | 'uri_file';
  description: string;
  /** Where the copy is kept; in the workspace when empty. */
  target: string;
}

/** Something that data can be brought in from. */
export interface IImportSource {
  kind: IImportFields['kind'];
  /** As a file says it. */
  reference: string;
  name: string;
  type: string;
}

const FIRST: IImportFields = {
  kind: 'database',
  connection: '',
  way: 'query',
  query: '',
  table: '',
  path: '',
  name: '',
  type: 'mltable',
  description: '',
  target: '',
};

/** An import while it is written; `changed` fires whenever anything below did. */
export class ImportDraft implements IDisposable {
  constructor(
    private readonly _client: ICaller,
    name = '',
  ) {
    this._fields = { ...FIRST, name };
  }

  get fields(): IImportFields {
    return this._fields;
  }

  /** Databases and storages that the workspace knows; null until they are read. */
  get sources(): readonly IImportSource[] | null {
    return this._sources;
  }

  /** What is wrong, by field as the service names it; of fields that were not touched nothing is said. */
  get problems(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(this._problems).filter(([field]) => this._tried || this._touched.has(field)),
    );
  }

  /** Why it could not be started as a whole. */
  get failure(): ApiError | null {
    return this._failure;
  }

  get isBusy(): boolean {
    return this._isBusy;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The import as its YAML says it. */
  get document(): Record<string, unknown> {
    const { kind, connection, way, query, table, path, name, type, description, target } =
      this._fields;
    const rows = way === 'query' ? { query } : { table_name: table };
    return {
      name,
      type,
      source: {
        type: kind,
        ...((connection || kind === 'database') && { connection }),
        ...(kind === 'database' ? rows : { path }),
      },
      ...(description && { description }),
      ...(target && { path: target }),
    };
  }

  /** Read what can be imported from, and take the first as a proposal. */
  async load(): Promise<void> {
    try {
      const [datastores, connections] = await Promise.all([
        this._client.call('datastores.list', {}),
        this._client.call('connections.list', {}),
      ]);
      this._sources = sourcesOf(datastores, connections);
    } catch (error) {
      this._sources = [];
      this._take(error);
    }
    if (!this._fields.connection) {
      const kind = this._sources.some(one => one.kind === 'database') ? 'database' : 'file_system';
      this._turnTo(kind);
    }
    this._changed.emit();
    await this._ask();
  }

  set(change: Partial<IImportFields>): void {
    if (change.kind && change.kind !== this._fields.kind) {
      this._turnTo(change.kind);
    }
    this._fields = { ...this._fields, ...change };
    for (const field of Object.keys(change) as (keyof IImportFields)[]) {
      this._touched.add(PLACES[field]);
    }
    this._failure = null;
    this._changed.emit();
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this._ask(), TYPING_MS);
  }

  /** Whether the service would take it; from now on every field tells what is wrong with it. */
  async isReady(): Promise<boolean> {
    window.clearTimeout(this._timer);
    this._tried = true;
    await this._ask();
    return Object.keys(this._problems).length === 0 && this._failure === null;
  }

  /** Start it; answers null when something is wrong, which `problems` and `failure` then say. */
  async submit(): Promise<Job | null> {
    this._isBusy = true;
    this._failure = null;
    this._changed.emit();
    try {
      if (await this.isReady()) {
        return await this._client.call('data.import_data', { data_import: this.document });
      }
    } catch (error) {
      this._take(error);
    } finally {
      this._isBusy = false;
      this._changed.emit();
    }
    return null;
  }

  dispose(): void {
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    Signal.clearData(this);
  }

  /** Take what fits another kind of source. */
  private _turnTo(kind: IImportFields['kind']): void {
    const first = this._sources?.find(one => one.kind === kind);
    const type = kind === 'database' ? 'mltable' : 'uri_folder';
    this._fields = { ...this._fields, kind, type, connection: first?.reference ?? '' };
  }

  private async _ask(): Promise<void> {
    const turn = ++this._turn;
    try {
      const said = await this._client.call('data.validate_import', { data_import: this.document });
      if (turn === this._turn) {
        const found = [...said.errors, ...(said.obstacles ?? [])] as unknown as IProblem[];
        this._problems = this._placed(found);
        this._failure = null;
      }
    } catch (error) {
      if (turn === this._turn) {
        this._take(error);
      }
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _take(error: unknown): void {
    const failure = error instanceof ApiError ? error : new ApiError(String(error), 0, 'INTERNAL');
    this._problems = this._placed(failure.problems);
    this._failure = failure.problems.length > 0 ? null : failure;
  }

  /** Problems at fields that are shown: what is said of the source as a whole stands at what it asks for. */
  private _placed(found: readonly IProblem[]): Record<string, string> {
    const { kind, way } = this._fields;
    const asked = kind === 'database' ? PLACES[way === 'query' ? 'query' : 'table'] : PLACES.path;
    const shown: readonly string[] = Object.values(PLACES);
    return Object.fromEntries(
      found.map(({ field = '', message }) => [shown.includes(field) ? field : asked, message]),
    );
  }

  private _fields: IImportFields;
  private _sources: readonly IImportSource[] | null = null;
  private _problems: Record<string, string> = {};
  private _failure: ApiError | null = null;
  private _tried = false;
  private _isBusy = false;
  private _isDisposed = false;
  private _turn = 0;
  private _timer = 0;
  private readonly _touched = new Set<string>();
  private readonly _changed = new Signal<this, void>(this);
}

interface IProblem {
  field?: string;
  message: string;
}

/** Names of the fields where the service finds something wrong. */
const PLACES: Readonly<Record<keyof IImportFields, string>> = {
  kind: 'source.type',
  connection: 'source.connection',
  way: 'source.way',
  query: 'source.query',
  table: 'source.table_name',
  path: 'source.path',
  name: 'name',
  type: 'type',
  description: 'description',
  target: 'path',
};

function sourcesOf(
  datastores: readonly Schemas['Datastore'][],
  connections: readonly Schemas['ConnectionView'][],
): IImportSource[] {
  const kindOf = (type: string): IImportFields['kind'] | null =>
    DATABASES.includes(type) ? 'database' : STORAGES.includes(type) ? 'file_system' : null;
  return [
    ...datastores.map(({ name, type }) => ({ name, type, kind: kindOf(type) ?? ofStore(type) })),
    ...connections.flatMap(({ name, type }) => {
      const kind = kindOf(type);
      return kind ? [{ name, type, kind }] : [];
    }),
  ].map(one => ({ ...one, reference: `azureml:${one.name}` }));
}

function ofStore(type: string): IImportFields['kind'] {
  return type === 'sql' ? 'database' : 'file_system';
}

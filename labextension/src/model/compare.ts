// Runs side by side: their order, and the sections that are read one by one. The first is the baseline.
import { DisposableSet, type IDisposable } from '@lumino/disposable';
import type {
  Analysis,
  ArtifactComparison,
  CodeComparison,
  Comparison,
  DataComparison,
  EnvironmentComparison,
  FileDiff,
  ICaller,
  NotebookDiff,
  Run,
  Series,
  TableDiff,
} from '../api/client';
import { concernsRun } from './concerns';
import { isSystem } from './metrics';
import { Resource } from './resource';
import { searchToFilter } from './search';
import type { WorkspaceSettings } from './settings';
import { State } from './state';
import { SLOW_REFRESH_MS, type WorkspaceModel } from './workspace';

/** How many runs can be compared. */
export const MOST_RUNS = 20;
const MOST_FOUND = 12;
/** Most points of a series, and most metrics whose points are drawn. */
const POINTS = 600;
const CHARTS = 12;
/** Seconds that the server may hold a call for what takes time. */
const WAIT_S = 20;

/** What was answered, and for which runs in which order. */
export interface ISection<T> {
  ids: readonly string[];
  value: T;
}

/** Where two versions of a file lie; no path means the executed notebooks. */
export interface IPlace {
  base: string;
  other: string;
  path?: string;
  of: 'code' | 'artifacts';
}

export class CompareModel implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    private readonly _models: WorkspaceModel,
    settings: WorkspaceSettings,
    runs: readonly string[],
  ) {
    this.runs = new State(distinct(runs));
    this.facts = this._section((run_ids, signal) => {
      const { primaryMetric, primaryMetricGoal } = settings.values;
      const chosen = primaryMetric ? { metric: primaryMetric, goal: primaryMetricGoal } : {};
      return _caller.call('runs.compare', { run_ids, ...chosen }, { signal });
    });
    this.series = this._section(async (run_ids, signal) => {
      const names = await _caller.call('runs.list_metrics', { run_ids }, { signal });
      const keys = names.filter(name => !isSystem(name)).slice(0, CHARTS);
      if (keys.length === 0) {
        return [];
      }
      return await _caller.call('runs.series', { run_ids, keys, max_points: POINTS }, { signal });
    });
    this.code = this._section((run_ids, signal) =>
      _caller.call('runs.compare_code', { run_ids }, { signal }),
    );
    this.environments = this._section((run_ids, signal) =>
      _caller.call('runs.compare_environments', { run_ids }, { signal }),
    );
    this.data = this._section((run_ids, signal) =>
      _caller.call('runs.compare_data', { run_ids }, { signal }),
    );
    this.artifacts = this._section((run_ids, signal) =>
      _caller.call('runs.compare_artifacts', { run_ids }, { signal }),
    );
    for (const part of this._parts) {
      const concerns = (event: Parameters<typeof concernsRun>[0]): boolean =>
        this.runs.value.some(id => concernsRun(event, id));
      this._disposables.add(part);
      this._disposables.add(_models.follow(part, concerns, SLOW_REFRESH_MS));
    }
    this.runs.changed.connect(() => this._readAll());
    this._readAll();
  }

  /** Ids in order; the first is the baseline. */
  readonly runs: State<readonly string[]>;
  readonly onlyDifferences = new State(true);
  /** Whether a run is being looked for, to be added. */
  readonly isAdding = new State(false);

  readonly facts: Resource<ISection<Comparison>>;
  readonly series: Resource<ISection<readonly Series[]>>;
  readonly code: Resource<ISection<CodeComparison>>;
  readonly environments: Resource<ISection<EnvironmentComparison>>;
  readonly data: Resource<ISection<DataComparison>>;
  readonly artifacts: Resource<ISection<ArtifactComparison>>;

  get isReady(): boolean {
    return this.runs.value.length >= 2;
  }

  get isDisposed(): boolean {
    return this._disposables.isDisposed;
  }

  add(runId: string): void {
    this.runs.value = distinct([...this.runs.value, runId]);
  }

  remove(runId: string): void {
    this.runs.value = this.runs.value.filter(id => id !== runId);
  }

  makeBaseline(runId: string): void {
    this.runs.value = [runId, ...this.runs.value.filter(id => id !== runId)];
  }

  /** Put a run at a place among the others. */
  place(runId: string, at: number): void {
    const others = this.runs.value.filter(id => id !== runId);
    const to = Math.max(0, Math.min(others.length, at));
    this.runs.value = [...others.slice(0, to), runId, ...others.slice(to)];
  }

  /** Runs by name, state or person, without those that are compared already. */
  async find(text: string, signal: AbortSignal): Promise<readonly Run[]> {
    const me = this._models.info.value?.user ?? '';
    const filter = searchToFilter(text, me);
    const max_results = MOST_FOUND + this.runs.value.length;
    const page = await this._caller.call('runs.list', { filter, max_results }, { signal });
    return page.items.filter(run => !this.runs.value.includes(run.run_id)).slice(0, MOST_FOUND);
  }

  /** Two versions of a text; read when it is asked for the first time. */
  fileDiff(place: IPlace): Resource<FileDiff> {
    return this._once(`file ${JSON.stringify(place)}`, signal =>
      this._caller.call(
        'runs.diff_file',
        { run_id: place.base, other_run_id: place.other, path: place.path ?? '', of: place.of },
        { signal },
      ),
    );
  }

  /** Two versions of a notebook, or the executed ones. */
  notebookDiff(place: IPlace): Resource<NotebookDiff> {
    const { base, other, path, of } = place;
    return this._once(`notebook ${JSON.stringify(place)}`, signal =>
      this._caller.call(
        'runs.diff_notebook',
        { run_id: base, other_run_id: other, path, of },
        { signal },
      ),
    );
  }

  tableDiff(place: IPlace): Resource<TableDiff> {
    const { base, other, path = '' } = place;
    return this._once(`table ${JSON.stringify(place)}`, signal =>
      this._caller.call('runs.diff_table', { run_id: base, other_run_id: other, path }, { signal }),
    );
  }

  /** How the distributions of two versions of a data asset differ; it is told when it is worked out. */
  versionDiff(name: string, base: string, version: string): Resource<Analysis> {
    return this._once(`versions ${JSON.stringify([name, base, version])}`, async signal => {
      for (;;) {
        const args = { name, version, base, wait_s: WAIT_S };
        const found = await this._caller.call('data.compare', args, { signal });
        if (found.state !== 'running' || signal.aborted) {
          return found;
        }
      }
    });
  }

  dispose(): void {
    this._disposables.dispose();
    for (const diff of this._diffs.values()) {
      diff.dispose();
    }
  }

  private get _parts(): Resource<unknown>[] {
    return [this.facts, this.series, this.code, this.environments, this.data, this.artifacts];
  }

  private _readAll(): void {
    if (this.isReady) {
      for (const part of this._parts) {
        void part.restart();
      }
    }
  }

  private _section<T>(
    read: (ids: string[], signal: AbortSignal) => Promise<T>,
  ): Resource<ISection<T>> {
    return new Resource<ISection<T>>(async signal => {
      const ids = this.runs.value;
      return { ids, value: await read([...ids], signal) };
    });
  }

  private _once<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
    let found = this._diffs.get(key) as Resource<T> | undefined;
    if (!found) {
      found = new Resource<T>(read);
      this._diffs.set(key, found);
      void found.refresh();
    }
    return found;
  }

  private readonly _diffs = new Map<string, Resource<unknown>>();
  private readonly _disposables = new DisposableSet();
}

function distinct(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)].slice(0, MOST_RUNS);
}

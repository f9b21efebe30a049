// The runs page: what is asked for, and the runs that answer it.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { ICaller, Run, Series } from '../api/client';
import { Collection } from './collection';
import { concernsRuns } from './concerns';
import { allKeys, differing } from './metrics';
import { Resource } from './resource';
import { searchToFilter } from './search';
import { SLOW_REFRESH_MS, type WorkspaceModel } from './workspace';

export interface IRunsQuery {
  /** What stands in the filter box: free text or the filter language. */
  text: string;
  /** Such as `metrics.auc`; empty for newest first. */
  orderBy: string;
  descending: boolean;
  archived: boolean;
}

export const NO_QUERY: IRunsQuery = { text: '', orderBy: '', descending: true, archived: false };

/** Runs asked for at once. */
const PAGE = 100;

/** At most this many runs and metrics are drawn beside the table. */
export const CHARTED = { runs: 10, metrics: 12 };

export class RunsModel implements IDisposable {
  constructor(
    caller: ICaller,
    private readonly _models: WorkspaceModel,
    query: Partial<IRunsQuery> = {},
  ) {
    this._query = { ...NO_QUERY, ...query };
    this.runs = new Collection<Run>(
      (page_token, signal) => {
        const { orderBy, descending, archived } = this._query;
        return caller.call(
          'runs.list',
          {
            filter: this.filter,
            order_by: orderBy ? [`${orderBy} ${descending ? 'DESC' : 'ASC'}`] : [],
            view: archived ? 'archived' : 'active',
            max_results: PAGE,
            page_token,
          },
          { signal },
        );
      },
      run => run.run_id,
    );
    this.series = new Resource<readonly Series[]>(async signal => {
      const run_ids = this.charted.map(run => run.run_id);
      const keys = this.chartedMetrics;
      return run_ids.length && keys.length
        ? caller.call('runs.series', { run_ids, keys, max_points: 400 }, { signal })
        : [];
    });
    this._following = _models.follow(this.runs, concernsRuns, SLOW_REFRESH_MS);
    this.runs.changed.connect(() => this._chart());
    void this.runs.refresh();
  }

  readonly runs: Collection<Run>;
  /** Points of the charted runs and metrics. */
  readonly series: Resource<readonly Series[]>;

  get query(): IRunsQuery {
    return this._query;
  }

  /** Fires when something else is asked for. */
  get queryChanged(): ISignal<this, IRunsQuery> {
    return this._queryChanged;
  }

  /** The filter as the server gets it. */
  get filter(): string {
    return searchToFilter(this._query.text, this._models.info.value?.user ?? '');
  }

  /** Names of metrics and params that stand as columns. */
  columns(onlyDiffering: boolean): { metrics: string[]; params: string[] } {
    const runs = this.runs.items ?? [];
    return onlyDiffering && runs.length > 1 ? differing(runs) : allKeys(runs);
  }

  /** Runs whose metrics are drawn: the first in the table that have any. */
  get charted(): readonly Run[] {
    return (this.runs.items ?? [])
      .filter(run => allKeys([run]).metrics.length > 0)
      .slice(0, CHARTED.runs);
  }

  /** Metrics that are drawn. */
  get chartedMetrics(): string[] {
    return allKeys(this.charted).metrics.slice(0, CHARTED.metrics);
  }

  /** Whether charts are wanted: their points are read only then. */
  set withCharts(value: boolean) {
    this._withCharts = value;
    this._chart();
  }

  ask(change: Partial<IRunsQuery>): void {
    this._query = { ...this._query, ...change };
    this._queryChanged.emit(this._query);
    void this.runs.restart();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._following.dispose();
    this.runs.dispose();
    this.series.dispose();
    Signal.clearData(this);
  }

  /** Read points anew when the charted runs, or how far they are, have changed. */
  private _chart(): void {
    if (!this._withCharts) {
      return;
    }
    const drawn = JSON.stringify(this.charted.map(run => [run.run_id, run.metrics]));
    if (drawn !== this._drawn) {
      this._drawn = drawn;
      void this.series.refresh();
    }
  }

  private _query: IRunsQuery;
  private _drawn = '';
  private _withCharts = false;
  private _isDisposed = false;
  private readonly _following: IDisposable;
  private readonly _queryChanged = new Signal<this, IRunsQuery>(this);
}

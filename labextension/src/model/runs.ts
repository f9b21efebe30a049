// The runs page: what is asked for, and the runs that answer it.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { ICaller, Run, Series } from '../api/client';
import { Collection } from './collection';
import type { ChosenColumns } from './columns';
import { concernsRuns } from './concerns';
import { allKeys } from './metrics';
import { Resource } from './resource';
import { flat, hold, type IRunRow, nested } from './rows';
import { searchToFilter } from './search';
import { State } from './state';
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

/** How the page looks, as the person chose; remembered. */
export interface IRunsLook {
  /** Columns shown or hidden by hand. */
  columns: ChosenColumns;
  /** Widths of columns set by hand, in pixels. */
  widths: Readonly<Record<string, number>>;
  onlyDiffering: boolean;
  /** Whether runs stand below their parents. */
  isNested: boolean;
  withCharts: boolean;
  /** How much of the page's width the charts have, in percent. */
  chartsWidth: number;
}

export const FIRST_LOOK: IRunsLook = {
  columns: {},
  widths: {},
  onlyDiffering: true,
  isNested: true,
  withCharts: false,
  chartsWidth: 42,
};

/** Runs asked for at once. */
const PAGE = 100;

/** So many runs are drawn by themselves, so many when eyes are opened, and so many metrics. */
export const CHARTED = { first: 10, most: 30, metrics: 12 };

export class RunsModel implements IDisposable {
  constructor(
    caller: ICaller,
    private readonly _models: WorkspaceModel,
    query: Partial<IRunsQuery> = {},
    look: Partial<IRunsLook> = {},
  ) {
    this._query = { ...NO_QUERY, ...query };
    this.look = new State<IRunsLook>({ ...FIRST_LOOK, ...look });
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
    this.runs.changed.connect(() => this._take());
    this.look.changed.connect(() => this._arrange());
    void this.runs.refresh();
  }

  readonly look: State<IRunsLook>;
  /** Id of the run that is pointed at, in the table or in a chart. */
  readonly hovered = new State<string | null>(null);
  /** Whether the first row is in view: then newer ones may stand above it. */
  isAtTop = true;

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

  /** Fires when other rows, eyes, chosen runs or another baseline are to be shown. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Runs in the table, newer ones that would push in left out; null before the first answer. */
  get shown(): readonly Run[] | null {
    return this._shown;
  }

  /** Runs that wait for `showNew`. */
  get nNew(): number {
    return this._nNew;
  }

  /** The rows of the table: those of folded parents left out. */
  get rows(): readonly IRunRow[] {
    return this._rows;
  }

  /** Show the runs that wait, in the order of the server. */
  showNew(): void {
    this._answers += 1;
    this._takeAll();
  }

  /** Counts up when other rows are shown than before, which one reads from the top. */
  get answers(): number {
    return this._answers;
  }

  /** Read anew and show all that comes. */
  async readAgain(): Promise<void> {
    await this.runs.refresh();
    this._takeAll();
  }

  /** Show or hide what is below a run. */
  fold(runId: string, isOpen: boolean): void {
    this._open = new Set(this._open);
    if (isOpen) {
      this._open.add(runId);
    } else {
      this._open.delete(runId);
    }
    this._arrange();
  }

  /** Ids of the chosen runs. */
  get selected(): ReadonlySet<string> {
    return this._selected;
  }

  /** The chosen runs, in the order of the table. */
  get selectedRuns(): readonly Run[] {
    return (this._shown ?? []).filter(run => this._selected.has(run.run_id));
  }

  select(ids: ReadonlySet<string>): void {
    this._selected = ids;
    this._changed.emit();
  }

  /** The run that others are measured against. */
  get baseline(): Run | null {
    return this._baseline;
  }

  /** Make a run the baseline; the same once more: none is. */
  toggleBaseline(run: Run): void {
    this._baseline = this._baseline?.run_id === run.run_id ? null : run;
    this._changed.emit();
  }

  /** Runs whose metrics are drawn: those whose eye was opened, and the first that have any. */
  get charted(): readonly Run[] {
    return this._charted;
  }

  /** Open or close the eye of a run. */
  toggleEye(runId: string): void {
    this._eyes.set(runId, !this._colours.has(runId));
    this._arrange();
  }

  /** Which colour of the palette a charted run has, as long as it is charted; undefined for others. */
  colourOf(runId: string): number | undefined {
    return this._colours.get(runId);
  }

  /** Metrics that are drawn. */
  get chartedMetrics(): string[] {
    return allKeys(this._charted).metrics.slice(0, CHARTED.metrics);
  }

  ask(change: Partial<IRunsQuery>): void {
    this._query = { ...this._query, ...change };
    this._isAsked = true;
    this._answers += 1;
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

  private _takeAll(): void {
    this._isAsked = true;
    this._seen = null;
    this._take();
  }

  /** Take what was read into the table. */
  private _take(): void {
    const items = this.runs.items;
    if (items === null || items === this._seen) {
      return;
    }
    this._seen = items;
    const isFree = this._isAsked || (this.isAtTop && this._query.orderBy === '');
    const held = isFree ? { runs: items, nNew: 0 } : hold(this._shown ?? [], items);
    this._isAsked = false;
    this._shown = held.runs;
    this._nNew = held.nNew;
    const base = this._baseline?.run_id;
    this._baseline = items.find(run => run.run_id === base) ?? this._baseline;
    this._arrange();
  }

  /** Work out rows, colours and charts. */
  private _arrange(): void {
    const runs = this._shown ?? [];
    // In another order than by time, a parent is no place to look for its runs.
    const isNested = this.look.value.isNested && this._query.orderBy === '';
    this._rows = isNested ? nested(runs, this._open) : flat(runs);
    this._charted = this._chosenForCharts();
    const ids = new Set(this._charted.map(run => run.run_id));
    for (const id of this._colours.keys()) {
      if (!ids.has(id)) {
        this._colours.delete(id);
      }
    }
    for (const id of ids) {
      if (!this._colours.has(id)) {
        this._colours.set(id, leastFree(new Set(this._colours.values())));
      }
    }
    this._changed.emit();
    this._chart();
  }

  private _chosenForCharts(): Run[] {
    const able = (this._shown ?? []).filter(run => allKeys([run]).metrics.length > 0);
    const inRows = new Set(this._rows.map(row => row.run.run_id));
    const nOpened = able.filter(run => this._eyes.get(run.run_id)).length;
    let room = Math.max(0, CHARTED.first - nOpened);
    return able
      .filter(run => {
        const eye = this._eyes.get(run.run_id);
        const isFirst = eye === undefined && inRows.has(run.run_id) && room > 0;
        room -= isFirst ? 1 : 0;
        return eye || isFirst;
      })
      .slice(0, CHARTED.most);
  }

  /** Read points anew when the charted runs, or how far they are, have changed. */
  private _chart(): void {
    if (!this.look.value.withCharts) {
      return;
    }
    const drawn = JSON.stringify(this._charted.map(run => [run.run_id, run.metrics]));
    if (drawn !== this._drawn) {
      this._drawn = drawn;
      void this.series.refresh();
    }
  }

  private _query: IRunsQuery;
  private _shown: readonly Run[] | null = null;
  private _seen: readonly Run[] | null = null;
  private _rows: readonly IRunRow[] = [];
  private _nNew = 0;
  private _answers = 0;
  private _isAsked = true;
  private _open = new Set<string>();
  private _selected: ReadonlySet<string> = new Set();
  private _baseline: Run | null = null;
  private _charted: readonly Run[] = [];
  private readonly _eyes = new Map<string, boolean>();
  private readonly _colours = new Map<string, number>();
  private _drawn = '';
  private _isDisposed = false;
  private readonly _following: IDisposable;
  private readonly _queryChanged = new Signal<this, IRunsQuery>(this);
  private readonly _changed = new Signal<this, void>(this);
}

function leastFree(taken: ReadonlySet<number>): number {
  let colour = 0;
  while (taken.has(colour)) {
    colour += 1;
  }
  return colour;
}

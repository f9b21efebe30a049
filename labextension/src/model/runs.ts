// The runs page: what is asked for, and the runs that answer it.
import { DisposableSet, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Event, ICaller, Run, RunFolder, SavedView, Series } from '../api/client';
import { type ICard, type ICardNames, type ILineLook, LINE_LOOK } from './cards';
import { ChartsModel } from './charts';
import { Collection } from './collection';
import type { ChosenColumns } from './columns';
import { concernsRuns } from './concerns';
import { FOLDER_TAG, inFolder } from './folders';
import { GroupsModel, type IGroupQuery } from './groups';
import { KeyTable } from './keytable';
import { allKeys, isSystem } from './metrics';
import { Resource } from './resource';
import { flat, hold, type IRow, nested } from './rows';
import { searchToFilter } from './search';
import { State } from './state';
import { type IViewState, stateOf, ViewsModel } from './views';
import { SLOW_REFRESH_MS, type WorkspaceModel } from './workspace';
import { SeriesZoom } from './zoom';

export interface IRunsQuery {
  /** What stands in the filter box: free text or the filter language. */
  text: string;
  /** Such as `metrics.auc`; empty for newest first. */
  orderBy: string;
  descending: boolean;
  archived: boolean;
  /** Only runs in this folder or below it; empty for all. */
  folder: string;
  /** Such as `params.model`; empty for no groups. */
  groupBy: string;
}

export const NO_QUERY: IRunsQuery = {
  text: '',
  orderBy: '',
  descending: true,
  archived: false,
  folder: '',
  groupBy: '',
};

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
  /** The cards that were chosen; null for one a metric. */
  cards: readonly ICard[] | null;
  /** How lines are drawn where their card does not say. */
  lines: ILineLook;
}

export const FIRST_LOOK: IRunsLook = {
  columns: {},
  widths: {},
  onlyDiffering: true,
  isNested: true,
  withCharts: false,
  chartsWidth: 42,
  cards: null,
  lines: LINE_LOOK,
};

/** Runs asked for at once. */
const PAGE = 100;

/** Points of a series as it is drawn at first: least and greatest for each two pixels or so. */
const POINTS = 600;

/** What is worked out over all runs is read again at most this often. */
const GROUPS_REFRESH_MS = 5000;

/** Groups tell of so many metrics. */
const MOST_GROUP_METRICS = 6;

/** Whether runs may have come into folders, or left them. */
function concernsFolders(event: Event): boolean {
  const { tags, archived } = event.change ?? {};
  return archived !== undefined || (Array.isArray(tags) && tags.includes(FOLDER_TAG));
}

/** So many runs are drawn by themselves, so many when eyes are opened, and so many metrics. */
export const CHARTED = { first: 10, most: 30, metrics: 12 };

/** Most metrics whose points are read at once, however many cards there are. */
const MOST_METRICS = 40;

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
        this._asked = this.wholeFilter;
        return caller.call(
          'runs.list',
          {
            filter: this.wholeFilter,
            order_by: this._orderBy,
            view: this._view,
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
        ? caller.call('runs.series', { run_ids, keys, max_points: POINTS }, { signal })
        : [];
    });
    this.zoom = new SeriesZoom(caller, () => this.charted.map(run => run.run_id));
    this.folders = new Resource<readonly RunFolder[]>(signal =>
      caller.call('runs.list_folders', {}, { signal }),
    );
    this.groups = new GroupsModel(caller, () => this._groupQuery());
    this.charts = new ChartsModel(caller, this._chartsPage());
    this.views = new ViewsModel(caller, _models);
    this._disposables = DisposableSet.from([
      _models.follow(this.runs, concernsRuns, SLOW_REFRESH_MS),
      _models.follow(
        this.groups,
        event => this.isGrouped && concernsRuns(event),
        GROUPS_REFRESH_MS,
      ),
      _models.follow(this.charts.table, concernsRuns, GROUPS_REFRESH_MS),
      _models.follow(this.folders, concernsFolders, SLOW_REFRESH_MS),
      this.runs,
      this.series,
      this.zoom,
      this.folders,
      this.groups,
      this.charts,
      this.views,
    ]);
    this.runs.changed.connect(() => this._take());
    this.groups.changed.connect(() => this._arrange());
    this.folders.changed.connect(() => {
      // Only now the folders below the open one are known.
      if (this._query.folder && this._asked !== this.wholeFilter) {
        this.ask({});
      }
    });
    this.look.changed.connect(() => this._arrange());
    void this.folders.refresh();
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
  /** The stretch of the line charts that is looked at closely. */
  readonly zoom: SeriesZoom;
  /** Folders that have runs. */
  readonly folders: Resource<readonly RunFolder[]>;
  readonly groups: GroupsModel;
  readonly charts: ChartsModel;
  readonly views: ViewsModel;

  get query(): IRunsQuery {
    return this._query;
  }

  /** Fires when something else is asked for. */
  get queryChanged(): ISignal<this, IRunsQuery> {
    return this._queryChanged;
  }

  /** The filter that the box stands for. */
  get filter(): string {
    return searchToFilter(this._query.text, this._models.info.value?.user ?? '');
  }

  /** The filter as the server gets it: that of the box, in the folder that is open. */
  get wholeFilter(): string {
    return inFolder(this.filter, this._query.folder, this.folders.value ?? []);
  }

  /** What a view keeps of the page. */
  get state(): IViewState {
    return { query: this._query, look: this.look.value };
  }

  /** Show the page as a view has it. */
  show(view: { query: Partial<IRunsQuery>; look: Partial<IRunsLook> }): void {
    this.look.value = { ...FIRST_LOOK, ...view.look };
    this.ask({ ...NO_QUERY, ...view.query });
  }

  /** Show what a saved view shows, as its tab. */
  showView(view: SavedView): void {
    this.views.active.value = view.id;
    this.show(stateOf(view));
  }

  get isGrouped(): boolean {
    return this._query.groupBy !== '';
  }

  /** Fires when other rows, eyes, chosen runs or another baseline are to be shown. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Runs in the table, newer ones that would push in left out; null before the first answer. */
  get shown(): readonly Run[] | null {
    return this._shown;
  }

  /** What the runs in the table have, and in what they differ. */
  get keys(): KeyTable {
    return this._keys;
  }

  /** Runs that wait for `showNew`. */
  get nNew(): number {
    return this._nNew;
  }

  /** The rows of the table: those of folded parents and groups left out. */
  get rows(): readonly IRow[] {
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
    const groups = this.isGrouped ? [this.groups.refresh()] : [];
    await Promise.all([this.runs.refresh(), this.folders.refresh(), ...groups]);
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
    return this._known.filter(run => this._selected.has(run.run_id));
  }

  /** Choose runs; what is none of those in the table is left out. */
  select(ids: ReadonlySet<string>): void {
    const known = new Set(this._known.map(run => run.run_id));
    this._selected = new Set([...ids].filter(id => known.has(id)));
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
    return this.charts.metrics.slice(0, MOST_METRICS);
  }

  ask(change: Partial<IRunsQuery>): void {
    this._query = { ...this._query, ...change };
    this._isAsked = true;
    this._answers += 1;
    this.zoom.range.value = null;
    this._queryChanged.emit(this._query);
    void this.runs.restart();
    this.groups.close();
    this._grouped = '';
    this._readGroups();
    this.charts.restart();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._disposables.dispose();
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
    this._keys = KeyTable.of(held.runs, this._keys);
    this._names = this._namesOf(this._keys);
    this._readGroups();
    const base = this._baseline?.run_id;
    this._baseline = items.find(run => run.run_id === base) ?? this._baseline;
    this._arrange();
  }

  /** Work out rows, colours and charts. */
  private _arrange(): void {
    const runs = this._shown ?? [];
    // In another order than by time, a parent is no place to look for its runs.
    const isNested = this.look.value.isNested && this._query.orderBy === '';
    if (this.isGrouped) {
      this._rows = this.groups.rows;
    } else {
      this._rows = isNested ? nested(runs, this._open) : flat(runs);
    }
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
    const inRows = this.isGrouped
      ? null
      : new Set(this._rows.flatMap(row => ('run' in row ? row.run.run_id : [])));
    const known = this._known;
    const isOpened = (run: Run): boolean => this._eyes.get(run.run_id) === true;
    const nOpened = this._eyes.size === 0 ? 0 : known.filter(isOpened).length;
    let room = Math.max(0, CHARTED.first - nOpened);
    const chosen: Run[] = [];
    for (const run of known) {
      const eye = this._eyes.get(run.run_id);
      const isFirst = eye === undefined && room > 0 && (inRows?.has(run.run_id) ?? true);
      if ((eye || isFirst) && hasMetrics(run)) {
        chosen.push(run);
        room -= isFirst ? 1 : 0;
      }
      if (
        chosen.length === CHARTED.most ||
        (room === 0 && chosen.length >= nOpened + CHARTED.first)
      ) {
        break;
      }
    }
    return chosen;
  }

  /** Read points anew when the charted runs, or how far they are, have changed. */
  private _chart(): void {
    if (!this.look.value.withCharts) {
      return;
    }
    this.charts.arrange();
    const runs = this._charted.map(run => [run.run_id, run.metrics]);
    const drawn = JSON.stringify([this.chartedMetrics, runs]);
    if (drawn !== this._drawn) {
      this._drawn = drawn;
      void this.series.refresh();
      if (this.zoom.range.value) {
        void this.zoom.detail.refresh();
      }
    }
  }

  /** Names of what the runs have; params that differ come first: they are what one looks for. */
  private _namesOf(keys: KeyTable): ICardNames {
    const rank = (name: string): number => (keys.differs('params', name) ? 0 : 1);
    const params = keys.names('params').sort((a, b) => rank(a) - rank(b));
    const numbers = params.filter(name => keys.isNumeric('params', name));
    return { metrics: keys.names('metrics'), params, numbers };
  }

  /** The runs that were read: those of the table, and those of open groups. */
  private get _known(): readonly Run[] {
    const shown = this._shown ?? [];
    if (!this.isGrouped) {
      return shown;
    }
    const ids = new Set(shown.map(run => run.run_id));
    return [...shown, ...this.groups.runs.filter(run => !ids.has(run.run_id))];
  }

  private get _orderBy(): string[] {
    const { orderBy, descending } = this._query;
    return orderBy ? [`${orderBy} ${descending ? 'DESC' : 'ASC'}`] : [];
  }

  private get _view(): 'active' | 'archived' {
    return this._query.archived ? 'archived' : 'active';
  }

  private _groupQuery(): IGroupQuery {
    return {
      by: this._query.groupBy,
      filter: this.wholeFilter,
      view: this._view,
      orderBy: this._orderBy,
      metrics: this._names.metrics.slice(0, MOST_GROUP_METRICS),
    };
  }

  /** Read the groups when their metrics are other ones than before; which those are, the runs tell. */
  private _readGroups(): void {
    const { by, metrics } = this._groupQuery();
    const asked = JSON.stringify([by, metrics]);
    if (this.isGrouped && asked !== this._grouped) {
      this._grouped = asked;
      void this.groups.groups.restart();
    }
  }

  private _chartsPage(): ConstructorParameters<typeof ChartsModel>[1] {
    const page = this;
    return {
      get isOpen() {
        return page.look.value.withCharts;
      },
      get cards() {
        return page.look.value.cards;
      },
      set cards(cards) {
        page.look.value = { ...page.look.value, cards };
      },
      get filter() {
        return page.wholeFilter;
      },
      get view() {
        return page._view;
      },
      get names(): ICardNames {
        return page._names;
      },
      get firstMetrics() {
        return allKeys(page.charted).metrics.slice(0, CHARTED.metrics);
      },
    };
  }

  private _query: IRunsQuery;
  private _shown: readonly Run[] | null = null;
  private _seen: readonly Run[] | null = null;
  private _rows: readonly IRow[] = [];
  private _nNew = 0;
  private _keys = new KeyTable();
  private _names: ICardNames = { metrics: [], params: [], numbers: [] };
  private _answers = 0;
  private _isAsked = true;
  private _open = new Set<string>();
  private _selected: ReadonlySet<string> = new Set();
  private _baseline: Run | null = null;
  private _charted: readonly Run[] = [];
  private readonly _eyes = new Map<string, boolean>();
  private readonly _colours = new Map<string, number>();
  private _asked = '';
  private _drawn = '';
  private _grouped = '';
  private _isDisposed = false;
  private readonly _disposables: DisposableSet;
  private readonly _queryChanged = new Signal<this, IRunsQuery>(this);
  private readonly _changed = new Signal<this, void>(this);
}

function hasMetrics(run: Run): boolean {
  return Object.keys(run.metrics ?? {}).some(name => !isSystem(name));
}

function leastFree(taken: ReadonlySet<number>): number {
  let colour = 0;
  while (taken.has(colour)) {
    colour += 1;
  }
  return colour;
}

// The workspace as the front end sees it: a model per noun, kept up to date by the events.
import { DisposableDelegate, DisposableSet, type IDisposable } from '@lumino/disposable';
import type {
  Build,
  Compute,
  Event,
  ICaller,
  ILabState,
  Job,
  Run,
  WorkspaceInfo,
} from '../api/client';
import type { EventStream } from '../api/events';
import { Collection } from './collection';
import {
  concernsComputes,
  concernsData,
  concernsEnvironments,
  concernsJobs,
  concernsRun,
  concernsRuns,
} from './concerns';
import type { Asset } from './data';
import { Resource } from './resource';
import { quoteKey } from './search';
import type { WorkspaceSettings } from './settings';
import { isFinal } from './states';
import { Throttle } from './throttle';

/** Models are read again at most this often while events stream in, in milliseconds. */
export const REFRESH_MS = 1000;
/** The same for what costs more to read, or changes with every metric. */
export const SLOW_REFRESH_MS = 2500;

/** Models that every page shares. They read nothing before somebody asks (`ensure`). */
export class WorkspaceModel implements IDisposable {
  constructor(
    private readonly _caller: ICaller & { labState(): Promise<ILabState> },
    readonly events: EventStream,
    settings: WorkspaceSettings,
  ) {
    this.info = new Resource<WorkspaceInfo>(signal =>
      _caller.call('workspaces.show', {}, { signal }),
    );
    this.jobs = new Collection<Job>(
      (page_token, signal) =>
        _caller.call('jobs.list', { max_results: 50, page_token }, { signal }),
      job => job.name,
    );
    this.recentRuns = new Collection<Run>(
      (page_token, signal) =>
        _caller.call('runs.list', { max_results: 50, page_token }, { signal }),
      run => run.run_id,
    );
    this.computes = new Resource<readonly Compute[]>(signal =>
      _caller.call('computes.list', {}, { signal }),
    );
    this.data = new Collection<Asset>(
      (page_token, signal) =>
        _caller.call('data.list', { max_results: 50, page_token }, { signal }),
      asset => asset.name,
    );
    this.bestRun = new Resource<Run | null>(async signal => {
      const { primaryMetric, primaryMetricGoal } = settings.values;
      if (!primaryMetric) {
        return null;
      }
      const metric = `metrics.${quoteKey(primaryMetric)}`;
      const order = primaryMetricGoal === 'minimize' ? 'ASC' : 'DESC';
      const found = await _caller.call(
        'runs.list',
        { order_by: [`${metric} ${order}`], max_results: 1 },
        { signal },
      );
      const run = found.items[0];
      return run && primaryMetric in (run.metrics ?? {}) ? run : null;
    });
    settings.changed.connect(() => {
      if (!this._shared.has(this.bestRun)) {
        void this.bestRun.refresh();
      }
    });
    this.service = new Resource<ILabState>(() => this._caller.labState());
    events.failed.connect(() => void this.service.refresh());
    this.environments = new Resource<readonly Build[]>(signal =>
      _caller.call('environments.list_builds', {}, { signal }),
    );
    const never = (): boolean => false;
    this._share(this.info, never, REFRESH_MS);
    this._share(this.jobs, concernsJobs, REFRESH_MS);
    this._share(this.recentRuns, concernsRuns, SLOW_REFRESH_MS);
    this._share(this.bestRun, concernsRuns, SLOW_REFRESH_MS);
    this._share(this.data, concernsData, REFRESH_MS);
    this._share(this.computes, concernsComputes, REFRESH_MS);
    this._share(this.environments, concernsEnvironments, REFRESH_MS);
  }

  readonly info: Resource<WorkspaceInfo>;
  /** The newest jobs, newest first. */
  readonly jobs: Collection<Job>;
  /** The newest runs, newest first. */
  readonly recentRuns: Collection<Run>;
  readonly computes: Resource<readonly Compute[]>;
  /** How far the newest version of each environment is made. */
  readonly environments: Resource<readonly Build[]>;
  /** The newest version of each name of data, newest first. */
  readonly data: Collection<Asset>;
  /** The best run by the metric chosen in the settings; null when none is chosen or has it. */
  readonly bestRun: Resource<Run | null>;
  /** The service behind the server extension; read when the connection is lost. */
  readonly service: Resource<ILabState>;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Jobs that have not ended, newest first. */
  get activeJobs(): readonly Job[] {
    return (this.jobs.items ?? []).filter(job => !isFinal(job.status));
  }

  /** Read a shared model now if nobody has yet, and keep it up to date from here on. */
  ensure(resource: Resource<unknown>): void {
    const follow = this._shared.get(resource);
    if (follow) {
      this._shared.delete(resource);
      this._disposables.add(follow());
      void resource.refresh();
    }
  }

  /**
   * Read `resource` again whenever an event concerns it, at most once in `ms`.
   *
   * Returns what ends that; `resource` stays the caller's to dispose.
   */
  follow(
    resource: { refresh(): Promise<unknown> },
    concerns: (event: Event) => boolean,
    ms = REFRESH_MS,
  ): IDisposable {
    const throttle = new Throttle(() => void resource.refresh(), ms);
    const onEvents = (_: EventStream, events: readonly Event[]): void => {
      if (events.some(concerns)) {
        throttle.invoke();
      }
    };
    const onReset = (): void => throttle.invoke();
    this.events.arrived.connect(onEvents);
    this.events.reset.connect(onReset);
    return new DisposableDelegate(() => {
      this.events.arrived.disconnect(onEvents);
      this.events.reset.disconnect(onReset);
      throttle.dispose();
    });
  }

  /** A model of one job that follows its events. The caller disposes it. */
  job(name: string): Resource<Job> {
    return this._single(name, signal => this._caller.call('jobs.get', { name }, { signal }));
  }

  /** A model of one run that follows its events. The caller disposes it. */
  run(runId: string): Resource<Run> {
    return this._single(runId, signal =>
      this._caller.call('runs.get', { run_id: runId }, { signal }),
    );
  }

  dispose(): void {
    this._isDisposed = true;
    this._disposables.dispose();
  }

  private _single<T>(id: string, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
    const resource = new Resource<T>(read);
    // A job is a run of the same name: events of either concern both.
    const following = this.follow(resource, event => concernsRun(event, id));
    const dispose = resource.dispose.bind(resource);
    resource.dispose = () => {
      following.dispose();
      dispose();
    };
    void resource.refresh();
    return resource;
  }

  private _share(
    resource: Resource<unknown>,
    concerns: (event: Event) => boolean,
    ms: number,
  ): void {
    this._disposables.add(resource);
    this._shared.set(resource, () => this.follow(resource, concerns, ms));
  }

  private _isDisposed = false;
  /** Shared models that nobody has asked for yet, with what makes them follow the events. */
  private readonly _shared = new Map<Resource<unknown>, () => IDisposable>();
  private readonly _disposables = new DisposableSet();
}

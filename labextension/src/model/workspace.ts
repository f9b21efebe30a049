// The workspace as the front end sees it: a model per noun, kept up to date by the events.
import { DisposableDelegate, DisposableSet, type IDisposable } from '@lumino/disposable';
import type { Compute, Event, ICaller, ILabState, Job, Run, WorkspaceInfo } from '../api/client';
import type { EventStream } from '../api/events';
import { Collection } from './collection';
import { Resource } from './resource';
import { quoteKey } from './search';
import type { WorkspaceSettings } from './settings';
import { isFinal } from './states';
import { Throttle } from './throttle';

/** Models are read again at most this often while events stream in, in milliseconds. */
const REFRESH_MS = 1000;

/** The subject of an event: `job:NAME` is `{kind: 'job', id: 'NAME'}`. */
export function subjectOf(event: Event): { kind: string; id: string } {
  const at = event.subject.indexOf(':');
  return { kind: event.subject.slice(0, at), id: event.subject.slice(at + 1) };
}

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
    this.jobs = new Collection<Job>((page_token, signal) =>
      _caller.call('jobs.list', { max_results: 50, page_token }, { signal }),
    );
    this.recentRuns = new Collection<Run>((page_token, signal) =>
      _caller.call('runs.list', { max_results: 20, page_token }, { signal }),
    );
    this.computes = new Resource<readonly Compute[]>(signal =>
      _caller.call('computes.list', {}, { signal }),
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
    settings.changed.connect(() => this._wanted.has(this.bestRun) && void this.bestRun.refresh());
    this.service = new Resource<ILabState>(() => this._caller.labState());
    events.connectionChanged.connect((_, connection) => {
      if (connection !== 'live') {
        void this.service.refresh();
      }
    });
    const shared: readonly [Resource<unknown>, readonly string[]][] = [
      [this.info, ['job', 'run']],
      [this.jobs, ['job', 'run']],
      [this.recentRuns, ['job', 'run', 'experiment']],
      [this.bestRun, ['run']],
      [this.computes, ['job', 'run', 'compute']],
    ];
    for (const [resource, kinds] of shared) {
      this._disposables.add(resource);
      this._disposables.add(
        this.follow(
          resource,
          event => kinds.includes(subjectOf(event).kind),
          () => this._wanted.has(resource),
        ),
      );
    }
  }

  readonly info: Resource<WorkspaceInfo>;
  /** The newest jobs, newest first. */
  readonly jobs: Collection<Job>;
  /** The newest runs, newest first. */
  readonly recentRuns: Collection<Run>;
  readonly computes: Resource<readonly Compute[]>;
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
    if (!this._wanted.has(resource)) {
      this._wanted.add(resource);
      void resource.refresh();
    }
  }

  /**
   * Read `resource` again whenever an event concerns it, at most once a second.
   *
   * Returns what ends that; `resource` stays the caller's to dispose.
   */
  follow(
    resource: Resource<unknown>,
    concerns: (event: Event) => boolean,
    wanted: () => boolean = () => true,
  ): IDisposable {
    const throttle = new Throttle(() => void resource.refresh(), REFRESH_MS);
    const refresh = (): void => {
      if (wanted()) {
        throttle.invoke();
      }
    };
    const onEvents = (_: EventStream, events: readonly Event[]): void => {
      if (events.some(concerns)) {
        refresh();
      }
    };
    this.events.arrived.connect(onEvents);
    this.events.reset.connect(refresh);
    return new DisposableDelegate(() => {
      this.events.arrived.disconnect(onEvents);
      this.events.reset.disconnect(refresh);
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
    const following = this.follow(resource, event => subjectOf(event).id === id);
    const dispose = resource.dispose.bind(resource);
    resource.dispose = () => {
      following.dispose();
      dispose();
    };
    void resource.refresh();
    return resource;
  }

  private _isDisposed = false;
  private readonly _wanted = new Set<Resource<unknown>>();
  private readonly _disposables = new DisposableSet();
}

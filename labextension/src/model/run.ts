// One run with all that its page shows; each part is read when its tab is opened, and followed from then on.
import type { IDisposable } from '@lumino/disposable';
import {
  ApiError,
  type Artifact,
  type Changes,
  type Event,
  type ICaller,
  type Job,
  type NotebookExecution,
  type Run,
  type Schemas,
  type Series,
} from '../api/client';
import { concernsRun, subjectOf } from './concerns';
import { jobLogs, LogModel } from './log';
import { isSystem } from './metrics';
import { Resource } from './resource';
import type { WorkspaceModel } from './workspace';
import { SeriesZoom } from './zoom';

/** Most points of a series that a chart asks for. */
const POINTS = 1000;

/** Metrics whose points are read at once. */
export const CHARTS_AT_ONCE = 24;

export interface ISubject {
  run: Run;
  /** The job that made the run; null when an MLflow client did. */
  job: Job | null;
}

export interface ICodeFile {
  path: string;
  size_bytes: number;
}

export class RunModel implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    private readonly _models: WorkspaceModel,
    readonly runId: string,
  ) {
    this.subject = new Resource<ISubject>(signal => this._readSubject(signal));
    this.series = new Resource<readonly Series[]>(signal => this._readSeries(false, signal));
    this.system = new Resource<readonly Series[]>(signal => this._readSeries(true, signal));
    this.notebook = new Resource<NotebookExecution>(signal =>
      _caller.call('jobs.get_notebook', { name: runId }, { signal }),
    );
    this.steps = new Resource<readonly Schemas['StepView'][]>(signal =>
      _caller.call('pipelines.list_steps', { name: runId }, { signal }),
    );
    this.code = new Resource<readonly ICodeFile[]>(
      async signal =>
        (await _caller.call(
          'jobs.get_code',
          { name: runId },
          { signal },
        )) as unknown as ICodeFile[],
    );
    this.zoom = new SeriesZoom(_caller, () => [runId]);
    this.changes = new Resource<Changes>(signal =>
      _caller.call('runs.changes', { run_id: runId }, { signal }),
    );
    this.artifacts = new ArtifactTree(_caller, runId);
    this.log = new LogModel(jobLogs(_caller, runId));
    this._following = _models.follow(this.subject, event => concernsRun(event, runId));
    void this.subject.refresh();
  }

  readonly subject: Resource<ISubject>;
  /** Points of the first metrics by name. */
  readonly series: Resource<readonly Series[]>;
  /** The stretch of the charts that is looked at closely. */
  readonly zoom: SeriesZoom;
  /** Points of what the workspace sampled: CPU, memory, GPU. */
  readonly system: Resource<readonly Series[]>;
  readonly notebook: Resource<NotebookExecution>;
  /** The steps of a pipeline, how each stands and why. */
  readonly steps: Resource<readonly Schemas['StepView'][]>;
  readonly code: Resource<readonly ICodeFile[]>;
  /** What changed since the run of the same source before this one. */
  readonly changes: Resource<Changes>;
  readonly artifacts: ArtifactTree;
  readonly log: LogModel;

  get run(): Run | null {
    return this.subject.value?.run ?? null;
  }

  get job(): Job | null {
    return this.subject.value?.job ?? null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Names of what was logged, without what was sampled. */
  get metricNames(): readonly string[] {
    return this._names(false);
  }

  get systemNames(): readonly string[] {
    return this._names(true);
  }

  /** How many metrics have their points read; setting it reads more. */
  get nCharts(): number {
    return this._nCharts;
  }

  set nCharts(value: number) {
    this._nCharts = value;
    void this.series.refresh();
  }

  /** Read a part now, and again whenever the run changes, as long as the returned thing lives. */
  open(part: Resource<unknown>): IDisposable {
    void part.refresh();
    return this._models.follow(part, event => this._concerns(part, event));
  }

  dispose(): void {
    this._isDisposed = true;
    this._following.dispose();
    for (const part of [
      this.subject,
      this.series,
      this.system,
      this.notebook,
      this.steps,
      this.code,
      this.changes,
    ]) {
      part.dispose();
    }
    this.zoom.dispose();
    this.artifacts.dispose();
    this.log.dispose();
  }

  private _names(system: boolean): readonly string[] {
    return Object.keys(this.run?.metrics ?? {})
      .filter(name => isSystem(name) === system)
      .sort();
  }

  private _concerns(part: Resource<unknown>, event: Event): boolean {
    const { kind, id } = subjectOf(event);
    if (part === this.steps) {
      return kind === 'job' && (id === this.runId || id.startsWith(`${this.runId}_`));
    }
    if (id !== this.runId) {
      return false;
    }
    const change = event.change ?? {};
    switch (part) {
      case this.series:
        return 'metrics' in change;
      case this.system:
        return 'n_system_metrics' in change;
      case this.artifacts.root:
        return event.action === 'artifacts/write';
      case this.notebook:
        return kind === 'job' || event.action === 'artifacts/write';
      default:
        return true;
    }
  }

  private async _readSubject(signal: AbortSignal): Promise<ISubject> {
    const run = await this._caller.call('runs.get', { run_id: this.runId }, { signal });
    if (run.type === 'mlflow') {
      return { run, job: null };
    }
    try {
      return { run, job: await this._caller.call('jobs.get', { name: this.runId }, { signal }) };
    } catch (error) {
      if (error instanceof ApiError && error.code === 'NOT_FOUND') {
        return { run, job: null };
      }
      throw error;
    }
  }

  private async _readSeries(system: boolean, signal: AbortSignal): Promise<readonly Series[]> {
    if (!this.subject.value || this._names(system).length === 0) {
      await this.subject.refresh();
    }
    const names = this._names(system);
    const keys = system ? [...names] : names.slice(0, this._nCharts);
    if (keys.length === 0) {
      return [];
    }
    return this._caller.call(
      'runs.series',
      { run_ids: [this.runId], keys, max_points: POINTS },
      { signal },
    );
  }

  private _nCharts = CHARTS_AT_ONCE;
  private _isDisposed = false;
  private readonly _following: IDisposable;
}

/** The files that a run left, folder by folder. */
export class ArtifactTree implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    private readonly _runId: string,
  ) {
    this.root = this.folder('');
  }

  readonly root: Resource<readonly Artifact[]>;

  /** The content of a folder; folders first. It is read when it is asked for the first time. */
  folder(path: string): Resource<readonly Artifact[]> {
    let found = this._folders.get(path);
    if (!found) {
      found = new Resource<readonly Artifact[]>(async signal => {
        const args = { run_id: this._runId, path };
        const items = await this._caller.call('runs.list_artifacts', args, { signal });
        return items.sort(
          (a, b) =>
            Number(b.is_dir ?? false) - Number(a.is_dir ?? false) || a.path.localeCompare(b.path),
        );
      });
      this._folders.set(path, found);
      if (path) {
        void found.refresh();
      }
    }
    return found;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    for (const folder of this._folders.values()) {
      folder.dispose();
    }
  }

  private _isDisposed = false;
  private readonly _folders = new Map<string, Resource<readonly Artifact[]>>();
}

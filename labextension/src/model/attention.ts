// Jobs that ended since the person last looked: what to notify, and what broke and was not seen yet.
import { type ISignal, Signal } from '@lumino/signaling';
import type { Job } from '../api/client';
import { isFinal } from './states';
import type { WorkspaceModel } from './workspace';

/** What is kept from one visit to the next. */
export interface ISeen {
  /** Ends up to this moment (ISO 8601, the server's clock) have been seen. */
  until: string;
  /** Later ones that have been seen one by one. */
  ids: string[];
}

/** Watches the newest jobs. Moments are the server's own, so a wrong clock here does no harm. */
export class Attention {
  constructor(private readonly _models: WorkspaceModel) {
    _models.jobs.changed.connect(this._look, this);
  }

  /** Fires once for every job that ends while this page is open. */
  get ended(): ISignal<this, Job> {
    return this._ended;
  }

  /** Fires when `failed` or `seen` changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Own jobs that failed and were not looked at. */
  get failed(): readonly Job[] {
    const { until, ids } = this._seen;
    return (this._models.jobs.items ?? []).filter(
      job =>
        job.status === 'Failed' &&
        this.isMine(job) &&
        (job.ended_at ?? '') > until &&
        !ids.includes(job.name),
    );
  }

  /** What to keep. */
  get seen(): ISeen {
    return this._seen;
  }

  isMine(job: Job): boolean {
    return job.user === this._models.info.value?.user;
  }

  /** Take what was kept on an earlier visit. */
  restore(seen: ISeen): void {
    this._seen = seen;
    this._changed.emit();
  }

  /** A job was looked at. */
  see(name: string): void {
    if (this.failed.some(job => job.name === name)) {
      this._seen = { ...this._seen, ids: [...this._seen.ids, name] };
      this._changed.emit();
    }
  }

  /** All that ended so far was looked at. */
  seeAll(): void {
    this._seen = { until: latestEnd(this._models.jobs.items ?? []), ids: [] };
    this._changed.emit();
  }

  private _look(): void {
    const jobs = this._models.jobs.items;
    if (!jobs || jobs === this._looked) {
      return;
    }
    const isFirst = this._looked === null;
    this._looked = jobs;
    const since = this._latest;
    this._latest = latestEnd(jobs, since);
    for (const job of jobs) {
      const attempt = `${job.name} ${job.attempt ?? 1}`;
      const wasRunning = this._running.delete(attempt);
      if (!isFinal(job.status)) {
        this._running.add(attempt);
      } else if (!isFirst && (wasRunning || (job.ended_at ?? '') > since)) {
        this._ended.emit(job);
      }
    }
    this._changed.emit();
  }

  private _seen: ISeen = { until: '', ids: [] };
  private _looked: readonly Job[] | null = null;
  private _latest = '';
  private readonly _running = new Set<string>();
  private readonly _ended = new Signal<this, Job>(this);
  private readonly _changed = new Signal<this, void>(this);
}

function latestEnd(jobs: readonly Job[], least = ''): string {
  return jobs.reduce((latest, job) => {
    const end = job.ended_at ?? '';
    return end > latest ? end : latest;
  }, least);
}

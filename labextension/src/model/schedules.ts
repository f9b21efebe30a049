// Schedules: the list that follows the events, and one that is being written.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { ApiError, type Event, type ICaller, type Schemas } from '../api/client';
import { subjectOf } from './concerns';
import { Resource } from './resource';
import { SLOW_REFRESH_MS, type WorkspaceModel } from './workspace';

export type Schedule = Schemas['Schedule'];
export type Preview = Schemas['Preview'];
type Missed = 'skip' | 'latest' | 'all';
type Overlap = 'skip' | 'queue' | 'cancel' | 'allow';

/** Milliseconds after the last key until the fire times are asked for anew. */
const TYPING_MS = 250;
export const N_TIMES = 10;

/** Whether the list may look different: a schedule, or the state of a job. */
export function concernsSchedules(event: Event): boolean {
  const { kind } = subjectOf(event);
  return kind === 'schedule' || (kind === 'job' && event.action !== 'jobs/progress');
}

/** All schedules, kept up to date, and what can be done with one. */
export class SchedulesModel implements IDisposable {
  constructor(
    private readonly _client: ICaller,
    models: WorkspaceModel,
  ) {
    this.schedules = new Resource<readonly Schedule[]>(async signal => {
      const found: Schedule[] = [];
      let page_token: string | undefined;
      do {
        const page = await _client.call(
          'schedules.list',
          { max_results: 1000, page_token },
          { signal },
        );
        found.push(...page.items);
        page_token = page.next_page_token ?? undefined;
      } while (page_token);
      return found;
    });
    this._following = models.follow(this.schedules, concernsSchedules, SLOW_REFRESH_MS);
    void this.schedules.refresh();
  }

  readonly schedules: Resource<readonly Schedule[]>;

  get isDisposed(): boolean {
    return this.schedules.isDisposed;
  }

  async setEnabled(name: string, enabled: boolean): Promise<void> {
    this.schedules.patch(all =>
      all.map(one => (one.name === name ? { ...one, is_enabled: enabled } : one)),
    );
    try {
      await this._client.call(enabled ? 'schedules.enable' : 'schedules.disable', { name });
    } finally {
      await this.schedules.refresh();
    }
  }

  /** Start the job once, now; answers its name. */
  async trigger(name: string): Promise<string> {
    const fire = await this._client.call('schedules.trigger', { name });
    await this.schedules.refresh();
    return fire.job ?? '';
  }

  async remove(name: string): Promise<void> {
    await this._client.call('schedules.disable', { name });
    await this._client.call('schedules.delete', { name });
    await this.schedules.refresh();
  }

  dispose(): void {
    this._following.dispose();
    this.schedules.dispose();
  }

  private readonly _following: IDisposable;
}

/** What is scheduled: a file of the person's, an earlier job, or a schedule that is there. */
export interface IScheduleSource {
  /** What is shown as its name. */
  title: string;
  /** A first name for the schedule. */
  name: string;
  /** The schedule that is edited; null for a new one. */
  schedule: Schedule | null;
  /** Create the schedule; all but what it starts is given. */
  create: (schedule: Record<string, unknown>) => Promise<Schedule>;
}

/** Fields of the editor, as texts. */
export interface IScheduleFields {
  name: string;
  kind: 'cron' | 'recurrence';
  expression: string;
  interval: string;
  frequency: string;
  timeZone: string;
  startTime: string;
  endTime: string;
  missed: Missed;
  maxAgeHours: string;
  overlap: Overlap;
  jitter: string;
}

const FIRST: IScheduleFields = {
  name: '',
  kind: 'cron',
  expression: '0 7 * * 1-5',
  interval: '1',
  frequency: 'hour',
  timeZone: 'UTC',
  startTime: '',
  endTime: '',
  missed: 'latest',
  maxAgeHours: '24',
  overlap: 'skip',
  jitter: '0',
};

/** A name that a schedule may have, made of any text. */
export function nameFor(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[-_]+|-+$/g, '') || 'schedule';
}

/** A schedule while it is written; `changed` fires whenever anything below did. */
export class ScheduleDraft implements IDisposable {
  constructor(
    private readonly _client: ICaller,
    readonly source: IScheduleSource,
    timeZone: string,
  ) {
    this._fields = source.schedule
      ? fieldsOf(source.schedule)
      : { ...FIRST, name: nameFor(source.name), timeZone };
    void this._ask();
  }

  get fields(): IScheduleFields {
    return this._fields;
  }

  /** What the trigger means and when it fires; the last one that was right. */
  get preview(): Preview | null {
    return this._preview;
  }

  /** What is wrong, by field as the service names it. */
  get problems(): Readonly<Record<string, string>> {
    return { ...this._triggerProblems, ...this._refused };
  }

  /** Why it could not be created as a whole. */
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

  set(change: Partial<IScheduleFields>): void {
    this._fields = { ...this._fields, ...change };
    this._refused = {};
    this._changed.emit();
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this._ask(), TYPING_MS);
  }

  /** The trigger as a schedule's YAML has it. */
  get trigger(): Record<string, unknown> {
    const { kind, expression, interval, frequency, timeZone, startTime, endTime } = this._fields;
    const kept = this.source.schedule?.trigger;
    const pattern = kept?.type === 'recurrence' && kept.schedule ? { schedule: kept.schedule } : {};
    return {
      type: kind,
      ...(kind === 'cron'
        ? { expression }
        : { interval: Number(interval) || interval, frequency, ...pattern }),
      time_zone: timeZone,
      ...(startTime && { start_time: startTime }),
      ...(endTime && { end_time: endTime }),
    };
  }

  /** Create it; answers null when something is wrong, which `problems` and `failure` then say. */
  async submit(): Promise<Schedule | null> {
    const { name, missed, maxAgeHours, overlap, jitter } = this._fields;
    const kept = this.source.schedule;
    this._isBusy = true;
    this._failure = null;
    this._refused = {};
    this._changed.emit();
    try {
      return await this.source.create({
        ...(kept && {
          display_name: kept.display_name,
          description: kept.description,
          tags: kept.tags,
        }),
        name,
        trigger: this.trigger,
        missed_runs: { policy: missed, max_age_s: Math.round(Number(maxAgeHours) * 3600) },
        overlap,
        jitter_s: Math.round(Number(jitter)),
      });
    } catch (error) {
      this._take(error);
      return null;
    } finally {
      this._isBusy = false;
      this._changed.emit();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    Signal.clearData(this);
  }

  private _take(error: unknown): void {
    const failure = error instanceof ApiError ? error : new ApiError(String(error), 0, 'INTERNAL');
    this._refused = byField(failure);
    const shown = ['name', 'jitter_s', 'missed_runs', 'overlap'];
    const hasPlace = Object.keys(this._refused).every(
      field => field.startsWith('trigger') || shown.includes(field.split('.')[0] ?? ''),
    );
    this._failure = hasPlace && Object.keys(this._refused).length > 0 ? null : failure;
  }

  private async _ask(): Promise<void> {
    const asked = this.trigger;
    const turn = ++this._turn;
    try {
      const preview = await this._client.call('schedules.preview', {
        trigger: asked,
        count: N_TIMES,
      });
      if (turn === this._turn) {
        this._preview = preview;
        this._triggerProblems = {};
      }
    } catch (error) {
      if (turn === this._turn) {
        this._triggerProblems = error instanceof ApiError ? byField(error) : {};
        this._preview = null;
      }
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _fields: IScheduleFields;
  private _preview: Preview | null = null;
  private _triggerProblems: Record<string, string> = {};
  private _refused: Record<string, string> = {};
  private _failure: ApiError | null = null;
  private _isBusy = false;
  private _isDisposed = false;
  private _turn = 0;
  private _timer = 0;
  private readonly _changed = new Signal<this, void>(this);
}

function byField(error: ApiError): Record<string, string> {
  return Object.fromEntries(error.problems.map(problem => [problem.field, problem.message]));
}

function fieldsOf(schedule: Schedule): IScheduleFields {
  const { trigger } = schedule;
  return {
    ...FIRST,
    name: schedule.name,
    kind: trigger.type ?? 'cron',
    expression: trigger.type === 'recurrence' ? FIRST.expression : trigger.expression,
    interval: trigger.type === 'recurrence' ? String(trigger.interval) : FIRST.interval,
    frequency: trigger.type === 'recurrence' ? trigger.frequency : FIRST.frequency,
    timeZone: trigger.time_zone ?? 'UTC',
    startTime: trigger.start_time ?? '',
    endTime: trigger.end_time ?? '',
    missed: schedule.missed_runs.policy ?? 'latest',
    maxAgeHours: String((schedule.missed_runs.max_age_s ?? 86_400) / 3600),
    overlap: schedule.overlap as Overlap,
    jitter: String(schedule.jitter_s),
  };
}

// Who changed what and when: read backwards, as far and as narrow as was asked for.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Event, ICaller } from '../api/client';
import { Collection } from './collection';
import { SLOW_REFRESH_MS, type WorkspaceModel } from './workspace';

const PAGE = 200;

/** What is asked of the audit; empty texts ask for nothing. */
export interface IAuditQuery {
  user: string;
  entity: string;
  action: string;
  /** Days such as `2026-11-26`, of the person's own time. */
  since: string;
  until: string;
  /** Whether what the service and its jobs did by themselves is told too. */
  isComplete: boolean;
}

export const ALL: IAuditQuery = {
  user: '',
  entity: '',
  action: '',
  since: '',
  until: '',
  isComplete: false,
};

export class AuditModel implements IDisposable {
  constructor(caller: ICaller, workspace: WorkspaceModel, query: Partial<IAuditQuery>) {
    this._query = { ...ALL, ...query };
    this.events = new Collection<Event>(
      (page_token, signal) =>
        caller.call(
          'audit.list',
          { ...argumentsOf(this._query), max_results: PAGE, page_token },
          { signal },
        ),
      event => String(event.seq),
    );
    this._following = workspace.follow(this.events, isTold, SLOW_REFRESH_MS);
    void this.events.refresh();
  }

  /** The newest first. */
  readonly events: Collection<Event>;

  get query(): IAuditQuery {
    return this._query;
  }

  /** Fires when something else is asked for. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.events.isDisposed;
  }

  ask(change: Partial<IAuditQuery>): void {
    this._query = { ...this._query, ...change };
    this._changed.emit();
    void this.events.restart();
  }

  dispose(): void {
    this._following.dispose();
    this.events.dispose();
    Signal.clearData(this);
  }

  private _query: IAuditQuery;
  private readonly _following: IDisposable;
  private readonly _changed = new Signal<this, void>(this);
}

/** Whether the audit tells an event by itself: what runs log is not among it. */
function isTold(event: Event): boolean {
  const change = event.change ?? {};
  return !(
    ['jobs/progress', 'artifacts/write'].includes(event.action) ||
    'metrics' in change ||
    'n_system_metrics' in change
  );
}

/** What is asked of the service: days are from midnight to midnight where the person is. */
export function argumentsOf(query: IAuditQuery): {
  user?: string;
  entity?: string;
  action?: string;
  since?: string;
  until?: string;
  people_only?: boolean;
} {
  const moment = (day: string, time: string): string => new Date(`${day}T${time}`).toISOString();
  return {
    ...(query.user && { user: query.user }),
    ...(query.entity && { entity: query.entity }),
    ...(query.action && { action: query.action }),
    ...(query.since && { since: moment(query.since, '00:00:00') }),
    ...(query.until && { until: moment(query.until, '23:59:59.999') }),
    // Who asks for somebody by name means also a job or the dispatcher.
    ...(!query.isComplete && !query.user && { people_only: true }),
  };
}

/** What an event says changed, in one line. */
export function changeText(event: Event): string {
  return Object.entries(event.change ?? {})
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' · ');
}

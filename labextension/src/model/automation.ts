// Triggers, webhooks and deliveries: lists that follow the events.
import type { IDisposable } from '@lumino/disposable';
import type { Event, ICaller, Schemas } from '../api/client';
import { subjectOf } from './concerns';
import { Resource } from './resource';
import { SLOW_REFRESH_MS, type WorkspaceModel } from './workspace';

export type Trigger = Schemas['TriggerView'];
export type Webhook = Schemas['Webhook'];
export type Delivery = Schemas['Delivery'];

/** Deliveries that the log shows. */
const N_DELIVERIES = 100;

export interface IAutomation {
  triggers: readonly Trigger[];
  webhooks: readonly Webhook[];
  deliveries: readonly Delivery[];
  /** Names of the schedules that a trigger may start. */
  schedules: readonly string[];
  /** What can be listened for, with what it means. */
  events: Readonly<Record<string, string>>;
}

export function concernsAutomation(event: Event): boolean {
  const { kind } = subjectOf(event);
  return (
    ['trigger', 'webhook', 'schedule', 'job'].includes(kind) && event.action !== 'jobs/progress'
  );
}

/** All of it, read together. */
export class AutomationModel implements IDisposable {
  constructor(
    readonly client: ICaller,
    models: WorkspaceModel,
  ) {
    this.all = new Resource<IAutomation>(async signal => {
      const [triggers, webhooks, deliveries, schedules, events] = await Promise.all([
        client.call('triggers.list', {}, { signal }),
        client.call('webhooks.list', {}, { signal }),
        client.call('deliveries.list', { max_results: N_DELIVERIES }, { signal }),
        client.call('schedules.list', { max_results: 1000 }, { signal }),
        client.call('triggers.list_events', {}, { signal }),
      ]);
      return {
        triggers,
        webhooks,
        deliveries,
        schedules: schedules.items.map(schedule => schedule.name),
        events,
      };
    });
    this._following = models.follow(this.all, concernsAutomation, SLOW_REFRESH_MS);
    void this.all.refresh();
  }

  readonly all: Resource<IAutomation>;

  get isDisposed(): boolean {
    return this.all.isDisposed;
  }

  /** Do something and read again, whether it went well or not. */
  async after<T>(done: Promise<T>): Promise<T> {
    try {
      return await done;
    } finally {
      await this.all.refresh();
    }
  }

  dispose(): void {
    this._following.dispose();
    this.all.dispose();
  }

  private readonly _following: IDisposable;
}

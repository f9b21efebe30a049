// What the person has set, with defaults where nothing is set.
import { type ISignal, Signal } from '@lumino/signaling';

export interface ISettingValues {
  /** Which ends of jobs are notified. */
  notify: 'all' | 'failed' | 'none';
  /** Whose jobs are notified. */
  notifyWhose: 'mine' | 'everyone';
  /** Metric that lists show and sort by; empty for the first there is. */
  primaryMetric: string;
  /** Whether more or less of it is better. */
  primaryMetricGoal: 'maximize' | 'minimize';
  /** Rows in each section of the panel. */
  panelRows: number;
  /** Minutes after which cancelling asks first. */
  confirmCancelAfter: number;
}

export const DEFAULTS: ISettingValues = {
  notify: 'all',
  notifyWhose: 'mine',
  primaryMetric: '',
  primaryMetricGoal: 'maximize',
  panelRows: 8,
  confirmCancelAfter: 5,
};

/** The settings of the plugin, live. */
export class WorkspaceSettings {
  get values(): ISettingValues {
    return this._values;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Take what the settings registry holds; what is absent keeps its default. */
  update(composite: Partial<ISettingValues>): void {
    this._values = { ...DEFAULTS, ...composite };
    this._changed.emit();
  }

  private _values = DEFAULTS;
  private readonly _changed = new Signal<this, void>(this);
}

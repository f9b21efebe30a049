// Runs in groups of equal values of something; what is in a group is read when it is opened.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { ICaller, Run, RunGroup } from '../api/client';
import { Collection } from './collection';
import { Resource } from './resource';
import { flat, groupId, type IRow } from './rows';
import { both, quoteKey, quoteText } from './search';

/** Which runs, and by what they are grouped. */
export interface IGroupQuery {
  /** Such as `params.model`; empty for not at all. */
  by: string;
  filter: string;
  view: 'active' | 'archived';
  orderBy: string[];
  /** Metrics whose spread is told. */
  metrics: string[];
}

/** Runs of a group asked for at once. */
const PAGE = 50;

export class GroupsModel implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    private readonly _query: () => IGroupQuery,
  ) {
    this.groups = new Resource<readonly RunGroup[]>(async signal => {
      const { by, filter, view, metrics } = _query();
      return by ? _caller.call('runs.group', { by, filter, view, metrics }, { signal }) : [];
    });
    this.groups.changed.connect(() => this._changed.emit());
  }

  readonly groups: Resource<readonly RunGroup[]>;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The groups, each open one followed by its runs. */
  get rows(): readonly IRow[] {
    return (this.groups.value ?? []).flatMap((group): IRow[] => {
      const id = groupId(group.value);
      const open = this._open.get(id);
      const runs = open?.items ?? [];
      const nLeft = open?.hasMore ? group.n_runs - runs.length : 0;
      const below = flat(runs).map(row => ({ ...row, depth: 1 }));
      const more: IRow[] = nLeft > 0 ? [{ more: group, nLeft }] : [];
      return [{ group, isOpen: open !== undefined }, ...(open ? [...below, ...more] : [])];
    });
  }

  /** All runs of open groups. */
  get runs(): readonly Run[] {
    return [...this._open.values()].flatMap(open => open.items ?? []);
  }

  fold(group: RunGroup, isOpen: boolean): void {
    const id = groupId(group.value);
    const open = this._open.get(id);
    if (isOpen && !open) {
      const made = this._runsOf(group.value ?? null);
      this._open.set(id, made);
      made.changed.connect(() => this._changed.emit());
      void made.refresh();
    } else if (!isOpen && open) {
      open.dispose();
      this._open.delete(id);
    }
    this._changed.emit();
  }

  /** Read more runs of an open group. */
  more(group: RunGroup): void {
    void this._open.get(groupId(group.value))?.more();
  }

  /** Read anew: groups, and the runs of those that are open. */
  async refresh(): Promise<void> {
    const open = [...this._open.values()];
    await Promise.all([this.groups, ...open].map(resource => resource.refresh()));
  }

  /** Close all groups. */
  close(): void {
    for (const open of this._open.values()) {
      open.dispose();
    }
    this._open.clear();
  }

  get isDisposed(): boolean {
    return this.groups.isDisposed;
  }

  dispose(): void {
    this.groups.dispose();
    for (const open of this._open.values()) {
      open.dispose();
    }
    Signal.clearData(this);
  }

  private _runsOf(value: string | null): Collection<Run> {
    return new Collection<Run>(
      (page_token, signal) => {
        const { by, filter, view, orderBy } = this._query();
        const args = {
          filter: both(filter, valueTest(by, value)),
          order_by: orderBy,
          view,
          max_results: PAGE,
          page_token,
        };
        return this._caller.call('runs.list', args, { signal });
      },
      run => run.run_id,
    );
  }

  private readonly _open = new Map<string, Collection<Run>>();
  private readonly _changed = new Signal<this, void>(this);
}

/** The filter that leaves the runs of one group. */
export function valueTest(by: string, value: string | null): string {
  const at = by.indexOf('.');
  const entity = by.slice(0, at);
  const key = by.slice(at + 1);
  const name =
    entity === 'attributes'
      ? `attributes.${key === 'user' ? 'user_id' : key}`
      : `${entity}.${quoteKey(key)}`;
  return value === null ? `${name} IS NULL` : `${name} = ${quoteText(value)}`;
}

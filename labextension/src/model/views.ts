// Views of the runs page: what it asks for and how it looks, saved on the server for everybody.
import type { IDisposable } from '@lumino/disposable';
import type { Event, ICaller, SavedView } from '../api/client';
import { subjectOf } from './concerns';
import { Resource } from './resource';
import type { IRunsLook, IRunsQuery } from './runs';
import { State } from './state';
import type { WorkspaceModel } from './workspace';

export interface IViewState {
  query: IRunsQuery;
  look: IRunsLook;
}

function concernsViews(event: Event): boolean {
  return subjectOf(event).kind === 'view';
}

export class ViewsModel implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    models: WorkspaceModel,
  ) {
    this.views = new Resource<readonly SavedView[]>(signal =>
      _caller.call('views.list', { page: 'runs' }, { signal }),
    );
    this._following = models.follow(this.views, concernsViews);
    void this.views.refresh();
  }

  readonly views: Resource<readonly SavedView[]>;
  /** Id of the view that is shown; null for none. */
  readonly active = new State<string | null>(null);

  get current(): SavedView | null {
    return (this.views.value ?? []).find(view => view.id === this.active.value) ?? null;
  }

  /** Whether the page shows something else than its view says. */
  isChanged(state: IViewState): boolean {
    const { current } = this;
    return current !== null && canonical(stateOf(current)) !== canonical(state);
  }

  /** Save what the page shows under a new name. */
  async create(name: string, state: IViewState): Promise<void> {
    const view = await this._caller.call('views.create', {
      view: { name, page: 'runs', state: { ...state } },
    });
    await this.views.refresh();
    this.active.value = view.id;
  }

  /** Let the view that is shown be what the page shows now. */
  async save(state: IViewState): Promise<void> {
    if (this.active.value) {
      await this._caller.call('views.update', { id: this.active.value, state: { ...state } });
      await this.views.refresh();
    }
  }

  async rename(name: string): Promise<void> {
    if (this.active.value) {
      await this._caller.call('views.update', { id: this.active.value, name });
      await this.views.refresh();
    }
  }

  async remove(): Promise<void> {
    const id = this.active.value;
    if (id) {
      await this._caller.call('views.delete', { id });
      this.active.value = null;
      await this.views.refresh();
    }
  }

  get isDisposed(): boolean {
    return this.views.isDisposed;
  }

  dispose(): void {
    this._following.dispose();
    this.views.dispose();
  }

  private readonly _following: IDisposable;
}

/** What a view says of the page; parts that an older release did not know are absent. */
export function stateOf(view: SavedView): {
  query: Partial<IRunsQuery>;
  look: Partial<IRunsLook>;
} {
  const { query, look } = (view.state ?? {}) as Partial<IViewState>;
  return { query: query ?? {}, look: look ?? {} };
}

/** The same text for equal values, whatever the order of their keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

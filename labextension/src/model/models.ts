// Registered models: the list with what waits for approval, and one model with its versions.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Event, ICaller, Schemas } from '../api/client';
import { Collection } from './collection';
import { assetsOf } from './concerns';
import type { Asset } from './data';
import { Resource } from './resource';
import type { WorkspaceModel } from './workspace';

export type StageRequest = Schemas['StageRequest'];

/** Stages that MLflow knows; others can be said by name. */
export const STAGES = ['None', 'Staging', 'Production', 'Archived'] as const;

function concernsModels(event: Event): boolean {
  return assetsOf(event, 'model').length > 0;
}

/** The stage of a version. */
export function stageOf(asset: Asset): string {
  return text(asset, 'stage') || 'None';
}

/** The stages of the model that need approval. */
export function guardedOf(asset: Asset): readonly string[] {
  const { guarded_stages: stages } = asset as { guarded_stages?: unknown };
  return Array.isArray(stages) ? stages.map(String) : [];
}

/** A field of the asset's kind that is text. */
export function text(asset: Asset, field: string): string {
  const value = (asset as unknown as Record<string, unknown>)[field];
  return typeof value === 'string' ? value : '';
}

/** Flavors of MLflow in which a version can be loaded, with what they say of themselves. */
export function flavorsOf(asset: Asset): Readonly<Record<string, unknown>> {
  const { flavors } = asset as { flavors?: unknown };
  return typeof flavors === 'object' && flavors !== null
    ? (flavors as Record<string, unknown>)
    : {};
}

/** Whether action patterns such as `models/*`, with `!` before what is taken away, allow an action. */
export function mayDo(actions: readonly string[], action: string): boolean {
  const fits = (pattern: string): boolean =>
    new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(
      action,
    );
  const isTaken = actions.some(item => item.startsWith('!') && fits(item.slice(1)));
  return !isTaken && actions.some(item => !item.startsWith('!') && fits(item));
}

/** All that the *Models* page lists. */
export class RegistryModel implements IDisposable {
  constructor(
    readonly caller: ICaller,
    workspace: WorkspaceModel,
    private _tab: string,
  ) {
    this.models = new Collection<Asset>(
      (page_token, signal) =>
        caller.call('models.list', { max_results: 200, page_token }, { signal }),
      asset => asset.name,
    );
    this.requests = new Resource(signal =>
      caller.call('models.list_requests', { state: 'all' }, { signal }),
    );
    this._following = [
      workspace.follow(this.models, concernsModels),
      workspace.follow(this.requests, concernsModels),
    ];
    void this.models.refresh();
    void this.requests.refresh();
  }

  /** The newest version of each. */
  readonly models: Collection<Asset>;
  readonly requests: Resource<readonly StageRequest[]>;

  get tab(): string {
    return this._tab;
  }

  set tab(tab: string) {
    this._tab = tab;
    this._changed.emit();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    for (const part of [...this._following, this.models, this.requests]) {
      part.dispose();
    }
    Signal.clearData(this);
  }

  private _isDisposed = false;
  private readonly _following: readonly IDisposable[];
  private readonly _changed = new Signal<this, void>(this);
}

/** One model, and the version that is looked at. */
export class ModelModel implements IDisposable {
  constructor(
    readonly caller: ICaller,
    workspace: WorkspaceModel,
    readonly name: string,
    private _version?: string,
  ) {
    this.versions = new Resource<readonly Asset[]>(
      async signal =>
        (await caller.call('models.list', { name, view: 'all', max_results: 1000 }, { signal }))
          .items,
    );
    this.requests = new Resource(signal =>
      caller.call('models.list_requests', { name, state: 'all' }, { signal }),
    );
    const isOwn = (event: Event): boolean => assetsOf(event, 'model').includes(name);
    this._following = [
      workspace.follow(this.versions, isOwn),
      workspace.follow(this.requests, isOwn),
    ];
    void this.versions.refresh();
    void this.requests.refresh();
  }

  readonly versions: Resource<readonly Asset[]>;
  readonly requests: Resource<readonly StageRequest[]>;
  /** The version that is looked at; the newest when none was chosen. */
  get asset(): Asset | null {
    const all = this.versions.value ?? [];
    return all.find(asset => asset.version === this._version) ?? all[0] ?? null;
  }

  get version(): string | undefined {
    return this.asset?.version ?? this._version;
  }

  /** The request of this version that waits. */
  get waiting(): StageRequest | null {
    const { version } = this;
    return (
      this.requests.value?.find(item => item.version === version && item.state === 'pending') ??
      null
    );
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Look at another version. */
  show(version: string): void {
    this._version = version;
    this._changed.emit();
  }

  async setLabel(label: string): Promise<void> {
    const { name, version } = this;
    await this.caller.call('models.set_label', { name, version: version ?? '', label });
    await this.versions.refresh();
  }

  async dropLabel(label: string): Promise<void> {
    await this.caller.call('models.delete_label', { name: this.name, label });
    await this.versions.refresh();
  }

  async setArchived(archived: boolean): Promise<void> {
    const { name, version } = this;
    await this.caller.call(archived ? 'models.archive' : 'models.restore', { name, version });
    await this.versions.refresh();
  }

  async describe(description: string, tags: Record<string, string>): Promise<void> {
    const { name, version } = this;
    await this.caller.call('models.update', { name, version, description, tags });
    await this.versions.refresh();
  }

  async setStage(stage: string): Promise<void> {
    const { name, version } = this;
    await this.caller.call('models.set_stage', { name, version: version ?? '', stage });
    await this._again();
  }

  async requestStage(stage: string, comment: string): Promise<void> {
    const { name, version } = this;
    const args = { name, version: version ?? '', stage, comment };
    await this.caller.call('models.request_stage', args);
    await this._again();
  }

  async decide(
    verb: 'models.approve' | 'models.reject' | 'models.withdraw_request',
    comment: string,
  ): Promise<void> {
    const { name } = this;
    const version = this.version ?? '';
    if (verb === 'models.withdraw_request') {
      await this.caller.call(verb, { name, version });
    } else {
      await this.caller.call(verb, { name, version, comment });
    }
    await this._again();
  }

  async guard(stages: string[]): Promise<void> {
    await this.caller.call('models.guard_stages', { name: this.name, stages });
    await this.versions.refresh();
  }

  dispose(): void {
    this._isDisposed = true;
    for (const part of [...this._following, this.versions, this.requests]) {
      part.dispose();
    }
    Signal.clearData(this);
  }

  private async _again(): Promise<void> {
    await Promise.all([this.versions.refresh(), this.requests.refresh()]);
  }

  private _isDisposed = false;
  private readonly _following: readonly IDisposable[];
  private readonly _changed = new Signal<this, void>(this);
}

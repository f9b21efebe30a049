// Components: the newest of each, and the versions of the one that is looked at.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Event, ICaller } from '../api/client';
import { subjectOf } from './concerns';
import type { Asset } from './data';
import { Resource } from './resource';
import type { WorkspaceModel } from './workspace';

/** An input or output that a component declares. */
export interface IPort {
  name: string;
  type: string;
  isOptional: boolean;
  /** As it is written; empty when there is none. */
  standard: string;
  description: string;
}

/** The inputs or outputs of a component. */
export function portsOf(asset: Asset, side: 'inputs' | 'outputs'): readonly IPort[] {
  const { [side]: said } = asset as { inputs?: unknown; outputs?: unknown };
  return Object.entries(record(said)).map(([name, port]) => {
    const { type, optional, default: standard, description } = record(port);
    return {
      name,
      type: typeof type === 'string' ? type : '',
      isOptional: optional === true,
      standard:
        standard == null ? '' : typeof standard === 'string' ? standard : JSON.stringify(standard),
      description: typeof description === 'string' ? description : '',
    };
  });
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export class ComponentsModel implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    workspace: WorkspaceModel,
  ) {
    this.components = new Resource<readonly Asset[]>(
      async signal =>
        (await _caller.call('components.list', { max_results: 1000 }, { signal })).items,
    );
    this.versions = new Resource<readonly Asset[]>(async signal => {
      const name = this._name;
      if (name === null) {
        return [];
      }
      const args = { name, view: 'all', max_results: 1000 } as const;
      return (await _caller.call('components.list', args, { signal })).items;
    });
    const isOne = (event: Event): boolean => subjectOf(event).kind === 'component';
    this._following = [
      workspace.follow(this.components, isOne),
      workspace.follow(this.versions, isOne),
    ];
    void this.components.refresh();
  }

  /** The newest version of each. */
  readonly components: Resource<readonly Asset[]>;
  /** Of the component that is looked at. */
  readonly versions: Resource<readonly Asset[]>;

  get name(): string | null {
    return this._name;
  }

  /** The version that is looked at. */
  get asset(): Asset | null {
    const all = (this.versions.value ?? []).filter(asset => asset.name === this._name);
    return all.find(asset => asset.version === this._version) ?? all[0] ?? null;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.components.isDisposed;
  }

  /** Look at a component; at its newest version when none is named. */
  show(name: string, version: string | null = null): void {
    const isOther = name !== this._name;
    this._name = name;
    this._version = version;
    this._changed.emit();
    if (isOther) {
      void this.versions.restart();
    }
  }

  /** Register the components that come with the workspace. */
  async install(): Promise<void> {
    await this._caller.call('components.install', {});
    await this.components.refresh();
  }

  dispose(): void {
    for (const part of [...this._following, this.components, this.versions]) {
      part.dispose();
    }
    Signal.clearData(this);
  }

  private _name: string | null = null;
  private _version: string | null = null;
  private readonly _following: readonly IDisposable[];
  private readonly _changed = new Signal<this, void>(this);
}

// The workspace itself: client, events, models, settings; other plugins build on its token.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { Client } from '../api/client';
import { EventStream } from '../api/events';
import { Attention } from '../model/attention';
import { type ISettingValues, WorkspaceSettings } from '../model/settings';
import { State } from '../model/state';
import { WorkspaceModel } from '../model/workspace';
import { type IPanelSection, type IRunAction, IRunActions, IWorkspace } from '../tokens';

const ID = '@mlws/labextension:plugin';

/** Items by rank, with a signal; adding gives what takes the item away. */
class Ranked<T extends { id: string; rank: number }> {
  get items(): readonly T[] {
    return this._items;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  add(item: T): IDisposable {
    if (this._items.some(other => other.id === item.id)) {
      throw new Error(`There is an item '${item.id}' already.`);
    }
    this._items = [...this._items, item].sort((a, b) => a.rank - b.rank);
    this._changed.emit();
    return new DisposableDelegate(() => {
      this._items = this._items.filter(other => other !== item);
      this._changed.emit();
    });
  }

  private _items: readonly T[] = [];
  private readonly _changed = new Signal<this, void>(this);
}

class RunActions implements IRunActions {
  add(action: IRunAction): IDisposable {
    return this._ranked.add(action);
  }

  get actions(): readonly IRunAction[] {
    return this._ranked.items;
  }

  get changed(): ISignal<IRunActions, void> {
    return this._changed;
  }

  constructor() {
    this._ranked.changed.connect(() => this._changed.emit());
  }

  private readonly _ranked = new Ranked<IRunAction>();
  private readonly _changed = new Signal<IRunActions, void>(this);
}

class Workspace implements IWorkspace {
  constructor(
    readonly client: Client,
    readonly translator: ITranslator,
  ) {
    this.trans = translator.load('jupyter_mlws');
    this.events = new EventStream(client);
    this.models = new WorkspaceModel(client, this.events, this.settings);
    this.attention = new Attention(this.models);
    this._ranked.changed.connect(() => this._panelsChanged.emit());
  }

  readonly settings = new WorkspaceSettings();
  readonly search = new State('');
  readonly trans;
  readonly events;
  readonly models;
  readonly attention;

  addPanel(section: IPanelSection): IDisposable {
    return this._ranked.add(section);
  }

  get panels(): readonly IPanelSection[] {
    return this._ranked.items;
  }

  get panelsChanged(): ISignal<IWorkspace, void> {
    return this._panelsChanged;
  }

  private readonly _ranked = new Ranked<IPanelSection>();
  private readonly _panelsChanged = new Signal<IWorkspace, void>(this);
}

export const core: JupyterFrontEndPlugin<IWorkspace> = {
  id: ID,
  description: 'The ML workspace: typed client, live events and models.',
  autoStart: true,
  provides: IWorkspace,
  optional: [ITranslator, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
  ): IWorkspace => {
    const client = new Client(app.serviceManager.serverSettings);
    const workspace = new Workspace(client, translator ?? nullTranslator);
    if (registry) {
      void registry.load(ID).then(settings => {
        const take = (): void =>
          workspace.settings.update(settings.composite as Partial<ISettingValues>);
        settings.changed.connect(take);
        take();
      });
    }
    return workspace;
  },
};

export const runActions: JupyterFrontEndPlugin<IRunActions> = {
  id: '@mlws/labextension:run-actions',
  description: 'Actions offered for a run, in menus and on its page.',
  autoStart: true,
  provides: IRunActions,
  activate: () => new RunActions(),
};

// Pages of the main area: each is there once, and comes back after a reload.
import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import type { ReactNode } from 'react';
import { type IPage, PageWidget } from '../panels/page';
import { workspaceIcon } from './icons';

/** A page of the main area that owns its model. */
export class Page<M extends { dispose(): void }> extends MainAreaWidget<PageWidget> {
  constructor(
    page: IPage,
    readonly model: M,
    draw: () => ReactNode,
  ) {
    super({ content: new PageWidget(page, draw) });
    this.toolbar.hide();
    this.title.icon = workspaceIcon;
    this.title.closable = true;
  }

  override dispose(): void {
    if (!this.isDisposed) {
      super.dispose();
      this.model.dispose();
    }
  }
}

/** What a page is made of. */
export interface IMadePage<M> {
  model: M;
  draw: () => ReactNode;
  title: () => string;
  /** After this the title is read again. */
  entitled?: ISignal<unknown, unknown>;
  /** After this the page is remembered anew. */
  moved?: readonly ISignal<unknown, unknown>[];
}

export interface IOpenPagesOptions<M> {
  namespace: string;
  /** What opens a page, also after a reload. */
  command: string;
  /** What the command is given to open the page of a model again. */
  args?: (model: M) => ReadonlyPartialJSONObject;
}

/** The open pages of one kind. */
export class OpenPages<M extends { dispose(): void }> {
  constructor(
    private readonly _shell: JupyterFrontEnd.IShell,
    private readonly _page: IPage,
    restorer: ILayoutRestorer | null,
    { namespace, command, args }: IOpenPagesOptions<M>,
  ) {
    this._tracker = new WidgetTracker<Page<M>>({ namespace });
    void restorer?.restore(this._tracker, {
      command,
      ...(args && { args: widget => args(widget.model) }),
      name: widget => widget.id,
    });
  }

  /** The page of an id, brought to the front; made when it is not open, once however often it is asked for. */
  async show(
    id: string,
    make: () => Promise<IMadePage<M>>,
    again?: (model: M) => void,
  ): Promise<M> {
    const open = this._tracker.find(widget => widget.id === id);
    if (open) {
      this._shell.activateById(id);
      again?.(open.model);
      return open.model;
    }
    let making = this._making.get(id);
    if (!making) {
      making = this._make(id, make).finally(() => this._making.delete(id));
      this._making.set(id, making);
    }
    return making;
  }

  private async _make(id: string, make: () => Promise<IMadePage<M>>): Promise<M> {
    const { model, draw, title, entitled, moved = [] } = await make();
    const widget = new Page(this._page, model, draw);
    const entitle = (): void => {
      widget.title.label = title();
    };
    widget.id = id;
    entitle();
    entitled?.connect(entitle);
    await this._tracker.add(widget);
    for (const signal of moved) {
      signal.connect(() => void this._tracker.save(widget));
    }
    this._shell.add(widget, 'main', { type: 'ML Workspace' });
    return model;
  }

  private readonly _tracker: WidgetTracker<Page<M>>;
  private readonly _making = new Map<string, Promise<M>>();
}

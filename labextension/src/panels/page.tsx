// What every panel and page is given: the workspace, commands and run actions.
import { ReactWidget } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Menu } from '@lumino/widgets';
import { createContext, type ReactNode, useContext } from 'react';
import type { Job, Run } from '../api/client';
import {
  CommandIDs,
  type INotebookView,
  type IRunActions,
  type IRunTarget,
  type IWorkspace,
} from '../tokens';
import { Language } from '../ui/context';
import { localeOf } from '../ui/format';

export interface IPage {
  workspace: IWorkspace;
  commands: CommandRegistry;
  actions: IRunActions;
  notebookView: INotebookView | null;
  /** JupyterLab's renderers of outputs and files. */
  rendermime?: IRenderMimeRegistry | null;
  /** Name of the kernel of the notebook that was used last; null where there is none. */
  kernelOfNotebook?: () => string | null;
}

const Page = createContext<IPage | null>(null);

export function usePage(): IPage {
  const page = useContext(Page);
  if (!page) {
    throw new Error('This component stands outside a page.');
  }
  return page;
}

/** A widget that draws `content` with the page and the language around it. */
export class PageWidget extends ReactWidget {
  constructor(
    private readonly _page: IPage,
    private readonly _content: () => ReactNode,
  ) {
    super();
    this.addClass('jp-MlwsPanel');
  }

  protected render(): JSX.Element {
    const { trans, translator } = this._page.workspace;
    const locale = localeOf(translator.languageCode);
    return (
      <Page.Provider value={this._page}>
        <Language.Provider value={{ trans, locale }}>{this._content()}</Language.Provider>
      </Page.Provider>
    );
  }
}

/** The part of a job that actions look at. */
export function targetOfJob(job: Job): IRunTarget {
  return {
    run_id: job.name,
    name: job.display_name,
    type: job.type,
    status: job.status,
    archived: job.archived ?? false,
    user: job.user,
  };
}

/** The part of a run that actions look at. */
export function targetOfRun(run: Run): IRunTarget {
  return { ...run, archived: run.archived ?? false };
}

/** Execute a command; what goes wrong in it, it shows by itself. */
export function execute(page: IPage, command: string, args: ReadonlyPartialJSONObject = {}): void {
  if (page.commands.hasCommand(command)) {
    page.commands.execute(command, args).catch(() => undefined);
  }
}

/** Show what can be done with a run, at a place in client pixels. */
export function openRunMenu(page: IPage, target: IRunTarget, x: number, y: number): void {
  const menu = new Menu({ commands: page.commands });
  const args = { run_id: target.run_id };
  menu.addItem({ command: CommandIDs.openRun, args });
  let rank = 0;
  for (const action of page.actions.actions.filter(item => item.isVisible(target))) {
    if (page.commands.hasCommand(action.command)) {
      if (action.rank - rank >= 100) {
        menu.addItem({ type: 'separator' });
      }
      rank = action.rank;
      menu.addItem({ command: action.command, args });
    }
  }
  menu.open(x, y);
}

// Sweeps: their page, how it is reached from runs, and the dialog that starts one.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { isNotebook } from '../jobform/draft';
import type { SweepModel } from '../model/sweep';
import { isRunnable, RunFile } from '../notebook/file';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { RUN_ARGS } from './commands';
import { workspaceIcon } from './icons';
import { notifyError } from './notify';
import { OpenPages } from './openpages';

export const sweeps: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:sweeps',
  description: 'The page of a sweep, and the dialog that starts one.',
  autoStart: true,
  requires: [IWorkspace, IRunActions, IDocumentManager],
  optional: [ILayoutRestorer, ICommandPalette, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    documents: IDocumentManager,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    browsers: IFileBrowserFactory | null,
  ) => {
    addPage(app, workspace, actions, restorer);
    addDialog(app, workspace, documents, browsers);
    palette?.addItem({
      command: CommandIDs.sweepDialog,
      category: workspace.trans.__('ML Workspace'),
    });
    actions.add({
      id: 'sweep',
      command: CommandIDs.openSweep,
      rank: 10,
      isVisible: target => target.type === 'sweep',
    });
  },
};

function addPage(
  app: JupyterFrontEnd,
  workspace: IWorkspace,
  actions: IRunActions,
  restorer: ILayoutRestorer | null,
): void {
  const { trans, client, models } = workspace;
  const page: IPage = { workspace, commands: app.commands, actions, notebookView: null };
  const open = new OpenPages<SweepModel>(app.shell, page, restorer, {
    namespace: 'mlws-sweeps',
    command: CommandIDs.openSweep,
    args: model => ({ run_id: model.name }),
  });
  app.commands.addCommand(CommandIDs.openSweep, {
    label: trans.__('Open sweep'),
    caption: trans.__('All trials, the best so far, and which parameters matter'),
    icon: workspaceIcon,
    describedBy: RUN_ARGS,
    isEnabled: args => typeof args.run_id === 'string' && args.run_id !== '',
    execute: async args => {
      const name = String(args.run_id ?? '');
      await open.show(`mlws-sweep-${name}`, async () => {
        const [{ SweepModel }, { SweepPage }] = await Promise.all([
          import('../model/sweep'),
          import('../panels/sweep'),
        ]);
        const model = new SweepModel(client, models, name);
        return {
          model,
          draw: () => <SweepPage model={model} />,
          title: () => trans.__('Sweep %1', model.sweep.value?.display_name ?? name),
          entitled: model.sweep.changed,
        };
      });
    },
  });
}

const DIALOG_ARGS = {
  args: {
    type: 'object',
    properties: {
      path: { type: 'string', description: 'Contents path of the notebook' },
      selected: { type: 'boolean', description: 'Take the file selected in the file browser' },
    },
  },
} as const;

function addDialog(
  app: JupyterFrontEnd,
  workspace: IWorkspace,
  documents: IDocumentManager,
  browsers: IFileBrowserFactory | null,
): void {
  const { client, trans } = workspace;
  const { contents } = app.serviceManager;
  const pathOf = (args: ReadonlyPartialJSONObject): string | undefined => {
    const selected = [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])];
    const widget = app.shell.currentWidget;
    const current = widget ? documents.contextForWidget(widget)?.path : undefined;
    const chosen = selected.length === 1 ? selected[0]?.path : undefined;
    const path = args.selected ? chosen : (args.path ?? current);
    const isFit = typeof path === 'string' && isNotebook(path) && isRunnable(path, contents);
    return isFit ? path : undefined;
  };
  app.commands.addCommand(CommandIDs.sweepDialog, {
    label: trans.__('Sweep…'),
    caption: trans.__('Run this notebook with many values of its parameters, and find the best'),
    icon: workspaceIcon,
    describedBy: DIALOG_ARGS,
    isEnabled: args => pathOf(args) !== undefined,
    isVisible: args => !args.selected || pathOf(args) !== undefined,
    execute: async args => {
      const path = pathOf(args);
      if (!path) {
        Notification.warning(trans.__('Open a notebook to sweep it.'), { autoClose: 8000 });
        return null;
      }
      try {
        const file = new RunFile(path, documents, contents, client);
        await file.describe();
        const [proposal, { SweepDraft }, { openSweepDialog }] = await Promise.all([
          file.proposal(),
          import('../model/sweepdraft'),
          import('../panels/sweep-dialog'),
        ]);
        const submit: ConstructorParameters<typeof SweepDraft>[0]['submit'] = async job => {
          if (file.isDirty) {
            await file.save();
          }
          return client.submit(file.path, job);
        };
        const title = PathExt.basename(path);
        const made = await openSweepDialog(workspace, new SweepDraft({ title, proposal, submit }));
        if (made) {
          await app.commands.execute(CommandIDs.openSweep, { run_id: made.name });
        }
        return made?.name ?? null;
      } catch (error) {
        notifyError(workspace, trans.__('This notebook cannot be swept.'), error);
        return null;
      }
    },
  });
}

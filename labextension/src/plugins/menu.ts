// Where the commands stand: launcher, palette; the main menu ML is in the settings schema.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { CommandIDs, IWorkspace } from '../tokens';
import { freeName } from './freename';
import { workspaceIcon } from './icons';
import { notifyError } from './notify';

export const menu: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:menu',
  description: 'Launcher tiles, palette entries and the example of the ML workspace.',
  autoStart: true,
  requires: [IWorkspace],
  optional: [ILauncher, ICommandPalette, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    browser: IDefaultFileBrowser | null,
  ) => {
    const { trans } = workspace;
    app.commands.addCommand(CommandIDs.openExample, {
      label: trans.__('Try the example'),
      caption: trans.__('Make a notebook that trains a model in seconds, ready to run as a job'),
      icon: workspaceIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const { contents } = app.serviceManager;
        const { exampleNotebook } = await import('./example');
        try {
          const folder = browser?.model.path ?? '';
          const path = PathExt.join(folder, await freeName(contents, folder, 'example'));
          const content = exampleNotebook(trans);
          await contents.save(path, { type: 'notebook', format: 'json', content });
          await app.commands.execute('docmanager:open', { path });
        } catch (error) {
          notifyError(workspace, trans.__('The example could not be made.'), error);
        }
      },
    });
    const category = trans.__('ML');
    launcher?.add({ command: CommandIDs.openRuns, args: { isLauncher: true }, category, rank: 1 });
    launcher?.add({ command: CommandIDs.openExample, category, rank: 2 });
    for (const command of [
      CommandIDs.openPanel,
      CommandIDs.openRuns,
      CommandIDs.bringRuns,
      CommandIDs.openExample,
    ]) {
      palette?.addItem({ command, category: trans.__('ML Workspace') });
    }
  },
};

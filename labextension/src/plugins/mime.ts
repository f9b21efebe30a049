// Run cards in outputs.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { runCardFactory } from '../mime/renderer';
import { IWorkspace } from '../tokens';

export const mime: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:mime',
  description: 'Shows runs in outputs as live cards.',
  autoStart: true,
  requires: [IWorkspace, IRenderMimeRegistry],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    rendermime: IRenderMimeRegistry,
  ): void => {
    rendermime.addFactory(runCardFactory(workspace, app.commands));
  },
};

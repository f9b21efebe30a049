// Artifacts of runs in JupyterLab's own viewers, through the `MLWS:` drive.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ArtifactDrive } from '../drive/drive';
import { drivePath, runOfPath } from '../drive/path';
import { CommandIDs, IWorkspace } from '../tokens';
import { notifyError } from './notify';

const ARGS = {
  type: 'object',
  properties: {
    run_id: { type: 'string' },
    path: { type: 'string', description: 'Path among the artifacts of the run.' },
  },
  required: ['run_id', 'path'],
} as const;

export const artifacts: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:artifacts',
  description:
    'The MLWS: drive, which shows the artifacts of runs, and the command that opens one.',
  autoStart: true,
  requires: [IWorkspace, IDocumentManager],
  optional: [INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    documents: IDocumentManager,
    notebooks: INotebookTracker | null,
  ): void => {
    const { client, trans } = workspace;
    app.serviceManager.contents.addDrive(
      new ArtifactDrive({
        client,
        fileTypes: app.docRegistry,
        serverSettings: app.serviceManager.serverSettings,
        trans,
      }),
    );
    notebooks?.widgetAdded.connect((_, panel) => leaveWithoutKernel(panel));

    app.commands.addCommand(CommandIDs.openArtifact, {
      label: trans.__('Open artifact'),
      describedBy: { args: ARGS },
      isEnabled: args => typeof args.run_id === 'string' && typeof args.path === 'string',
      execute: async args => {
        const path = drivePath(String(args.run_id), String(args.path));
        const isNotebook = path.endsWith('.ipynb');
        try {
          // What cannot be read is told here, before a viewer opens empty.
          await app.serviceManager.contents.get(path, { content: false });
          documents.openOrReveal(path, isNotebook ? READ_ONLY_NOTEBOOK : undefined);
        } catch (error) {
          notifyError(workspace, trans.__('The artifact cannot be shown.'), error);
        }
      },
    });
  },
};

/** Name of the widget factory that shows notebooks without a kernel. */
export const READ_ONLY_NOTEBOOK = 'Executed notebook';

/** A run's notebook starts no kernel, however it was opened. */
function leaveWithoutKernel(panel: NotebookPanel): void {
  if (runOfPath(panel.context.path)) {
    panel.sessionContext.kernelPreference = {
      ...panel.sessionContext.kernelPreference,
      shouldStart: false,
      canStart: false,
      autoStartDefault: false,
    };
  }
}

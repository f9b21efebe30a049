// The command that brings another MLflow's runs in.
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { CommandIDs, type IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';

export function addTransfer(app: JupyterFrontEnd, workspace: IWorkspace): void {
  const { trans } = workspace;
  app.commands.addCommand(CommandIDs.bringRuns, {
    label: trans.__('Bring MLflow runs in…'),
    caption: trans.__('Runs and models of an mlruns folder, a SQLite file or a tracking server'),
    icon: workspaceIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: async () => {
      const { openTransferDialog } = await import('../panels/transfer');
      await openTransferDialog(workspace, app.commands);
    },
  });
}

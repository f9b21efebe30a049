// The page of triggers and webhooks.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import type { AutomationModel } from '../model/automation';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';
import { OpenPages } from './openpages';

export const automation: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:automation',
  description: 'Triggers and webhooks.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
  ): void => {
    const { trans, client, models } = workspace;
    const page: IPage = {
      workspace,
      commands: app.commands,
      actions,
      notebookView: null,
      rendermime: null,
    };
    const open = new OpenPages<AutomationModel>(app.shell, page, restorer, {
      namespace: 'mlws-automation',
      command: CommandIDs.openTriggers,
    });
    app.commands.addCommand(CommandIDs.openTriggers, {
      label: trans.__('Open Triggers & Webhooks'),
      caption: trans.__('What starts by a call or an event, and who is told'),
      icon: workspaceIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        await open.show('mlws-automation', async () => {
          const [{ AutomationModel }, { AutomationPage }] = await Promise.all([
            import('../model/automation'),
            import('../panels/automation'),
          ]);
          models.ensure(models.info);
          const model = new AutomationModel(client, models);
          return {
            model,
            draw: () => <AutomationPage model={model} />,
            title: () => trans.__('Triggers & webhooks'),
          };
        });
      },
    });
    palette?.addItem({ command: CommandIDs.openTriggers, category: trans.__('ML Workspace') });
  },
};

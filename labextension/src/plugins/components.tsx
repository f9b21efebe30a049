// Components: their page and its command.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import type { ComponentsModel } from '../model/components';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';
import { OpenPages } from './openpages';

export const components: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:components',
  description: 'The components page: what each takes and gives.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
  ) => {
    const { trans, client, models } = workspace;
    const page: IPage = { workspace, commands: app.commands, actions, notebookView: null };
    const open = new OpenPages<ComponentsModel>(app.shell, page, restorer, {
      namespace: 'mlws-components',
      command: CommandIDs.openComponents,
      args: model => ({ name: model.name ?? '' }),
    });
    const shown = (): Promise<ComponentsModel> =>
      open.show('mlws-components', async () => {
        const [{ ComponentsModel }, { ComponentsPage }] = await Promise.all([
          import('../model/components'),
          import('../panels/components'),
        ]);
        const model = new ComponentsModel(client, models);
        return {
          model,
          draw: () => <ComponentsPage model={model} />,
          title: () => trans.__('Components'),
          moved: [model.changed],
        };
      });
    app.commands.addCommand(CommandIDs.openComponents, {
      label: trans.__('Open Components'),
      caption: trans.__('Steps that can be used again: what each takes and gives'),
      icon: workspaceIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            name: { type: 'string', description: 'The component to show' },
            version: { type: 'string' },
          },
        },
      },
      execute: async args => {
        const model = await shown();
        if (typeof args.name === 'string' && args.name !== '') {
          model.show(args.name, typeof args.version === 'string' ? args.version : null);
        }
      },
    });
    palette?.addItem({ command: CommandIDs.openComponents, category: trans.__('ML Workspace') });
  },
};

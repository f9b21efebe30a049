// Components: their page and its command.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import type { ComponentsModel } from '../model/components';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';
import { Page } from './pages';

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
    const tracker = new WidgetTracker<Page<ComponentsModel>>({ namespace: 'mlws-components' });
    const shown = async (): Promise<ComponentsModel> => {
      const open = tracker.currentWidget;
      if (open) {
        app.shell.activateById(open.id);
        return open.model;
      }
      const [{ ComponentsModel }, { ComponentsPage }] = await Promise.all([
        import('../model/components'),
        import('../panels/components'),
      ]);
      const model = new ComponentsModel(client, models);
      const widget = new Page(page, model, () => <ComponentsPage model={model} />);
      widget.id = 'mlws-components';
      widget.title.label = trans.__('Components');
      await tracker.add(widget);
      model.changed.connect(() => void tracker.save(widget));
      app.shell.add(widget, 'main', { type: 'ML Workspace' });
      return model;
    };
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
    void restorer?.restore(tracker, {
      command: CommandIDs.openComponents,
      args: widget => ({ name: widget.model.name ?? '' }),
      name: () => 'components',
    });
    palette?.addItem({ command: CommandIDs.openComponents, category: trans.__('ML Workspace') });
  },
};

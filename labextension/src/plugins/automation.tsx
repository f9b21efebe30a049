// The page of triggers and webhooks.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import type { AutomationModel } from '../model/automation';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';
import { Page } from './pages';

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
    const tracker = new WidgetTracker<Page<AutomationModel>>({ namespace: 'mlws-automation' });
    app.commands.addCommand(CommandIDs.openTriggers, {
      label: trans.__('Open Triggers & Webhooks'),
      caption: trans.__('What starts by a call or an event, and who is told'),
      icon: workspaceIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const open = tracker.currentWidget;
        if (open) {
          app.shell.activateById(open.id);
          return;
        }
        const [{ AutomationModel }, { AutomationPage }] = await Promise.all([
          import('../model/automation'),
          import('../panels/automation'),
        ]);
        models.ensure(models.info);
        const model = new AutomationModel(client, models);
        const widget = new Page(page, model, () => <AutomationPage model={model} />);
        widget.id = 'mlws-automation';
        widget.title.label = trans.__('Triggers & webhooks');
        await tracker.add(widget);
        app.shell.add(widget, 'main', { type: 'ML Workspace' });
      },
    });
    palette?.addItem({ command: CommandIDs.openTriggers, category: trans.__('ML Workspace') });
    void restorer?.restore(tracker, {
      command: CommandIDs.openTriggers,
      name: () => 'automation',
    });
  },
};

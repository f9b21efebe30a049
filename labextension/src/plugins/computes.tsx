// The compute page and its command.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { type IPage, PageWidget } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';

export const computes: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:computes',
  description: 'The compute page.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
  ) => {
    const { trans, models } = workspace;
    const page: IPage = { workspace, commands: app.commands, actions, notebookView: null };
    const tracker = new WidgetTracker<MainAreaWidget<PageWidget>>({ namespace: 'mlws-computes' });
    app.commands.addCommand(CommandIDs.openComputes, {
      label: trans.__('Open Compute'),
      caption: trans.__('Where jobs run, how busy it is, and who is next'),
      icon: workspaceIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const open = tracker.currentWidget;
        if (open) {
          app.shell.activateById(open.id);
          return;
        }
        const { ComputesPage } = await import('../panels/computes');
        models.ensure(models.computes);
        models.ensure(models.jobs);
        const isVisible = (): boolean => content.isVisible;
        const content = new PageWidget(page, () => <ComputesPage isVisible={isVisible} />);
        const widget = new MainAreaWidget({ content });
        widget.toolbar.hide();
        widget.id = 'mlws-computes';
        widget.title.label = trans.__('Compute');
        widget.title.icon = workspaceIcon;
        widget.title.closable = true;
        await tracker.add(widget);
        app.shell.add(widget, 'main', { type: 'ML Workspace' });
      },
    });
    palette?.addItem({ command: CommandIDs.openComputes, category: trans.__('ML Workspace') });
    void restorer?.restore(tracker, {
      command: CommandIDs.openComputes,
      name: () => 'computes',
    });
  },
};

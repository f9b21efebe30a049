// Sweeps: their page, and how it is reached from runs.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import type { SweepModel } from '../model/sweep';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { RUN_ARGS } from './commands';
import { workspaceIcon } from './icons';
import { Page } from './pages';

export const sweeps: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:sweeps',
  description: 'The page of a sweep.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    restorer: ILayoutRestorer | null,
  ) => {
    addPage(app, workspace, actions, restorer);
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
  const tracker = new WidgetTracker<Page<SweepModel>>({ namespace: 'mlws-sweeps' });
  app.commands.addCommand(CommandIDs.openSweep, {
    label: trans.__('Open sweep'),
    caption: trans.__('All trials, the best so far, and which parameters matter'),
    icon: workspaceIcon,
    describedBy: RUN_ARGS,
    isEnabled: args => typeof args.run_id === 'string' && args.run_id !== '',
    execute: async args => {
      const name = String(args.run_id ?? '');
      const open = tracker.find(widget => widget.model.name === name);
      if (open) {
        app.shell.activateById(open.id);
        return;
      }
      const [{ SweepModel }, { SweepPage }] = await Promise.all([
        import('../model/sweep'),
        import('../panels/sweep'),
      ]);
      const model = new SweepModel(client, models, name);
      const widget = new Page(page, model, () => <SweepPage model={model} />);
      const entitle = (): void => {
        widget.title.label = trans.__('Sweep %1', model.sweep.value?.display_name ?? name);
      };
      widget.id = `mlws-sweep-${name}`;
      entitle();
      model.sweep.changed.connect(entitle);
      await tracker.add(widget);
      app.shell.add(widget, 'main', { type: 'ML Workspace' });
    },
  });
  void restorer?.restore(tracker, {
    command: CommandIDs.openSweep,
    args: widget => ({ run_id: widget.model.name }),
    name: widget => widget.model.name,
  });
}

// AutoML: the leaderboard of a job, and how it is reached from runs.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import type { AutoMLModel } from '../model/automl';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { RUN_ARGS } from './commands';
import { workspaceIcon } from './icons';
import { Page } from './pages';

export const automl: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:automl',
  description: 'The leaderboard of an AutoML job.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    restorer: ILayoutRestorer | null,
  ) => {
    const { trans, client, models } = workspace;
    const page: IPage = { workspace, commands: app.commands, actions, notebookView: null };
    const tracker = new WidgetTracker<Page<AutoMLModel>>({ namespace: 'mlws-automl' });
    app.commands.addCommand(CommandIDs.openAutoML, {
      label: trans.__('Open leaderboard'),
      caption: trans.__('All trials, best first, their notebooks, and what was found in the data'),
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
        const [{ AutoMLModel }, { AutoMLPage }] = await Promise.all([
          import('../model/automl'),
          import('../panels/automl'),
        ]);
        const model = new AutoMLModel(client, models, name);
        const widget = new Page(page, model, () => <AutoMLPage model={model} />);
        const entitle = (): void => {
          widget.title.label = trans.__('AutoML %1', model.board.value?.display_name ?? name);
        };
        widget.id = `mlws-automl-${name}`;
        entitle();
        model.board.changed.connect(entitle);
        await tracker.add(widget);
        app.shell.add(widget, 'main', { type: 'ML Workspace' });
      },
    });
    void restorer?.restore(tracker, {
      command: CommandIDs.openAutoML,
      args: widget => ({ run_id: widget.model.name }),
      name: widget => widget.model.name,
    });
    actions.add({
      id: 'automl',
      command: CommandIDs.openAutoML,
      rank: 10,
      isVisible: target => target.type === 'automl',
    });
  },
};

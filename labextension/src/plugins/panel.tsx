// The ML Workspace panel on the left, with the sections Activity, Runs and Compute.
import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { IStateDB } from '@jupyterlab/statedb';
import type { Folded } from '../panels/sidebar';
import { CommandIDs, INotebookView, IRunActions, IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';

/** Filter of runs that have not ended. */
const ACTIVE = "attributes.status IN ('Running', 'Queued', 'Preparing', 'Starting')";
const STATE = 'mlws:panel';

export const panel: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:panel',
  description: 'The ML Workspace panel in the left sidebar.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [INotebookView, ILabShell, ILayoutRestorer, IStateDB],
  activate: async (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    notebookView: INotebookView | null,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null,
  ) => {
    const { trans, models } = workspace;
    const page = { workspace, commands: app.commands, actions, notebookView };
    const { Activity } = await import('../panels/activity');
    const { Computes } = await import('../panels/compute');
    const { PageWidget } = await import('../panels/page');
    const { RecentRuns } = await import('../panels/recent');
    const { Searched, WorkspacePanel } = await import('../panels/sidebar');
    const { search } = workspace;

    workspace.addPanel({
      id: 'activity',
      title: trans.__('Activity'),
      rank: 100,
      openCommand: CommandIDs.openRuns,
      openArgs: { filter: ACTIVE },
      create: () => {
        models.ensure(models.info);
        models.ensure(models.jobs);
        return new PageWidget(page, () => (
          <Searched search={search} content={text => <Activity search={text} />} />
        ));
      },
    });
    workspace.addPanel({
      id: 'runs',
      title: trans.__('Runs'),
      rank: 200,
      openCommand: CommandIDs.openRuns,
      create: () => {
        models.ensure(models.recentRuns);
        models.ensure(models.bestRun);
        return new PageWidget(page, () => (
          <Searched search={search} content={text => <RecentRuns search={text} />} />
        ));
      },
    });
    workspace.addPanel({
      id: 'compute',
      title: trans.__('Compute'),
      rank: 800,
      openCommand: CommandIDs.openComputes,
      create: () => {
        models.ensure(models.computes);
        const isVisible = (): boolean => widget.isVisible;
        const widget = new PageWidget(page, () => <Computes isVisible={isVisible} />);
        return widget;
      },
    });

    const widget = new WorkspacePanel(page, search);
    // The state is there only when all plugins have started: it cannot be waited for here.
    void state?.fetch(STATE).then(folded => widget.fold((folded ?? {}) as Folded));
    widget.title.icon = workspaceIcon;
    widget.title.caption = trans.__('ML Workspace');
    widget.foldedChanged.connect((_, value) => void state?.save(STATE, value));
    app.shell.add(widget, 'left', { rank: 520, type: 'ML Workspace' });
    restorer?.add(widget, widget.id);

    app.commands.addCommand(CommandIDs.openPanel, {
      label: trans.__('Show ML Workspace'),
      caption: trans.__('What is running, what was run, and where'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        labShell?.expandLeft();
        app.shell.activateById(widget.id);
      },
    });
  },
};

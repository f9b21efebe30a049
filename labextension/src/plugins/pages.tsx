// The pages of the main area, their commands, and how they come back after a reload.
import {
  ILayoutRestorer,
  IRouter,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { ReactNode } from 'react';
import type { SavedView } from '../api/client';
import type { RunModel } from '../model/run';
import type { IRunsLook, IRunsQuery, RunsModel } from '../model/runs';
import { State } from '../model/state';
import type { IPage } from '../panels/page';
import { CommandIDs, INotebookView, IRunActions, IWorkspace } from '../tokens';
import { RUN_ARGS } from './commands';
import { workspaceIcon } from './icons';
import { notifyError } from './notify';
import { Page } from './openpages';
import { addExport } from './runsexport';
import { addTransfer } from './transfer';

class RunWidget extends Page<RunModel> {
  constructor(
    page: IPage,
    model: RunModel,
    readonly tab: State<string>,
    draw: () => ReactNode,
  ) {
    super(page, model, draw);
  }
}

export const pages: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:pages',
  description: 'The runs page and the run page.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [INotebookView, ILayoutRestorer, IRouter, IStateDB, IRenderMimeRegistry],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    notebookView: INotebookView | null,
    restorer: ILayoutRestorer | null,
    router: IRouter | null,
    state: IStateDB | null,
    rendermime: IRenderMimeRegistry | null,
  ) => {
    const page: IPage = { workspace, commands: app.commands, actions, notebookView, rendermime };
    addRuns(app, page, restorer, state);
    addExport(app, workspace);
    addTransfer(app, workspace);
    addRun(app, page, restorer);
    if (router) {
      addLinks(app, router);
    }
  },
};

/** Under this the state of JupyterLab keeps how the runs page looks. */
const LOOK = 'mlws:runs-look';

function addRuns(
  app: JupyterFrontEnd,
  page: IPage,
  restorer: ILayoutRestorer | null,
  state: IStateDB | null,
): void {
  const { trans, client, models } = page.workspace;
  const tracker = new WidgetTracker<Page<RunsModel>>({ namespace: 'mlws-runs' });
  /** The view of an id; one that is gone by now must not keep the page from opening. */
  const viewOf = async (id: unknown): Promise<SavedView | null> => {
    if (typeof id !== 'string' || id === '') {
      return null;
    }
    try {
      return await client.call('views.get', { id });
    } catch (error) {
      notifyError(page.workspace, trans.__('The view could not be opened.'), error);
      return null;
    }
  };
  app.commands.addCommand(CommandIDs.openRuns, {
    label: args => (args.isLauncher ? trans.__('Runs') : trans.__('Open Runs')),
    caption: trans.__('All runs as a table, with their parameters and metrics'),
    icon: workspaceIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          filter: { type: 'string', description: 'A filter such as metrics.accuracy > 0.9' },
          search: { type: 'string', description: 'Free text: a name, failed, @me' },
          query: { type: 'object', description: 'All that the page asks for, as it was saved' },
          view: { type: 'string', description: 'Id of a saved view' },
        },
      },
    },
    execute: async args => {
      const text = args.filter ?? args.search;
      const query: Partial<IRunsQuery> = {
        ...(args.query as Partial<IRunsQuery> | undefined),
        ...(typeof text === 'string' && { text }),
      };
      const view = await viewOf(args.view);
      const open = tracker.currentWidget;
      if (open) {
        app.shell.activateById(open.id);
        if (view) {
          open.model.showView(view);
        } else if (Object.keys(query).length > 0) {
          open.model.ask(query);
        }
        return;
      }
      const [{ RunsModel }, { RunsPage }] = await Promise.all([
        import('../model/runs'),
        import('../panels/runs'),
      ]);
      models.ensure(models.info);
      const look = (await state?.fetch(LOOK)) as Partial<IRunsLook> | undefined;
      const model = new RunsModel(client, models, query, look);
      model.look.changed.connect((_, value) => {
        void state?.save(LOOK, value as unknown as ReadonlyPartialJSONObject);
      });
      if (view && args.query) {
        model.views.active.value = view.id;
      } else if (view) {
        model.showView(view);
      }
      const widget = new Page(page, model, () => <RunsPage model={model} />);
      widget.id = 'mlws-runs';
      widget.title.label = trans.__('Runs');
      await tracker.add(widget);
      model.queryChanged.connect(() => void tracker.save(widget));
      model.views.active.changed.connect(() => void tracker.save(widget));
      app.shell.add(widget, 'main', { type: 'ML Workspace' });
    },
  });
  void restorer?.restore(tracker, {
    command: CommandIDs.openRuns,
    args: widget => ({
      query: { ...widget.model.query },
      view: widget.model.views.active.value ?? '',
    }),
    name: () => 'runs',
  });
}

function addRun(app: JupyterFrontEnd, page: IPage, restorer: ILayoutRestorer | null): void {
  const { trans, client, models, attention } = page.workspace;
  const tracker = new WidgetTracker<RunWidget>({ namespace: 'mlws-run' });
  app.commands.addCommand(CommandIDs.openRun, {
    label: trans.__('Open'),
    caption: trans.__('The run with its metrics, log and files'),
    describedBy: {
      args: {
        ...RUN_ARGS.args,
        properties: {
          ...RUN_ARGS.args.properties,
          tab: { type: 'string', description: 'Such as overview, metrics, notebook, logs' },
          line: { type: 'number', description: 'Line of the log, counted from 1' },
        },
      },
    },
    isEnabled: args => typeof args.run_id === 'string' && args.run_id !== '',
    execute: async args => {
      const runId = String(args.run_id);
      attention.see(runId);
      const open = tracker.find(widget => widget.model.runId === runId);
      const line = typeof args.line === 'number' ? args.line - 1 : null;
      if (open) {
        open.tab.value = String(args.tab ?? open.tab.value);
        open.model.log.goTo(line);
        app.shell.activateById(open.id);
        return;
      }
      const [{ RunModel }, { RunPage }] = await Promise.all([
        import('../model/run'),
        import('../panels/run'),
      ]);
      const model = new RunModel(client, models, runId);
      model.log.goTo(line);
      const tab = new State(String(args.tab ?? ''));
      const widget = new RunWidget(page, model, tab, () => <RunPage model={model} tab={tab} />);
      widget.id = `mlws-run-${runId}`;
      widget.title.label = runId.slice(0, 8);
      model.subject.changed.connect(() => {
        widget.title.label = model.run?.name ?? widget.title.label;
        widget.title.caption = model.run ? `${model.run.name}\n${model.run.experiment_name}` : '';
      });
      tab.changed.connect(() => void tracker.save(widget));
      await tracker.add(widget);
      app.shell.add(widget, 'main', { type: 'ML Workspace' });
    },
  });
  void restorer?.restore(tracker, {
    command: CommandIDs.openRun,
    args: widget => ({ run_id: widget.model.runId, tab: widget.tab.value }),
    name: widget => widget.model.runId,
  });
}

/**
 * `?mlws=runs/ID` opens a run, `?mlws=runs/ID/logs/L12` a line of its log, `?mlws=runs/ID/notebook` its
 * executed notebook, `?mlws=runs` the table, `?mlws=views/ID` the table as a view has it.
 */
function addLinks(app: JupyterFrontEnd, router: IRouter): void {
  const command = 'mlws:link-open';
  app.commands.addCommand(command, {
    describedBy: { args: { type: 'object', properties: { search: { type: 'string' } } } },
    execute: async args => {
      const found = linkIn(String(args.search ?? ''));
      if (!found) {
        return;
      }
      // The address is that of JupyterLab again, so that a reload does not open a closed page.
      router.navigate(withoutLink(router.current), { skipRouting: true });
      // A link must not be waited for by the restoration that it waits for itself.
      void app.restored.then(() => app.commands.execute(...wanted(found)));
    },
  });
  router.register({ command, pattern: /[?&]mlws=/, rank: 30 });
}

function wanted(found: ILink): [string, ReadonlyPartialJSONObject] {
  if (found.notebook) {
    return [CommandIDs.openNotebook, { name: found.notebook }];
  }
  return found.run_id
    ? [
        CommandIDs.openRun,
        { run_id: found.run_id, ...(found.line && { tab: 'logs', line: found.line }) },
      ]
    : [CommandIDs.openRuns, found.view ? { view: found.view } : {}];
}

interface ILink {
  run_id?: string;
  line?: number;
  /** The job whose executed notebook is opened. */
  notebook?: string;
  view?: string;
}

/** What a link asks for; null when there is none in the query of the address. */
export function linkIn(search: string): ILink | null {
  const where = new URLSearchParams(search).get('mlws') ?? '';
  const view = /^views\/([\w-]+)$/.exec(where);
  if (view) {
    return { view: view[1] };
  }
  const notebook = /^runs\/([\w-]+)\/notebook$/.exec(where);
  if (notebook) {
    return { notebook: notebook[1] };
  }
  const found = /^runs(?:\/([\w-]+)(?:\/logs\/L(\d+))?)?$/.exec(where);
  return found ? { run_id: found[1], ...(found[2] && { line: Number(found[2]) }) } : null;
}

/** The address without what a link asked for. */
export function withoutLink(location: IRouter.ILocation): string {
  const query = new URLSearchParams(location.search);
  query.delete('mlws');
  const text = query.toString();
  return `${location.path}${text && `?${text}`}${location.hash}`;
}

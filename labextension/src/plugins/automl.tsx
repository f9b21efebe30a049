// AutoML: the wizard that starts a job, its leaderboard, and how both are reached.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Job } from '../api/client';
import type { AutoMLModel } from '../model/automl';
import type { AutoMLDraft, IDraftFields, ITable } from '../model/automldraft';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { RUN_ARGS } from './commands';
import { freeName } from './freename';
import { workspaceIcon } from './icons';
import { notifyError } from './notify';
import { OpenPages, Page } from './openpages';

/** Under this the state of JupyterLab keeps what the wizard was told so far. */
const DRAFT = 'mlws:automl-draft';
/** Files that are tables. */
const TABLES = ['.csv', '.tsv', '.parquet'];

export const automl: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:automl',
  description: 'The AutoML wizard and the leaderboard of an AutoML job.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [ILayoutRestorer, ICommandPalette, ILauncher, IDefaultFileBrowser, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    browser: IDefaultFileBrowser | null,
    state: IStateDB | null,
  ) => {
    const { trans } = workspace;
    const page: IPage = { workspace, commands: app.commands, actions, notebookView: null };
    addBoard(app, page, restorer);
    addWizard(app, page, restorer, browser, state);
    palette?.addItem({ command: CommandIDs.automlWizard, category: trans.__('ML Workspace') });
    launcher?.add({
      command: CommandIDs.automlWizard,
      args: { isLauncher: true },
      category: trans.__('ML'),
      rank: 3,
    });
  },
};

function addBoard(app: JupyterFrontEnd, page: IPage, restorer: ILayoutRestorer | null): void {
  const { trans, client, models } = page.workspace;
  const open = new OpenPages<AutoMLModel>(app.shell, page, restorer, {
    namespace: 'mlws-automl',
    command: CommandIDs.openAutoML,
    args: model => ({ run_id: model.name }),
  });
  app.commands.addCommand(CommandIDs.openAutoML, {
    label: trans.__('Open leaderboard'),
    caption: trans.__('All trials, best first, their notebooks, and what was found in the data'),
    icon: workspaceIcon,
    describedBy: RUN_ARGS,
    isEnabled: args => typeof args.run_id === 'string' && args.run_id !== '',
    execute: async args => {
      const name = String(args.run_id ?? '');
      await open.show(`mlws-automl-${name}`, async () => {
        const [{ AutoMLModel }, { AutoMLPage }] = await Promise.all([
          import('../model/automl'),
          import('../panels/automl'),
        ]);
        const model = new AutoMLModel(client, models, name);
        return {
          model,
          draw: () => <AutoMLPage model={model} />,
          title: () => trans.__('AutoML %1', model.board.value?.display_name ?? name),
          entitled: model.board.changed,
        };
      });
    },
  });
  page.actions.add({
    id: 'automl',
    command: CommandIDs.openAutoML,
    rank: 10,
    isVisible: target => target.type === 'automl',
  });
}

function addWizard(
  app: JupyterFrontEnd,
  page: IPage,
  restorer: ILayoutRestorer | null,
  browser: IDefaultFileBrowser | null,
  state: IStateDB | null,
): void {
  const { workspace } = page;
  const { trans, client } = workspace;
  const { contents } = app.serviceManager;
  const tracker = new WidgetTracker<Page<AutoMLDraft>>({ namespace: 'mlws-automl-wizard' });
  const pathOf = (args: ReadonlyPartialJSONObject): string | null => {
    const selected = args.selected ? [...(browser?.selectedItems() ?? [])] : [];
    const path = args.selected ? (selected.length === 1 ? selected[0]?.path : null) : args.path;
    // Only this server's own files can be sent.
    const isTable =
      typeof path === 'string' && TABLES.includes(PathExt.extname(path).toLowerCase());
    return isTable && !contents.driveName(path) ? path : null;
  };
  /** The table that was asked for; undefined when it was not registered after all. */
  const tableOf = async (args: ReadonlyPartialJSONObject): Promise<ITable | null | undefined> => {
    const path = pathOf(args);
    if (!path) {
      return null;
    }
    const { registerData } = await import('../panels/registerdata');
    const made = await registerData(workspace, contents, path);
    return made ? { name: made.name, version: made.version, type: made.type } : undefined;
  };
  const open = async (table: ITable | null): Promise<void> => {
    const change: Partial<IDraftFields> = table ? { table, step: 'data' } : {};
    const widget = tracker.currentWidget;
    if (widget) {
      if (table) {
        widget.model.describe(change);
      }
      app.shell.activateById(widget.id);
      return;
    }
    const [{ AutoMLDraft }, { AutoMLWizard }, kept] = await Promise.all([
      import('../model/automldraft'),
      import('../panels/automl-wizard'),
      state?.fetch(DRAFT),
    ]);
    const draft = new AutoMLDraft(client, (kept ?? {}) as Partial<IDraftFields>);
    draft.describe(change);
    const save = (): void =>
      void state?.save(DRAFT, draft.fields as unknown as ReadonlyPartialJSONObject);
    draft.changed.connect(save);
    const onSubmitted = (job: Job): void => {
      draft.changed.disconnect(save);
      void state?.remove(DRAFT);
      made.dispose();
      void app.commands.execute(CommandIDs.openAutoML, { run_id: job.name });
    };
    const onNotebook = async (python: string): Promise<void> => {
      const { automlNotebook } = await import('./automlnotebook');
      const folder = browser?.model.path ?? '';
      const path = PathExt.join(folder, await freeName(contents, folder, 'automl'));
      const content = automlNotebook(trans, draft.fields.target, python);
      await contents.save(path, { type: 'notebook', format: 'json', content });
      await app.commands.execute('docmanager:open', { path });
    };
    const made = new Page(page, draft, () => (
      <AutoMLWizard draft={draft} onSubmitted={onSubmitted} onNotebook={onNotebook} />
    ));
    made.id = 'mlws-automl-wizard';
    made.title.label = trans.__('New AutoML job');
    await tracker.add(made);
    app.shell.add(made, 'main', { type: 'ML Workspace' });
  };
  app.commands.addCommand(CommandIDs.automlWizard, {
    label: args => (args.isLauncher ? trans.__('AutoML') : trans.__('AutoML…')),
    caption: trans.__('Find the best model for a table; every trial is a notebook'),
    icon: workspaceIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'Contents path of a table, to be registered' },
          selected: { type: 'boolean', description: 'Take the file selected in the file browser' },
        },
      },
    },
    isVisible: args => !args.selected || pathOf(args) !== null,
    execute: async args => {
      try {
        const table = await tableOf(args);
        if (table !== undefined) {
          await open(table);
        }
      } catch (error) {
        notifyError(workspace, trans.__('The wizard could not be opened.'), error);
      }
    },
  });
  void restorer?.restore(tracker, { command: CommandIDs.automlWizard, name: () => 'wizard' });
}

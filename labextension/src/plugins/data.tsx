// Data: its pages, its section of the panel, and what notebooks and the file browser get of it.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { Clipboard, ICommandPalette, Notification, WidgetTracker } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { DataModel } from '../model/data';
import { snippet } from '../model/snippet';
import { State } from '../model/state';
import type { StoresModel } from '../model/stores';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';
import { notifyError } from './notify';
import { type IMadePage, OpenPages, Page } from './openpages';

const VERSION_ARGS = {
  args: {
    type: 'object',
    properties: {
      name: { type: 'string', description: 'Name of the data' },
      version: { type: 'string' },
      type: { type: 'string' },
    },
    required: ['name'],
  },
} as const;

class DatasetWidget extends Page<DataModel> {
  constructor(
    page: IPage,
    model: DataModel,
    readonly tab: State<string>,
    draw: () => JSX.Element,
  ) {
    super(page, model, draw);
  }
}

export const data: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:data',
  description:
    'Data, datastores, connections and secrets: pages, panel section, file browser menu.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [ILayoutRestorer, ICommandPalette, INotebookTracker, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    notebooks: INotebookTracker | null,
    browsers: IFileBrowserFactory | null,
  ) => {
    const page: IPage = { workspace, commands: app.commands, actions, notebookView: null };
    addList(app, page, restorer);
    addDataset(app, page, restorer);
    addCode(app, workspace, notebooks);
    addRegister(app, workspace, browsers);
    addImport(app, workspace);
    addSection(page);
    const category = workspace.trans.__('ML Workspace');
    palette?.addItem({ command: CommandIDs.openData, category });
    palette?.addItem({ command: CommandIDs.importData, category });
    for (const tab of ['datastores', 'connections', 'secrets']) {
      palette?.addItem({ command: CommandIDs.openData, args: { tab }, category });
    }
  },
};

function addList(app: JupyterFrontEnd, page: IPage, restorer: ILayoutRestorer | null): void {
  const { trans, client, models } = page.workspace;
  const open = new OpenPages<StoresModel>(app.shell, page, restorer, {
    namespace: 'mlws-data',
    command: CommandIDs.openData,
    args: model => ({ tab: model.tab }),
  });
  const labels: Record<string, string> = {
    datastores: trans.__('Open Datastores'),
    connections: trans.__('Open Connections'),
    secrets: trans.__('Open Secrets'),
  };
  app.commands.addCommand(CommandIDs.openData, {
    label: args => labels[String(args.tab)] ?? trans.__('Open Data'),
    caption: trans.__('Data with versions, where it lies, and what opens it'),
    icon: workspaceIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          tab: { type: 'string', enum: ['data', 'datastores', 'connections', 'secrets'] },
        },
      },
    },
    execute: async args => {
      const make = async (): Promise<IMadePage<StoresModel>> => {
        const [{ StoresModel }, { DataPage }] = await Promise.all([
          import('../model/stores'),
          import('../panels/data'),
        ]);
        const model = new StoresModel(client, models, String(args.tab ?? 'data'));
        return {
          model,
          draw: () => <DataPage model={model} />,
          title: () => trans.__('Data'),
          moved: [model.changed],
        };
      };
      await open.show('mlws-data', make, model => {
        model.tab = String(args.tab ?? model.tab);
      });
    },
  });
}

function addDataset(app: JupyterFrontEnd, page: IPage, restorer: ILayoutRestorer | null): void {
  const { trans, client, models } = page.workspace;
  const tracker = new WidgetTracker<DatasetWidget>({ namespace: 'mlws-dataset' });
  app.commands.addCommand(CommandIDs.openDataset, {
    label: trans.__('Open'),
    caption: trans.__('The data with its versions, rows and profile'),
    describedBy: VERSION_ARGS,
    isEnabled: args => typeof args.name === 'string' && args.name !== '',
    execute: async args => {
      const name = String(args.name);
      const version = typeof args.version === 'string' ? args.version : undefined;
      const open = tracker.find(widget => widget.model.name === name);
      if (open) {
        if (version) {
          await open.model.versions.refresh();
          open.model.show(version);
        }
        open.tab.value = String(args.tab ?? open.tab.value);
        app.shell.activateById(open.id);
        return;
      }
      const [{ DataModel }, { DatasetPage }] = await Promise.all([
        import('../model/data'),
        import('../panels/dataset'),
      ]);
      const model = new DataModel(client, models, name, version);
      const tab = new State(String(args.tab ?? ''));
      const draw = (): JSX.Element => <DatasetPage model={model} tab={tab} />;
      const widget = new DatasetWidget(page, model, tab, draw);
      widget.id = `mlws-dataset-${name}`;
      widget.title.label = name;
      tab.changed.connect(() => void tracker.save(widget));
      await tracker.add(widget);
      app.shell.add(widget, 'main', { type: 'ML Workspace' });
    },
  });
  void restorer?.restore(tracker, {
    command: CommandIDs.openDataset,
    args: widget => ({
      name: widget.model.name,
      ...(widget.model.version && { version: widget.model.version }),
      tab: widget.tab.value,
    }),
    name: widget => widget.model.name,
  });
}

/** Cells that load data, and the same lines on the clipboard. */
function addCode(
  app: JupyterFrontEnd,
  workspace: IWorkspace,
  notebooks: INotebookTracker | null,
): void {
  const { trans } = workspace;
  const code = (args: ReadonlyPartialJSONObject): string =>
    snippet({
      name: String(args.name),
      version: String(args.version),
      type: String(args.type ?? 'uri_folder'),
    });
  const isNamed = (args: ReadonlyPartialJSONObject): boolean =>
    typeof args.name === 'string' && typeof args.version === 'string';
  app.commands.addCommand(CommandIDs.insertData, {
    label: trans.__('Insert into notebook'),
    caption: trans.__('Put a cell that loads this version below the current one'),
    describedBy: VERSION_ARGS,
    isEnabled: isNamed,
    execute: args => {
      const panel = notebooks?.currentWidget;
      if (!panel) {
        Notification.warning(trans.__('Open a notebook first: the cell is put into it.'), {
          autoClose: 8000,
        });
        return;
      }
      NotebookActions.insertBelow(panel.content);
      panel.content.activeCell?.model.sharedModel.setSource(code(args));
      app.shell.activateById(panel.id);
    },
  });
  app.commands.addCommand(CommandIDs.copyData, {
    label: trans.__('Copy code'),
    caption: trans.__('Put the lines that load this version on the clipboard'),
    describedBy: VERSION_ARGS,
    isEnabled: isNamed,
    execute: args => Clipboard.copyToSystem(code(args)),
  });
}

function addRegister(
  app: JupyterFrontEnd,
  workspace: IWorkspace,
  browsers: IFileBrowserFactory | null,
): void {
  const { trans } = workspace;
  const { contents } = app.serviceManager;
  const pathOf = (args: ReadonlyPartialJSONObject): string | undefined => {
    if (typeof args.path === 'string') {
      return args.path;
    }
    const chosen = [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])];
    const path = chosen.length === 1 ? chosen[0]?.path : undefined;
    // Only this server's own files can be sent.
    return path && !contents.driveName(path) ? path : undefined;
  };
  app.commands.addCommand(CommandIDs.registerData, {
    label: trans.__('Register as data…'),
    caption: trans.__('Keep this file or folder as a version of data'),
    icon: workspaceIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'Contents path of the file or folder' },
          selected: { type: 'boolean', description: 'Take what the file browser has selected' },
        },
      },
    },
    isEnabled: args => pathOf(args) !== undefined,
    execute: async args => {
      const path = pathOf(args);
      if (!path) {
        return;
      }
      try {
        const { registerData } = await import('../panels/registerdata');
        const made = await registerData(workspace, contents, path);
        if (made) {
          await app.commands.execute(CommandIDs.openDataset, {
            name: made.name,
            version: made.version,
          });
        }
      } catch (error) {
        notifyError(workspace, trans.__('This cannot be registered.'), error);
      }
    },
  });
}

/** *Import data…*: started, it is followed on its run's page; scheduled, in the editor of schedules. */
function addImport(app: JupyterFrontEnd, workspace: IWorkspace): void {
  const { trans, client } = workspace;
  const { commands } = app;
  commands.addCommand(CommandIDs.importData, {
    label: trans.__('Import data…'),
    caption: trans.__('Bring in rows of a database or files of another storage as a new version'),
    icon: workspaceIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: { name: { type: 'string', description: 'Name of the data' } },
      },
    },
    execute: async args => {
      const [{ ImportDraft }, { openImport }] = await Promise.all([
        import('../model/dataimport'),
        import('../panels/importdata'),
      ]);
      const draft = new ImportDraft(client, typeof args.name === 'string' ? args.name : '');
      for (;;) {
        const made = await openImport(workspace, draft);
        const import_data = draft.document as ReadonlyPartialJSONObject;
        // Who gives the schedule up is back at what was written.
        if (
          made === 'schedule' &&
          !(await commands.execute(CommandIDs.scheduleDialog, { import_data }))
        ) {
          continue;
        }
        draft.dispose();
        if (made && made !== 'schedule') {
          await commands.execute(CommandIDs.openRun, { run_id: made.name });
        }
        return;
      }
    },
  });
}

function addSection(page: IPage): void {
  const { workspace } = page;
  const { trans, models } = workspace;
  void Promise.all([
    import('../panels/datalist'),
    import('../panels/page'),
    import('../panels/sidebar'),
  ]).then(([{ DataSection }, { PageWidget }, { Searched }]) => {
    workspace.addPanel({
      id: 'data',
      title: trans.__('Data'),
      rank: 500,
      openCommand: CommandIDs.openData,
      create: () => {
        models.ensure(models.data);
        return new PageWidget(page, () => (
          <Searched search={workspace.search} content={text => <DataSection search={text} />} />
        ));
      },
    });
  });
}

// Models: their pages, and what runs left becomes one of them.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import type { ModelModel, RegistryModel } from '../model/models';
import { State } from '../model/state';
import { isFinal } from '../model/states';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';
import { notifyError } from './notify';
import { type IMadePage, OpenPages, Page } from './openpages';

class ModelWidget extends Page<ModelModel> {
  constructor(
    page: IPage,
    model: ModelModel,
    readonly tab: State<string>,
    draw: () => JSX.Element,
  ) {
    super(page, model, draw);
  }
}

export const models: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:models',
  description: 'Models: the list, the page of one, and registering what a run left.',
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
    const { trans } = workspace;
    const page: IPage = { workspace, commands: app.commands, actions, notebookView: null };
    addList(app, page, restorer);
    addModel(app, page, restorer);
    addRegister(app, workspace);
    actions.add({
      id: 'register-model',
      command: CommandIDs.registerModel,
      rank: 140,
      isVisible: target => isFinal(target.status),
    });
    palette?.addItem({ command: CommandIDs.openModels, category: trans.__('ML Workspace') });
  },
};

function addList(app: JupyterFrontEnd, page: IPage, restorer: ILayoutRestorer | null): void {
  const { trans, client, models: workspace } = page.workspace;
  const open = new OpenPages<RegistryModel>(app.shell, page, restorer, {
    namespace: 'mlws-models',
    command: CommandIDs.openModels,
    args: model => ({ tab: model.tab }),
  });
  app.commands.addCommand(CommandIDs.openModels, {
    label: trans.__('Open Models'),
    caption: trans.__('Registered models, their stages, and what waits for approval'),
    icon: workspaceIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: { tab: { type: 'string', enum: ['models', 'requests'] } },
      },
    },
    execute: async args => {
      const make = async (): Promise<IMadePage<RegistryModel>> => {
        const [{ RegistryModel }, { ModelsPage }] = await Promise.all([
          import('../model/models'),
          import('../panels/models'),
        ]);
        const model = new RegistryModel(client, workspace, String(args.tab ?? 'models'));
        return {
          model,
          draw: () => <ModelsPage model={model} />,
          title: () => trans.__('Models'),
          moved: [model.changed],
        };
      };
      await open.show('mlws-models', make, model => {
        model.tab = String(args.tab ?? model.tab);
      });
    },
  });
}

function addModel(app: JupyterFrontEnd, page: IPage, restorer: ILayoutRestorer | null): void {
  const { trans, client, models: workspace } = page.workspace;
  const tracker = new WidgetTracker<ModelWidget>({ namespace: 'mlws-model' });
  app.commands.addCommand(CommandIDs.openModel, {
    label: trans.__('Open'),
    caption: trans.__('The model with its versions, stage and files'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          name: { type: 'string', description: 'Name of the model' },
          version: { type: 'string' },
          tab: { type: 'string', description: 'Such as overview, stage, files, lineage' },
        },
        required: ['name'],
      },
    },
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
      const [{ ModelModel }, { ModelPage }] = await Promise.all([
        import('../model/models'),
        import('../panels/model'),
      ]);
      workspace.ensure(workspace.info);
      const model = new ModelModel(client, workspace, name, version);
      const tab = new State(String(args.tab ?? ''));
      const draw = (): JSX.Element => <ModelPage model={model} tab={tab} />;
      const widget = new ModelWidget(page, model, tab, draw);
      widget.id = `mlws-model-${name}`;
      widget.title.label = name;
      tab.changed.connect(() => void tracker.save(widget));
      model.changed.connect(() => void tracker.save(widget));
      await tracker.add(widget);
      app.shell.add(widget, 'main', { type: 'ML Workspace' });
    },
  });
  void restorer?.restore(tracker, {
    command: CommandIDs.openModel,
    args: widget => ({
      name: widget.model.name,
      ...(widget.model.version && { version: widget.model.version }),
      tab: widget.tab.value,
    }),
    name: widget => widget.model.name,
  });
}

function addRegister(app: JupyterFrontEnd, workspace: IWorkspace): void {
  const { trans } = workspace;
  app.commands.addCommand(CommandIDs.registerModel, {
    label: trans.__('Register model…'),
    caption: trans.__('Keep what this run left as a version of a model'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          run_id: { type: 'string', description: 'The id of the run' },
          path: { type: 'string', description: 'The file or folder among its artifacts' },
        },
        required: ['run_id'],
      },
    },
    isEnabled: args => typeof args.run_id === 'string' && args.run_id !== '',
    execute: async args => {
      try {
        const { registerModel } = await import('../panels/registermodel');
        const made = await registerModel(workspace, String(args.run_id), String(args.path ?? ''));
        if (made) {
          const { name, version } = made;
          await app.commands.execute(CommandIDs.openModel, { name, version });
        }
      } catch (error) {
        notifyError(workspace, trans.__('This cannot be registered.'), error);
      }
    },
  });
}

// Environments: their page, their section of the panel, their kernels in JupyterLab's picker.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { Event } from '../api/client';
import { subjectOf } from '../model/concerns';
import type { EnvironmentsModel } from '../model/environments';
import { type IPage, PageWidget } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';
import { notifyError } from './notify';
import { OpenPages } from './openpages';

export const environments: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:environments',
  description: 'The environments page and its section in the panel.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [INotebookTracker, IDefaultFileBrowser, ICommandPalette, ILayoutRestorer],
  activate: async (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    notebooks: INotebookTracker | null,
    browser: IDefaultFileBrowser | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
  ) => {
    const { trans } = workspace;
    const page: IPage = {
      workspace,
      commands: app.commands,
      actions,
      notebookView: null,
      kernelOfNotebook: () => {
        const context = notebooks?.currentWidget?.sessionContext;
        return context?.session?.kernel?.name ?? context?.kernelPreference.name ?? null;
      },
    };
    const { EnvironmentSection } = await import('../panels/environment-section');
    addPage(app, page, restorer);
    addNotebook(app, workspace, browser);
    workspace.addPanel({
      id: 'environments',
      title: trans.__('Environments'),
      rank: 700,
      startsFolded: true,
      openCommand: CommandIDs.openEnvironments,
      create: () => {
        workspace.models.ensure(workspace.models.environments);
        return new PageWidget(page, () => <EnvironmentSection />);
      },
    });
    refreshKernels(app, workspace);
    for (const command of [CommandIDs.openEnvironments, CommandIDs.newEnvironment]) {
      palette?.addItem({ command, category: trans.__('ML Workspace') });
    }
  },
};

function addPage(app: JupyterFrontEnd, page: IPage, restorer: ILayoutRestorer | null): void {
  const { trans, client, models } = page.workspace;
  const open = new OpenPages<EnvironmentsModel>(app.shell, page, restorer, {
    namespace: 'mlws-environments',
    command: CommandIDs.openEnvironments,
    args: model => ({ name: model.current?.name ?? null }),
  });
  const shown = (): Promise<EnvironmentsModel> =>
    open.show('mlws-environments', async () => {
      const [{ EnvironmentsModel }, { EnvironmentsPage }] = await Promise.all([
        import('../model/environments'),
        import('../panels/environments'),
      ]);
      const model = new EnvironmentsModel(client, models);
      return {
        model,
        draw: () => <EnvironmentsPage model={model} />,
        title: () => trans.__('Environments'),
        moved: [model.changed],
      };
    });
  app.commands.addCommand(CommandIDs.openEnvironments, {
    label: trans.__('Open Environments'),
    caption: trans.__('What jobs and notebooks run in: packages, lock files, builds'),
    icon: workspaceIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: { name: { type: 'string', description: 'The environment to show' } },
      },
    },
    execute: async args => {
      const model = await shown();
      if (typeof args.name === 'string') {
        model.show(args.name);
      }
    },
  });
  app.commands.addCommand(CommandIDs.newEnvironment, {
    label: trans.__('New Environment…'),
    caption: trans.__('Describe an environment by its packages or a conda file, and build it'),
    icon: workspaceIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: { kernel: { type: 'string', description: 'A kernel to take packages from' } },
      },
    },
    execute: async args => {
      const model = await shown();
      model.describe();
      if (typeof args.kernel === 'string') {
        try {
          await model.likeKernel(args.kernel);
        } catch (error) {
          notifyError(page.workspace, trans.__('The kernel could not be read.'), error);
        }
      }
    },
  });
}

function addNotebook(
  app: JupyterFrontEnd,
  workspace: IWorkspace,
  browser: IDefaultFileBrowser | null,
): void {
  const { trans } = workspace;
  app.commands.addCommand(CommandIDs.newNotebook, {
    label: trans.__('New Notebook'),
    caption: trans.__('A notebook on the kernel of an environment'),
    describedBy: {
      args: {
        type: 'object',
        properties: { kernelName: { type: 'string', description: 'Name of the kernel' } },
        required: ['kernelName'],
      },
    },
    isEnabled: args => typeof args.kernelName === 'string',
    execute: async args => {
      const kernelName = String(args.kernelName);
      await app.serviceManager.kernelspecs.refreshSpecs();
      if (!app.serviceManager.kernelspecs.specs?.kernelspecs[kernelName]) {
        const text = trans.__(
          'The environment lies on the machine of the workspace, not on this one.',
        );
        notifyError(workspace, text, '');
        return;
      }
      const cwd = browser?.model.path ?? '';
      await app.commands.execute('notebook:create-new', { kernelName, cwd });
    },
  });
}

/** A built environment is a kernel: JupyterLab is told, which else would look once a minute. */
function refreshKernels(app: JupyterFrontEnd, workspace: IWorkspace): void {
  workspace.events.arrived.connect((_, events: readonly Event[]) => {
    if (
      events.some(event => subjectOf(event).kind === 'build' && event.change?.state === 'ready')
    ) {
      void app.serviceManager.kernelspecs.refreshSpecs();
    }
  });
}

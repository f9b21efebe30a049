// Executed notebooks: open one, follow it while it runs, and give it to pages.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { DOMUtils, WidgetTracker } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import {
  INotebookWidgetFactory,
  type Notebook,
  NotebookPanel,
  type NotebookWidgetFactory,
} from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { drivePath, runOfPath } from '../drive/path';
import { nameOf } from '../jobform/draft';
import { SOURCE_PROPERTY } from '../jobform/form';
import {
  type ActionsFor,
  DEFAULT_CONFIG,
  ExecutedNotebookFactory,
  executedWidget,
  type INotebookParts,
} from '../notebook/executed';
import { CommandIDs, INotebookView, IWorkspace } from '../tokens';
import { READ_ONLY_NOTEBOOK } from './artifacts';
import { notifyError } from './notify';

const ARGS = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'Name of the notebook job.' },
    cell_id: { type: 'string', description: 'Id of the cell to show.' },
  },
  required: ['name'],
} as const;

export const executed: JupyterFrontEndPlugin<INotebookView> = {
  id: '@mlws/labextension:executed',
  description: 'Executed notebooks of jobs: read-only, without a kernel, live while they run.',
  autoStart: true,
  provides: INotebookView,
  requires: [
    IWorkspace,
    IDocumentManager,
    IRenderMimeRegistry,
    IEditorServices,
    NotebookPanel.IContentFactory,
  ],
  optional: [INotebookWidgetFactory, ILayoutRestorer, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    documents: IDocumentManager,
    rendermime: IRenderMimeRegistry,
    editors: IEditorServices,
    contentFactory: NotebookPanel.IContentFactory,
    notebooks: NotebookWidgetFactory.IFactory | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null,
  ): INotebookView => {
    const { client, trans, translator } = workspace;
    const { contents } = app.serviceManager;
    const parts: INotebookParts = {
      rendermime,
      contentFactory,
      mimeTypeService: editors.mimeTypeService,
      config: () => notebooks ?? DEFAULT_CONFIG,
    };

    const openCopy = async (notebook: Notebook, name: string): Promise<void> => {
      try {
        const folder = browser?.model.path ?? '';
        const made = await contents.newUntitled({ path: folder, type: 'notebook' });
        const content = notebook.model?.toJSON();
        await contents.save(made.path, { type: 'notebook', format: 'json', content });
        const wanted = PathExt.join(PathExt.dirname(made.path), `${name}.ipynb`);
        // A name that is taken is no reason not to open the copy.
        const path = await contents.rename(made.path, wanted).then(
          model => model.path,
          () => made.path,
        );
        documents.openOrReveal(path);
      } catch (error) {
        notifyError(workspace, trans.__('The copy could not be made.'), error);
      }
    };
    const actions: ActionsFor = (job, notebook) => {
      if (!job) {
        return {};
      }
      const source = job.properties?.[SOURCE_PROPERTY];
      return {
        openRun: () => void app.commands.execute(CommandIDs.openRun, { run_id: job.name }),
        openSource: source ? () => void documents.openOrReveal(source) : undefined,
        openAsCopy: () => void openCopy(notebook, job.name),
        runAgain: () => void app.commands.execute(CommandIDs.runDialog, { from_job: job.name }),
      };
    };

    const factory = new ExecutedNotebookFactory(
      {
        name: READ_ONLY_NOTEBOOK,
        label: trans.__('Executed notebook'),
        fileTypes: ['notebook'],
        modelName: 'notebook',
        preferKernel: false,
        canStartKernel: false,
        readOnly: true,
        rendermime,
        contentFactory,
        mimeTypeService: editors.mimeTypeService,
        translator,
      },
      workspace,
      actions,
      parts.config,
    );
    const tracker = new WidgetTracker<NotebookPanel>({ namespace: 'mlws-executed' });
    factory.widgetCreated.connect((_, panel) => {
      // The layout is restored by ids, and a document has none of its own yet.
      panel.id ||= DOMUtils.createDomID();
      panel.context.pathChanged.connect(() => void tracker.save(panel));
      void tracker.add(panel);
    });
    app.docRegistry.addWidgetFactory(factory);

    app.commands.addCommand(CommandIDs.openNotebook, {
      label: trans.__('Open executed notebook'),
      describedBy: { args: ARGS },
      isEnabled: args => typeof args.name === 'string',
      execute: async args => {
        const name = String(args.name);
        try {
          const job = await client.call('jobs.get', { name });
          const path = drivePath(name, nameOf(String(job.notebook ?? '')));
          await contents.get(path, { content: false, type: 'notebook' });
          const panel = documents.openOrReveal(path, READ_ONLY_NOTEBOOK);
          if (panel && typeof args.cell_id === 'string') {
            panel.setFragment(`#cell-id=${args.cell_id}`);
          }
        } catch (error) {
          notifyError(workspace, trans.__('The notebook of %1 cannot be shown.', name), error);
        }
      },
    });
    void restorer?.restore(tracker, {
      command: CommandIDs.openNotebook,
      args: panel => ({ name: runOfPath(panel.context.path)?.runId ?? '' }),
      name: panel => panel.context.path,
      when: app.serviceManager.ready,
    });
    return {
      create: name =>
        executedWidget(workspace, parts, name, (job, notebook) => ({
          ...actions(job, notebook),
          openTab: () => void app.commands.execute(CommandIDs.openNotebook, { name }),
        })),
    };
  },
};

// Executed notebooks: as documents of their own, and as parts of pages.
import type { IEditorMimeTypeService } from '@jupyterlab/codeeditor';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import {
  type INotebookModel,
  type Notebook,
  NotebookModel,
  type NotebookPanel,
  NotebookWidgetFactory,
  StaticNotebook,
} from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Panel as LuminoPanel, type Widget } from '@lumino/widgets';
import type { Job } from '../api/client';
import { runOfPath } from '../drive/path';
import { subjectOf } from '../model/concerns';
import { Resource } from '../model/resource';
import type { IWorkspace } from '../tokens';
import { localeOf } from '../ui/format';
import { Panel } from '../ui/widget';
import type { NotebookExecution } from './execution';
import { Follower } from './follower';
import { ExecutedHeader, type IHeaderActions } from './header';
import { runJobIcon } from './icons';

/** What is needed to draw a notebook. */
export interface INotebookParts {
  rendermime: IRenderMimeRegistry;
  contentFactory: NotebookPanel.IContentFactory;
  mimeTypeService: IEditorMimeTypeService;
  /** The person's own settings of editors and notebooks. */
  config: () => Pick<NotebookWidgetFactory, 'editorConfig' | 'notebookConfig'>;
}

/** What the header of a job's notebook offers; the job is null until it was read. */
export type ActionsFor = (job: Job | null, notebook: Notebook) => IHeaderActions;

export const DEFAULT_CONFIG = {
  editorConfig: StaticNotebook.defaultEditorConfig,
  notebookConfig: StaticNotebook.defaultNotebookConfig,
};

/** Makes panels for notebooks on the `MLWS:` drive: read-only, in step with their job. */
export class ExecutedNotebookFactory extends NotebookWidgetFactory {
  constructor(
    options: NotebookWidgetFactory.IOptions<NotebookPanel>,
    private readonly _workspace: IWorkspace,
    private readonly _actions: ActionsFor,
    private readonly _config: INotebookParts['config'],
  ) {
    super(options);
  }

  protected override createNewWidget(
    context: DocumentRegistry.IContext<INotebookModel>,
    source?: NotebookPanel,
  ): NotebookPanel {
    const { editorConfig, notebookConfig } = this._config();
    this.editorConfig = editorConfig;
    this.notebookConfig = notebookConfig;
    const panel = super.createNewWidget(context, source);
    panel.addClass('jp-MlwsExecutedPanel');
    panel.toolbar.hide();
    // The label stays the file's name: a document that changes it is renamed.
    panel.title.icon = runJobIcon;
    const runId = runOfPath(context.path)?.runId;
    void context.ready.then(() => {
      context.model.readOnly = true;
      if (runId && !panel.isDisposed) {
        const header = follow(this._workspace, runId, panel.content, this._actions, false);
        panel.contentHeader.addWidget(header);
        keepHeight(header);
      }
    });
    return panel;
  }
}

/** The executed notebook of a job inside a page. */
export function executedWidget(
  workspace: IWorkspace,
  parts: INotebookParts,
  name: string,
  actions: ActionsFor,
): Widget {
  const { editorConfig, notebookConfig } = parts.config();
  const notebook = parts.contentFactory.createNotebook({
    rendermime: parts.rendermime.clone(),
    contentFactory: parts.contentFactory,
    mimeTypeService: parts.mimeTypeService,
    editorConfig,
    notebookConfig: { ...notebookConfig, scrollPastEnd: false },
    translator: workspace.translator,
  });
  notebook.model = new NotebookModel({ translator: workspace.translator });
  const header = follow(workspace, name, notebook, actions, true);

  const widget = new LuminoPanel();
  widget.addClass('jp-MlwsExecutedWidget');
  // The styles of notebooks are those of a notebook panel.
  widget.addClass('jp-NotebookPanel');
  widget.addWidget(header);
  widget.addWidget(notebook);
  return widget;
}

/** Give a header in a box layout, which asks for a least height, the height of what it shows. */
function keepHeight(header: Widget): void {
  const observer = new ResizeObserver(() => {
    header.node.style.minHeight = `${header.node.firstElementChild?.scrollHeight ?? 0}px`;
    header.parent?.fit();
  });
  const watch = new MutationObserver(() => {
    const content = header.node.firstElementChild;
    if (content) {
      observer.observe(content);
      watch.disconnect();
    }
  });
  watch.observe(header.node, { childList: true });
  header.disposed.connect(() => {
    watch.disconnect();
    observer.disconnect();
  });
}

/** Keep `notebook` in step with a job until it is disposed; the header is the caller's to place. */
function follow(
  workspace: IWorkspace,
  name: string,
  notebook: Notebook,
  actions: ActionsFor,
  isInPage: boolean,
): Widget {
  const { client, models, trans, translator } = workspace;
  const job = models.job(name);
  const execution = new Resource<NotebookExecution>(signal =>
    client.call('jobs.get_notebook', { name }, { signal }),
  );
  const following = models.follow(execution, event => subjectOf(event).id === name);
  const follower = new Follower(notebook, execution, trans);
  void execution.refresh();
  const offered = (value: Job | null): IHeaderActions => actions(value, notebook);
  const header = new Panel({ trans, locale: localeOf(translator.languageCode) }, () => (
    <ExecutedHeader job={job} follower={follower} actions={offered} isInPage={isInPage} />
  ));
  header.addClass('jp-MlwsExecuted-strip');
  notebook.disposed.connect(() => {
    follower.dispose();
    following.dispose();
    execution.dispose();
    job.dispose();
  });
  return header;
}

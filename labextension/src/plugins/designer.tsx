// The pipeline designer opens `*.pipeline.yml`; its commands, menus and places.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  InputDialog,
  Notification,
  showDialog,
  WidgetTracker,
} from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ABCWidgetFactory, type DocumentRegistry, DocumentWidget } from '@jupyterlab/docregistry';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { type FileEditorFactory, IEditorWidgetFactory } from '@jupyterlab/fileeditor';
import { ILauncher } from '@jupyterlab/launcher';
import type { Contents } from '@jupyterlab/services';
import { toArray } from '@lumino/algorithm';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Job, Schemas } from '../api/client';
import type { Designer, IText } from '../designer/designer';
import { PipelineFiles } from '../designer/files';
import type { IStep } from '../designer/pipelinefile';
import { SOURCE_PROPERTY } from '../jobform/form';
import { concernsJobs, subjectOf } from '../model/concerns';
import { Resource } from '../model/resource';
import { State } from '../model/state';
import type { IDesignerProps } from '../panels/designer';
import type { IPaletteGroup, IPaletteItem } from '../panels/designer-palette';
import { type IPage, PageWidget } from '../panels/page';
import { CommandIDs, INotebookView, IRunActions, IWorkspace } from '../tokens';
import { Skeleton } from '../ui/states';
import { pipelineIcon } from './icons';
import { notifyError } from './notify';

export const DESIGNER = 'Pipeline Designer';
const FILE_TYPE = 'mlws-pipeline';
const FILES_MIME = 'application/x-jupyter-icontents';

/** The YAML library comes with the first pipeline that is opened or made. */
const loadFile = (): Promise<typeof import('../designer/pipelinefile')> =>
  import('../designer/pipelinefile');

/** Groups of parts that are registered, and what events about them are about. */
const KINDS: Readonly<Record<string, string>> = {
  components: 'component',
  data: 'data',
  models: 'model',
};

type DesignerWidget = DocumentWidget<PageWidget>;

export const designer: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:designer',
  description: 'The pipeline designer: an editor and live view of `*.pipeline.yml`.',
  autoStart: true,
  requires: [IWorkspace, IRunActions, IDocumentManager],
  optional: [
    INotebookView,
    ILayoutRestorer,
    IDefaultFileBrowser,
    ILauncher,
    ICommandPalette,
    IEditorWidgetFactory,
  ],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    documents: IDocumentManager,
    notebookView: INotebookView | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    editors: FileEditorFactory.IFactory | null,
  ) => {
    const { trans } = workspace;
    const { contents } = app.serviceManager;
    const page: IPage = { workspace, commands: app.commands, actions, notebookView };
    app.docRegistry.addFileType({
      name: FILE_TYPE,
      displayName: trans.__('Pipeline'),
      extensions: ['.pipeline.yml', '.pipeline.yaml'],
      mimeTypes: ['text/x-yaml'],
      contentType: 'file',
      fileFormat: 'text',
      icon: pipelineIcon,
    });
    const factory = new DesignerFactory(
      {
        name: DESIGNER,
        label: trans.__('Pipeline Designer'),
        fileTypes: [FILE_TYPE],
        defaultFor: [FILE_TYPE],
        modelName: 'text',
        translator: workspace.translator,
      },
      page,
      documents,
      contents,
      editors,
    );
    app.docRegistry.addWidgetFactory(factory);
    const tracker = new WidgetTracker<DesignerWidget>({ namespace: 'mlws-designer' });
    factory.widgetCreated.connect((_, widget) => {
      widget.context.pathChanged.connect(() => void tracker.save(widget));
      void tracker.add(widget);
    });
    void restorer?.restore(tracker, {
      command: 'docmanager:open',
      args: widget => ({ path: widget.context.path, factory: DESIGNER }),
      name: widget => widget.context.path,
    });

    const make = async (folder: string, text: string): Promise<void> => {
      try {
        const { content } = await contents.get(folder);
        const taken = (content as Contents.IModel[]).map(item => item.name);
        let name = 'untitled.pipeline.yml';
        for (let n = 1; taken.includes(name); n++) {
          name = `untitled${n}.pipeline.yml`;
        }
        const path = PathExt.join(folder, name);
        await contents.save(path, { type: 'file', format: 'text', content: text });
        documents.openOrReveal(path, DESIGNER);
      } catch (error) {
        notifyError(workspace, trans.__('The pipeline could not be made.'), error);
      }
    };
    app.commands.addCommand(CommandIDs.newPipeline, {
      label: args => (args.isLauncher ? trans.__('Pipeline') : trans.__('New Pipeline')),
      caption: trans.__('Draw a pipeline of notebooks, scripts and components'),
      icon: pipelineIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            folder: { type: 'string', description: 'Where the file is made.' },
            component: { type: 'string', description: 'Its first step, as azureml:NAME:VERSION.' },
          },
        },
      },
      execute: async args => {
        const { addStep, EMPTY, freeName } = await loadFile();
        const { component } = args;
        const name = typeof component === 'string' ? (component.split(':')[1] ?? '') : '';
        await make(
          typeof args.folder === 'string' ? args.folder : (browser?.model.path ?? ''),
          name ? addStep(EMPTY, freeName(name, []), { component: String(component) }) : EMPTY,
        );
      },
    });
    const chosenNotebooks = (): string[] =>
      toArray(browser?.selectedItems() ?? [])
        .map(item => item.path)
        .filter(path => path.endsWith('.ipynb'));
    app.commands.addCommand(CommandIDs.pipelineOfNotebooks, {
      label: trans.__('Build Pipeline from Notebooks'),
      caption: trans.__('Make a pipeline with a step for each chosen notebook'),
      icon: pipelineIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isVisible: () => chosenNotebooks().length > 0,
      execute: async () => {
        const { addStep, EMPTY, freeName } = await loadFile();
        const paths = chosenNotebooks();
        const folder = PathExt.dirname(paths[0] ?? '');
        const keys: string[] = [];
        const text = paths.reduce((made, path) => {
          const key = freeName(stem(path), keys);
          keys.push(key);
          return addStep(made, key, notebookStep(PathExt.relative(folder, path)));
        }, EMPTY);
        await make(folder, text);
      },
    });
    const chosenElyra = (): string | undefined =>
      toArray(browser?.selectedItems() ?? [])
        .map(item => item.path)
        .find(path => path.endsWith('.pipeline'));
    app.commands.addCommand(CommandIDs.pipelineOfElyra, {
      label: trans.__('Make Pipeline from Elyra'),
      caption: trans.__('Make a pipeline of the notebooks and scripts in a file of Elyra'),
      icon: pipelineIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isVisible: () => chosenElyra() !== undefined,
      execute: async () => {
        const source = chosenElyra();
        if (!source) {
          return;
        }
        try {
          const read = await contents.get(source, { type: 'file', format: 'text', content: true });
          const made = await workspace.client.call('pipelines.import_elyra', {
            text: String(read.content),
            file: PathExt.basename(source),
          });
          const target = PathExt.join(PathExt.dirname(source), made.file);
          const path = await writeBeside(contents, workspace, target, made.text);
          if (path) {
            tellConverted(workspace, path, made.warnings ?? []);
            documents.openOrReveal(path, DESIGNER);
          }
        } catch (error) {
          notifyError(workspace, trans.__('The pipeline could not be made.'), error);
        }
      },
    });
    launcher?.add({
      command: CommandIDs.newPipeline,
      args: { isLauncher: true },
      category: trans.__('ML'),
      rank: 3,
    });
    palette?.addItem({ command: CommandIDs.newPipeline, category: trans.__('ML Workspace') });
  },
};

class DesignerFactory extends ABCWidgetFactory<DesignerWidget, DocumentRegistry.IModel> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions<DesignerWidget>,
    private readonly _page: IPage,
    private readonly _documents: IDocumentManager,
    private readonly _contents: Contents.IManager,
    private readonly _editors: FileEditorFactory.IFactory | null,
  ) {
    super(options);
  }

  /** A text is shared with others as the text editor shares it: jupyter-collaboration tells only that. */
  override get contentProviderId(): string | undefined {
    return this._editors?.contentProviderId;
  }

  protected createNewWidget(
    context: DocumentRegistry.IContext<DocumentRegistry.IModel>,
  ): DesignerWidget {
    const opened = new OpenPipeline(context, this._page, this._documents, this._contents);
    const content = new PageWidget(this._page, () => opened.draw());
    content.addClass('jp-MlwsDesignerWidget');
    opened.changed.connect(() => content.update());
    const widget = new DocumentWidget({ content, context });
    widget.toolbar.hide();
    widget.title.icon = pipelineIcon;
    takeFiles(content.node, paths => opened.addFiles(paths));
    widget.disposed.connect(() => opened.dispose());
    return widget;
  }
}

/** What one open pipeline file is drawn from. */
class OpenPipeline {
  constructor(
    private readonly _context: DocumentRegistry.IContext<DocumentRegistry.IModel>,
    private readonly _page: IPage,
    private readonly _documents: IDocumentManager,
    private readonly _contents: Contents.IManager,
  ) {
    void this._open();
  }

  /** Fires when there is something else to draw. */
  readonly ready = new State<IDesignerProps | null>(null);

  get changed(): State<IDesignerProps | null>['changed'] {
    return this.ready.changed;
  }

  draw(): JSX.Element {
    const props = this.ready.value;
    return props && this._Panel ? <this._Panel {...props} /> : <Skeleton rows={6} />;
  }

  /** Make a step of each notebook, script or component among files of this server. */
  addFiles(paths: readonly string[]): void {
    const designer = this.ready.value?.designer;
    for (const path of paths) {
      const said = stepOfFile(PathExt.relative(this._folder, path));
      if (said) {
        designer?.add(stem(path), said);
      } else {
        const { trans } = this._page.workspace;
        Notification.warning(
          trans.__(
            '%1 cannot be a step: take a notebook, a script or the YAML of a component.',
            path,
          ),
        );
      }
    }
  }

  dispose(): void {
    this._disposables.forEach(item => {
      item.dispose();
    });
  }

  private get _folder(): string {
    return PathExt.dirname(this._context.localPath);
  }

  private async _open(): Promise<void> {
    const [{ DesignerPage }, { Designer }] = await Promise.all([
      import('../panels/designer'),
      import('../designer/designer'),
      this._context.ready,
    ]);
    if (this._context.isDisposed) {
      return;
    }
    this._Panel = DesignerPage;
    const { client, models } = this._page.workspace;
    const { sharedModel } = this._context.model;
    const files = new PipelineFiles(
      this._contents,
      client,
      () => this._folder,
      () => void designer.graph.refresh(),
    );
    const designer = new Designer(sharedModel as unknown as IText, (text, signal) =>
      files.graphOf(text, PathExt.basename(this._context.localPath), signal),
    );
    const runs = new Resource<readonly Job[]>(async signal => {
      const found = await client.call(
        'jobs.list',
        { type: 'pipeline', max_results: 100 },
        { signal },
      );
      const path = this._context.localPath;
      return found.items.filter(job => job.properties?.[SOURCE_PROPERTY] === path).slice(0, 12);
    });
    const following = models.follow(runs, concernsJobs);
    void runs.refresh();
    this._disposables = [designer, files, runs, following];
    this.ready.value = {
      designer,
      path: this._context.localPath,
      groups: this._groups(),
      runs,
      shown: new State(''),
      view: new State('graph'),
      onOpenSource: step => this._openSource(step),
      onRun: scope => void this._run(designer, scope),
      onExport: format => void this._export(designer, files, format),
      onJoin: key => void this._join(designer, key),
      onResume: (job, step, scope) => void this._resume(job, step, scope),
    };
  }

  private _openSource(step: IStep): void {
    const file = step.source.replace(/^file:/, '');
    if (/\.(ipynb|ya?ml|py|r|sql)$/i.test(file) && !file.startsWith('azureml:')) {
      this._documents.openOrReveal(PathExt.join(this._folder, file));
    }
  }

  private _groups(): IPaletteGroup[] {
    const { client, models, trans } = this._page.workspace;
    const group = (
      id: string,
      title: string,
      empty: string,
      read: (signal: AbortSignal) => Promise<readonly IPaletteItem[]>,
    ): IPaletteGroup => {
      const items = new Resource(read);
      void items.refresh();
      const kind = KINDS[id];
      this._disposables.push(items);
      if (kind) {
        const follow = models.follow(items, event => subjectOf(event).kind === kind);
        this._disposables.push(follow);
      }
      return { id, title, empty, items };
    };
    return [
      group(
        'files',
        trans.__('In this project'),
        trans.__('There are no notebooks or scripts in this folder.'),
        () => this._projectFiles(),
      ),
      group(
        'components',
        trans.__('Components'),
        trans.__('No components are registered: mlws component create -f FILE.'),
        async signal => {
          const found = await client.call('components.list', { max_results: 1000 }, { signal });
          return found.items.map(componentItem);
        },
      ),
      ...(['data', 'models'] as const).map(noun =>
        group(
          noun,
          noun === 'data' ? trans.__('Data') : trans.__('Models'),
          noun === 'data'
            ? trans.__('No data is registered.')
            : trans.__('No models are registered.'),
          async signal => {
            const found = await client.call(`${noun}.list`, { max_results: 1000 }, { signal });
            return found.items.map(sourceItem);
          },
        ),
      ),
      group('control', trans.__('Control'), '', () =>
        Promise.resolve([
          control('if_else', trans.__('Condition'), trans.__('one way or the other'), {
            condition: '',
            true_block: '',
          }),
          control('do_while', trans.__('Repeat'), trans.__('until a condition holds'), {
            body: '',
            condition: '',
            limits: { max_iteration_count: 10 },
          }),
          control('parallel_for', trans.__('For each'), trans.__('one run an item'), {
            body: '',
            items: '[]',
          }),
        ]),
      ),
    ];
  }

  /** Notebooks, scripts and components in the folder, and one level below. */
  private async _projectFiles(): Promise<IPaletteItem[]> {
    const list = async (folder: string): Promise<Contents.IModel[]> =>
      (await this._contents.get(folder)).content as Contents.IModel[];
    const here = await list(this._folder);
    const below = await Promise.all(
      here
        .filter(item => item.type === 'directory' && !/^[._]|^node_modules$/.test(item.name))
        .slice(0, 30)
        .map(item => list(item.path)),
    );
    return [...here, ...below.flat()].flatMap(item => {
      const path = PathExt.relative(this._folder, item.path);
      const said = /\.(ipynb|py|r)$/i.test(path) ? stepOfFile(path) : null;
      return said ? [{ id: path, label: path, detail: '', name: stem(path), said }] : [];
    });
  }

  private async _run(
    designer: Designer,
    scope: { step: string; steps: readonly string[] } | null,
  ): Promise<void> {
    const { client, trans } = this._page.workspace;
    const { openPipelineRunDialog } = await import('../panels/designer-run');
    const values = await openPipelineRunDialog(this._page, designer, scope?.steps ?? null);
    if (!values) {
      return;
    }
    try {
      if (this._context.model.dirty) {
        await this._context.save();
      }
      const path = this._context.localPath;
      const job = await client.submit(path, {
        ...values,
        ...(scope && { steps: [...scope.steps] }),
        properties: { ...designer.pipeline.properties, [SOURCE_PROPERTY]: path },
      });
      const props = this.ready.value;
      await props?.runs.refresh();
      if (props) {
        props.shown.value = job.name;
      }
    } catch (error) {
      notifyError(this._page.workspace, trans.__('The pipeline was not started.'), error);
    }
  }

  /** Write the pipeline for others, beside its file; what is there already is asked about. */
  private async _export(
    designer: Designer,
    files: PipelineFiles,
    format: 'azureml' | 'python',
  ): Promise<void> {
    const { client, trans } = this._page.workspace;
    try {
      const made = await client.call('pipelines.convert', {
        text: designer.text,
        format,
        files: files.known,
        file: PathExt.basename(this._context.localPath),
      });
      const path = await writeBeside(
        this._contents,
        this._page.workspace,
        PathExt.join(this._folder, made.file),
        made.text,
      );
      if (path) {
        tellConverted(this._page.workspace, path, made.warnings ?? []);
        this._documents.openOrReveal(path);
      }
    } catch (error) {
      notifyError(this._page.workspace, trans.__('The pipeline was not exported.'), error);
    }
  }

  private async _join(designer: Designer, key: string): Promise<void> {
    const { trans } = this._page.workspace;
    const { targetsOf } = await import('../designer/drawing');
    const from = designer.drawing.steps.find(drawn => drawn.step.key === key);
    const given = designer.pipeline.sources.find(source => source.key === key);
    const joins = (given ? [given] : (from?.outputs ?? [])).flatMap(output =>
      targetsOf(designer.drawing, key, output.name).map(target => ({ output, target })),
    );
    if (joins.length === 0) {
      await showDialog({
        title: trans.__('Join'),
        body: trans.__('No input of another step fits an output of %1.', key),
        buttons: [Dialog.okButton()],
      });
      return;
    }
    const labels = joins.map(({ output, target }) =>
      trans.__('%1 to %2 › %3', output.name, target.label, target.input.name),
    );
    const { value } = await InputDialog.getItem({ title: trans.__('Join %1', key), items: labels });
    const join = joins[labels.indexOf(value ?? '')];
    if (join) {
      const { output, target } = join;
      designer.join(key, output.name, target.step, target.input.name);
    }
  }

  private async _resume(
    name: string,
    step: string,
    scope: 'from' | 'only' | 'until',
  ): Promise<void> {
    const { client, trans } = this._page.workspace;
    try {
      await client.call('pipelines.resume', { name, step, scope });
    } catch (error) {
      notifyError(this._page.workspace, trans.__('The step was not run again.'), error);
    }
  }

  private _Panel: ((props: IDesignerProps) => JSX.Element) | null = null;
  private _disposables: { dispose(): void }[] = [];
}

/** Write a file; the path, or null when one is there that is to stay. */
async function writeBeside(
  contents: Contents.IManager,
  { trans }: IWorkspace,
  path: string,
  content: string,
): Promise<string | null> {
  const folder = await contents.get(PathExt.dirname(path));
  const name = PathExt.basename(path);
  if ((folder.content as Contents.IModel[]).some(item => item.name === name)) {
    const { button } = await showDialog({
      title: trans.__('Replace %1?', name),
      body: trans.__('There is a file of this name.'),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Replace') })],
    });
    if (!button.accept) {
      return null;
    }
  }
  await contents.save(path, { type: 'file', format: 'text', content });
  return path;
}

/** Say where a converted pipeline is, and what is to be seen to. */
function tellConverted({ trans }: IWorkspace, path: string, warnings: readonly string[]): void {
  if (warnings.length > 0) {
    const n = warnings.length;
    const text = trans._n('%2 is made. See to %1 thing:', '%2 is made. See to %1 things:', n, path);
    Notification.warning([text, ...warnings].join('\n'), { autoClose: false });
  } else {
    Notification.success(trans.__('%1 is made.', path));
  }
}

/** Take files that are dragged from the file browser. */
function takeFiles(node: HTMLElement, add: (paths: readonly string[]) => void): void {
  const pathsOf = (event: Event): string[] => {
    const { mimeData } = event as unknown as { mimeData?: { getData(mime: string): unknown } };
    const found = mimeData?.getData(FILES_MIME);
    return Array.isArray(found) ? found.map(String) : [];
  };
  for (const type of ['lm-dragenter', 'lm-dragover']) {
    node.addEventListener(type, event => {
      if (pathsOf(event).length > 0) {
        event.preventDefault();
        event.stopPropagation();
        const drag = event as unknown as { dropAction: string; proposedAction: string };
        drag.dropAction = drag.proposedAction;
      }
    });
  }
  node.addEventListener('lm-drop', event => {
    const paths = pathsOf(event);
    if (paths.length > 0) {
      event.preventDefault();
      event.stopPropagation();
      (event as unknown as { dropAction: string }).dropAction = 'copy';
      add(paths);
    }
  });
}

function stem(path: string): string {
  return PathExt.basename(path).replace(/\.\w+$/, '');
}

function notebookStep(path: string): Record<string, unknown> {
  return { type: 'notebook', notebook: path };
}

/** The step that runs a file of the project; null for a file of another kind. */
function stepOfFile(path: string): Record<string, unknown> | null {
  const programs: Readonly<Record<string, string>> = { '.py': 'python', '.r': 'Rscript' };
  const extension = PathExt.extname(path).toLowerCase();
  if (extension === '.ipynb') {
    return notebookStep(path);
  }
  if (extension === '.yml' || extension === '.yaml') {
    return { component: `./${path}` };
  }
  const program = programs[extension];
  return program
    ? {
        type: 'command',
        command: `${program} ${PathExt.basename(path)}`,
        code: PathExt.dirname(path) || '.',
      }
    : null;
}

function componentItem(item: Schemas['Asset']): IPaletteItem {
  return {
    id: item.id,
    label: String(item.display_name ?? item.name),
    detail: item.description ?? '',
    name: item.name,
    said: { type: item.type, component: `azureml:${item.name}:${item.version}` },
  };
}

/** Data or a model, as an input of the pipeline: its newest version, whenever it runs. */
function sourceItem(item: Schemas['Asset']): IPaletteItem {
  const said = { type: item.type, path: `azureml:${item.name}@latest` };
  const detail = [item.type, item.description].filter(Boolean).join(' · ');
  return { id: item.id, label: item.name, detail, name: item.name, said, isSource: true };
}

function control(
  type: string,
  label: string,
  detail: string,
  said: ReadonlyPartialJSONObject,
): IPaletteItem {
  return { id: type, label, detail, name: type, said: { type, ...said } };
}

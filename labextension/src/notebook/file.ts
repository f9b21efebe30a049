// The file that is to be run: through its editor where it is open, else through the contents manager.
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { ICell, INotebookContent } from '@jupyterlab/nbformat';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { Client, Job, Schemas } from '../api/client';
import { type IJobBody, isNotebook } from '../jobform/draft';
import { type ICodeCell, type IRunFile, SOURCE_PROPERTY } from '../jobform/form';
import { setTag, tagsIn } from './tags';

/** Code cells from which the parameters are chosen. */
const N_CELLS = 8;

/** What a script takes, as far as can be told. */
const NOTHING: Schemas['Interface'] = { language: '', has_parameters: false };

/** Drives whose files lie in the Jupyter server's own folder. */
const OWN_DRIVES = ['', 'RTC'];

/** Whether the file at a contents path can be run: its server has to see it as a file. */
export function isRunnable(path: string, contents: Pick<Contents.IManager, 'driveName'>): boolean {
  return OWN_DRIVES.includes(contents.driveName(path)) && /\.(ipynb|py)$/.test(path);
}

/** Whether the file at a contents path can be started by the clock: a pipeline can too. */
export function isSchedulable(
  path: string,
  contents: Pick<Contents.IManager, 'driveName'>,
): boolean {
  return (
    isRunnable(path, contents) ||
    (OWN_DRIVES.includes(contents.driveName(path)) && isPipeline(path))
  );
}

export function isPipeline(path: string): boolean {
  return /\.pipeline\.ya?ml$/.test(path);
}

export class RunFile implements IRunFile {
  /** `globalPath` may name its drive. */
  constructor(
    private readonly _globalPath: string,
    private readonly _documents: Pick<IDocumentManager, 'findWidget' | 'contextForWidget'>,
    private readonly _contents: Contents.IManager,
    private readonly _client: Client,
  ) {
    this.path = _contents.localPath(_globalPath);
  }

  readonly path: string;
  readonly job = null;

  get isDirty(): boolean {
    return this._context?.model.dirty ?? false;
  }

  get savedAt(): string {
    return (this._context?.contentsModel ?? this._described)?.last_modified ?? '';
  }

  /** Learn when a file that is not open was saved. Rejects when there is none. */
  async describe(): Promise<void> {
    if (!this._context) {
      this._described = await this._contents.get(this._globalPath, { content: false });
    }
  }

  async save(): Promise<void> {
    await this._context?.save();
  }

  /** Of a notebook that is open: as it would be saved now. */
  async interface(): Promise<Schemas['Interface']> {
    if (!isNotebook(this.path)) {
      return NOTHING;
    }
    const open = this._model?.toJSON() as INotebookContent | undefined;
    return open
      ? await this._client.call('notebooks.interface', {
          notebook: { ...open, cells: open.cells.map(withoutOutputs) },
        })
      : await this._client.notebookInterface(this.path);
  }

  /** The search space that the notebook suggests. */
  async proposal(): Promise<Schemas['SpaceProposal']> {
    const notebook = await this._notebook();
    return this._client.call('notebooks.propose_space', {
      notebook: { ...notebook, cells: notebook.cells.map(withoutOutputs) },
    });
  }

  submit(job: IJobBody): Promise<Job> {
    return this._client.submit(this.path, {
      ...job,
      properties: { [SOURCE_PROPERTY]: this.path },
    });
  }

  async cells(): Promise<readonly ICodeCell[]> {
    return codeCells(await this._notebook());
  }

  async markParameters(cellId: string): Promise<void> {
    for (const cell of this._model?.cells ?? []) {
      if (cell.id === cellId) {
        setTag(cell, 'parameters');
        return;
      }
    }
    const notebook = await this._notebook();
    const cell = notebook.cells.find((other, index) => idOf(other, index) === cellId);
    if (cell) {
      cell.metadata = { ...cell.metadata, tags: [...tagsIn(cell.metadata), 'parameters'] };
      await this._contents.save(this._globalPath, {
        type: 'notebook',
        format: 'json',
        content: notebook,
      });
    }
  }

  private get _context(): DocumentRegistry.Context | undefined {
    const widget = this._documents.findWidget(this._globalPath, null);
    return widget && this._documents.contextForWidget(widget);
  }

  private get _model(): INotebookModel | undefined {
    const model = this._context?.model as Partial<INotebookModel> | undefined;
    return model?.cells ? (model as INotebookModel) : undefined;
  }

  private async _notebook(): Promise<INotebookContent> {
    return (
      (this._model?.toJSON() as INotebookContent | undefined) ??
      ((await this._contents.get(this._globalPath, { type: 'notebook', content: true }))
        .content as INotebookContent)
    );
  }

  private _described: Contents.IModel | undefined;
}

/** The first code cells of a notebook that are not empty. */
export function codeCells(notebook: INotebookContent): ICodeCell[] {
  return notebook.cells
    .map((cell, index) => ({ cell, id: idOf(cell, index) }))
    .filter(({ cell }) => cell.cell_type === 'code' && sourceOf(cell).trim())
    .slice(0, N_CELLS)
    .map(({ cell, id }) => ({ id, source: sourceOf(cell) }));
}

/** A notebook of format 4.4 or older has no ids: the place among the cells stands for them. */
function idOf(cell: ICell, index: number): string {
  return typeof cell.id === 'string' ? cell.id : `#${index}`;
}

function sourceOf(cell: ICell): string {
  return Array.isArray(cell.source) ? cell.source.join('') : cell.source;
}

function withoutOutputs(cell: ICell): ICell {
  return cell.cell_type === 'code' ? { ...cell, outputs: [] } : cell;
}

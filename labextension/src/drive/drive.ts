// The artifacts of runs as a read-only drive, so that JupyterLab's own viewers open them.

import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookContent } from '@jupyterlab/nbformat';
import type { Contents, ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { type ISignal, Signal } from '@lumino/signaling';
import { ApiError, type Artifact, type Client, type Run } from '../api/client';
import { DRIVE_NAME, folderOf, type IArtifactPath, parsePath } from './path';

/** Bytes above which a file is not read into the browser. */
const LIMIT_BYTES = 100 * 2 ** 20;

/** Runs listed in the drive's root. */
const N_RUNS = 100;

export interface IDriveOptions {
  client: Pick<Client, 'call' | 'download' | 'url'>;
  fileTypes: Pick<DocumentRegistry, 'getFileTypesForPath'>;
  serverSettings: ServerConnection.ISettings;
  trans: TranslationBundle;
}

/** Lists and reads; everything else is refused with a sentence that says why. */
export class ArtifactDrive implements Contents.IDrive {
  constructor(private readonly _options: IDriveOptions) {}

  readonly name = DRIVE_NAME;

  get serverSettings(): ServerConnection.ISettings {
    return this._options.serverSettings;
  }

  /** Never fires: artifacts are watched through the events of their run. */
  get fileChanged(): ISignal<this, Contents.IChangedArgs> {
    return this._fileChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  async get(localPath: string, options: Contents.IFetchOptions = {}): Promise<Contents.IModel> {
    const at = parsePath(localPath);
    if (!at.runId) {
      return await this._root(options.content !== false);
    }
    const run = await this._options.client.call('runs.get', { run_id: at.runId });
    if (!at.path) {
      return await this._folder(run, at);
    }
    const artifact = await this._find(at);
    if (!artifact) {
      return await this._running(run, at);
    }
    return artifact.is_dir
      ? await this._folder(run, at)
      : await this._file(run, at, artifact, options);
  }

  async getDownloadUrl(localPath: string): Promise<string> {
    const { runId, path } = parsePath(localPath);
    return this._options.client.url('runs.read_artifact', { run_id: runId, path });
  }

  async listCheckpoints(): Promise<Contents.ICheckpointModel[]> {
    return [];
  }

  newUntitled(): Promise<Contents.IModel> {
    return this._refuse();
  }

  delete(): Promise<void> {
    return this._refuse();
  }

  rename(): Promise<Contents.IModel> {
    return this._refuse();
  }

  save(): Promise<Contents.IModel> {
    return this._refuse();
  }

  copy(): Promise<Contents.IModel> {
    return this._refuse();
  }

  createCheckpoint(): Promise<Contents.ICheckpointModel> {
    return this._refuse();
  }

  restoreCheckpoint(): Promise<void> {
    return this._refuse();
  }

  deleteCheckpoint(): Promise<void> {
    return this._refuse();
  }

  private async _root(withContent: boolean): Promise<Contents.IModel> {
    const runs = withContent
      ? (await this._options.client.call('runs.list', { max_results: N_RUNS })).items
      : [];
    return {
      ...directory('', '', new Date(0).toISOString()),
      content: runs.map(run => directory(run.run_id, run.run_id, timeOf(run))),
    };
  }

  private async _folder(run: Run, { runId, path }: IArtifactPath): Promise<Contents.IModel> {
    const artifacts = await this._options.client.call('runs.list_artifacts', {
      run_id: runId,
      path,
    });
    const items = artifacts.map(artifact => this._entry(run, artifact));
    return { ...directory(joined(runId, path), path || runId, timeOf(run)), content: items };
  }

  private _entry(run: Run, artifact: Artifact): Contents.IModel {
    const path = joined(run.run_id, artifact.path);
    if (artifact.is_dir) {
      return directory(path, artifact.path, timeOf(run));
    }
    const fileType = this._options.fileTypes.getFileTypesForPath(path)[0];
    return {
      name: lastPart(artifact.path),
      path,
      type: fileType?.contentType === 'notebook' ? 'notebook' : 'file',
      created: run.created_at,
      last_modified: timeOf(run),
      mimetype: fileType?.mimeTypes[0] ?? 'application/octet-stream',
      size: artifact.size_bytes ?? undefined,
      writable: false,
      format: null,
      content: null,
    };
  }

  /** The entry of a path; undefined when the run has none of this name. */
  private async _find({ runId, path }: IArtifactPath): Promise<Artifact | undefined> {
    const beside = await this._options.client.call('runs.list_artifacts', {
      run_id: runId,
      path: folderOf(path),
    });
    return beside.find(artifact => artifact.path === path);
  }

  private async _file(
    run: Run,
    { runId, path }: IArtifactPath,
    artifact: Artifact,
    options: Contents.IFetchOptions,
  ): Promise<Contents.IModel> {
    const entry = this._entry(run, artifact);
    const type = options.type === 'file' ? 'file' : entry.type;
    if (options.content === false) {
      return { ...entry, type };
    }
    if ((artifact.size_bytes ?? 0) > LIMIT_BYTES) {
      throw new Error(
        this._options.trans.__('%1 is too large to be shown. Download it instead.', entry.name),
      );
    }
    const blob = await this._options.client.download('runs.read_artifact', { run_id: runId, path });
    if (type === 'notebook') {
      return { ...entry, format: 'json', content: this._notebook(entry.name, await blob.text()) };
    }
    return { ...entry, type, ...(await this._read(entry, blob, options.format ?? null)) };
  }

  /** Content of a file as text where it is text, else in base64. */
  private async _read(
    entry: Contents.IModel,
    blob: Blob,
    wanted: Contents.FileFormat,
  ): Promise<Pick<Contents.IModel, 'format' | 'content'>> {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    if (wanted !== 'base64') {
      try {
        const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        return { format: 'text', content: text };
      } catch {
        if (wanted === 'text') {
          throw new Error(
            this._options.trans.__('%1 is not text in UTF-8. Download it instead.', entry.name),
          );
        }
      }
    }
    return { format: 'base64', content: base64(bytes) };
  }

  /** The copy that a running notebook job has so far: it becomes an artifact only when the job ends. */
  private async _running(run: Run, { runId, path }: IArtifactPath): Promise<Contents.IModel> {
    if (run.type === 'notebook' && path.endsWith('.ipynb')) {
      const execution = await this._options.client.call('jobs.get_notebook', { name: runId });
      if (execution.path === path || execution.path.endsWith(`/${path}`)) {
        const content = execution.notebook as unknown as INotebookContent;
        return {
          ...this._entry(run, { path, is_dir: false }),
          format: 'json',
          content: untrusted(content),
        };
      }
    }
    throw new ApiError(
      this._options.trans.__('The run %1 has no artifact %2.', runId, path),
      404,
      'NOT_FOUND',
    );
  }

  private _notebook(name: string, text: string): INotebookContent {
    try {
      return untrusted(JSON.parse(text) as INotebookContent);
    } catch {
      throw new Error(this._options.trans.__('%1 is not a notebook: it is not JSON.', name));
    }
  }

  private _refuse(): Promise<never> {
    return Promise.reject(
      new Error(this._options.trans.__('What a run has left cannot be changed.')),
    );
  }

  private _isDisposed = false;
  private readonly _fileChanged = new Signal<this, Contents.IChangedArgs>(this);
}

/** A notebook without the marks by which its author trusted its outputs. */
export function untrusted(notebook: INotebookContent): INotebookContent {
  return {
    ...notebook,
    cells: notebook.cells.map(cell => {
      const { trusted: _trusted, ...metadata } = cell.metadata;
      return { ...cell, metadata };
    }),
  };
}

function directory(path: string, name: string, time: string): Contents.IModel {
  return {
    name: lastPart(name),
    path,
    type: 'directory',
    created: time,
    last_modified: time,
    mimetype: '',
    writable: false,
    format: 'json',
    content: null,
  };
}

function timeOf(run: Run): string {
  return run.ended_at ?? run.started_at ?? run.created_at;
}

function joined(runId: string, path: string): string {
  return [runId, path].filter(Boolean).join('/');
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function base64(bytes: Uint8Array): string {
  const chunks: string[] = [];
  for (let at = 0; at < bytes.length; at += 0x8000) {
    chunks.push(String.fromCharCode(...bytes.subarray(at, at + 0x8000)));
  }
  return btoa(chunks.join(''));
}

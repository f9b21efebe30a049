// The files that a pipeline names, for the service, which does not see them.
import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import type { ICaller } from '../api/client';
import type { Graph } from './designer';

/** Components name files of their own: asked again at most this often. */
const MOST_ROUNDS = 4;

export class PipelineFiles implements IDisposable {
  /**
   * @param _folder - of the pipeline file; names start there.
   */
  constructor(
    private readonly _contents: Contents.IManager,
    private readonly _caller: ICaller,
    private readonly _folder: () => string,
    private readonly _onChange: () => void,
  ) {
    _contents.fileChanged.connect(this._forget, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The texts that are known by now, by path as the pipeline names them. */
  get known(): Record<string, string> {
    return Object.fromEntries(
      [...this._texts].filter((item): item is [string, string] => item[1] !== null),
    );
  }

  /** What the service makes of a pipeline's text, given the files that it names. */
  async graphOf(text: string, file: string, signal: AbortSignal): Promise<Graph> {
    for (let round = 1; ; round++) {
      const files = this.known;
      const graph = await this._caller.call('pipelines.draw', { text, files, file }, { signal });
      const wanted = (graph.missing ?? []).filter(path => !this._texts.has(path));
      if (wanted.length === 0 || round === MOST_ROUNDS) {
        return graph;
      }
      await Promise.all(wanted.map(path => this._load(path)));
    }
  }

  dispose(): void {
    this._isDisposed = true;
    this._contents.fileChanged.disconnect(this._forget, this);
  }

  private async _load(path: string): Promise<void> {
    try {
      const model = await this._contents.get(PathExt.join(this._folder(), path), {
        type: 'file',
        format: 'text',
        content: true,
      });
      this._texts.set(path, String(model.content));
    } catch {
      this._texts.set(path, null); // the service says which step misses it
    }
  }

  private _forget(_: Contents.IManager, change: Contents.IChangedArgs): void {
    const folder = this._folder();
    const touched = [change.oldValue?.path, change.newValue?.path].filter(
      path => path !== undefined,
    );
    const known = [...this._texts.keys()].filter(path =>
      touched.includes(PathExt.join(folder, path)),
    );
    for (const path of known) {
      this._texts.delete(path);
    }
    if (known.length > 0) {
      this._onChange();
    }
  }

  private _isDisposed = false;
  /** By path as the pipeline names it; null for what cannot be read. */
  private readonly _texts = new Map<string, string | null>();
}

// Keeps a notebook widget in step with a job that runs it.
import { type ICodeCellModel, isCodeCellModel } from '@jupyterlab/cells';
import type { ICodeCell, INotebookContent } from '@jupyterlab/nbformat';
import type { Notebook } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { untrusted } from '../drive/drive';
import type { Resource } from '../model/resource';
import {
  activeCell,
  type CellState,
  firstDifference,
  hasSameCells,
  marksOf,
  type NotebookExecution,
  normalized,
} from './execution';

/** Milliseconds between two looks at the clock while a cell runs. */
const TICK_MS = 1000;

/**
 * Draws outputs, marks and the active cell as `execution` brings them.
 *
 * Outputs that have not changed are left alone, so plots do not flicker and the page does not jump.
 */
export class Follower implements IDisposable {
  constructor(
    readonly notebook: Notebook,
    readonly execution: Resource<NotebookExecution>,
    private readonly _trans: TranslationBundle,
  ) {
    notebook.addClass('jp-MlwsExecuted');
    execution.changed.connect(this._sync, this);
    notebook.modelContentChanged.connect(this._protect, this);
    notebook.node.addEventListener('wheel', this._onScroll, { passive: true });
    notebook.node.addEventListener('keydown', this._onKey);
    notebook.node.addEventListener('mousedown', refuseDrag, true);
    this._timer = window.setInterval(() => this._tick(), TICK_MS);
    this._sync();
  }

  /** Whether the view goes along with the cell that runs; scrolling by hand ends it. */
  get isFollowing(): boolean {
    return this._isFollowing;
  }

  set isFollowing(value: boolean) {
    if (value !== this._isFollowing) {
      this._isFollowing = value;
      this._shown = '';
      this._follow();
      this._changed.emit();
    }
  }

  /** The states of the cells as they were read last. */
  get cells(): readonly CellState[] {
    return this.execution.value?.cells ?? [];
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearInterval(this._timer);
    this.execution.changed.disconnect(this._sync, this);
    const { node } = this.notebook;
    node.removeEventListener('wheel', this._onScroll);
    node.removeEventListener('keydown', this._onKey);
    node.removeEventListener('mousedown', refuseDrag, true);
    Signal.clearData(this);
  }

  /** Show a cell and make it the active one; nothing happens when there is no such cell. */
  reveal(cellId: string): void {
    const index = this.notebook.widgets.findIndex(cell => cell.model.id === cellId);
    if (index >= 0) {
      this.notebook.activeCellIndex = index;
      // A cell that was taken away meanwhile is no loss.
      this.notebook.scrollToItem(index, 'center').catch(() => undefined);
    }
  }

  private _sync(): void {
    const { value } = this.execution;
    const { model } = this.notebook;
    if (value && model) {
      const wanted = untrusted(value.notebook as unknown as INotebookContent);
      const current = model.toJSON() as INotebookContent;
      if (hasSameCells(current.cells, wanted.cells)) {
        wanted.cells.forEach((cell, index) => {
          const own = model.cells.get(index);
          if (isCodeCellModel(own)) {
            updateCell(own, cell as ICodeCell);
          }
        });
      } else {
        model.fromJSON(wanted);
      }
      model.dirty = false;
    }
    this._protect();
    this._mark();
    this._follow();
    this._changed.emit();
  }

  /** What a run has left cannot be edited. */
  private _protect(): void {
    for (const cell of this.notebook.widgets) {
      cell.readOnly = true;
    }
  }

  private _mark(): void {
    const marks = marksOf(this.cells, Date.now());
    for (const { node, model } of this.notebook.widgets) {
      const mark = marks.get(model.id);
      if (isCodeCellModel(model)) {
        model.executionState = mark?.state === 'running' ? 'running' : 'idle';
      }
      if (mark) {
        const word = stateWord(mark.state, this._trans);
        node.dataset.mlwsState = mark.state;
        node.dataset.mlwsTime = mark.time;
        node.toggleAttribute('data-mlws-slow', mark.isSlow);
        node.setAttribute('aria-description', [word, mark.time].filter(Boolean).join(', '));
      }
    }
  }

  private _tick(): void {
    if (this.cells.some(cell => cell.state === 'running') && !document.hidden) {
      this._mark();
    }
  }

  private _follow(): void {
    const active = activeCell(this.cells);
    if (this._isFollowing && active && active.cell_id !== this._shown) {
      this._shown = active.cell_id;
      this.reveal(active.cell_id);
    }
  }

  private readonly _onScroll = (): void => {
    this.isFollowing = false;
  };

  /** `n` and `p` go to the next and previous cell that failed or was slow. */
  private readonly _onKey = (event: KeyboardEvent): void => {
    if ((event.key === 'n' || event.key === 'p') && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      event.stopPropagation();
      this._revealNotable(event.key === 'n' ? 1 : -1);
    }
  };

  private _revealNotable(direction: 1 | -1): void {
    const marks = marksOf(this.cells, Date.now());
    const places = this.notebook.widgets
      .map((cell, index) => ({ index, id: cell.model.id, mark: marks.get(cell.model.id) }))
      .filter(({ mark }) => mark && (mark.isSlow || mark.state === 'failed'));
    const here = this.notebook.activeCellIndex;
    const next =
      direction > 0
        ? places.find(({ index }) => index > here)
        : places.findLast(({ index }) => index < here);
    if (next) {
      this._isFollowing = false;
      this.reveal(next.id);
    }
  }

  private _isFollowing = true;
  private _isDisposed = false;
  /** The cell that was shown last, so that a page at rest is not moved again. */
  private _shown = '';
  private readonly _timer: number;
  private readonly _changed = new Signal<this, void>(this);
}

/** The word for the state of a cell. */
export function stateWord(state: CellState['state'], trans: TranslationBundle): string {
  switch (state) {
    case 'waiting':
      return trans.__('Waiting');
    case 'running':
      return trans.__('Running');
    case 'done':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
    case 'skipped':
      return trans.__('Skipped');
  }
}

function updateCell(own: ICodeCellModel, wanted: ICodeCell): void {
  if (own.executionCount !== wanted.execution_count) {
    own.executionCount = wanted.execution_count;
  }
  const current = normalized(own.outputs.toJSON());
  const outputs = normalized(wanted.outputs);
  if (outputs.length < current.length) {
    own.outputs.fromJSON(outputs);
    return;
  }
  const from = firstDifference(current, outputs);
  outputs.slice(from).forEach((output, i) => {
    if (from + i < current.length) {
      own.outputs.set(from + i, output);
    } else {
      own.outputs.add(output);
    }
  });
}

/** Cells are moved by their prompts; those of a run stay where they are. */
function refuseDrag(event: MouseEvent): void {
  if ((event.target as HTMLElement).closest('.jp-InputPrompt, .jp-OutputPrompt')) {
    event.stopPropagation();
    event.preventDefault();
  }
}

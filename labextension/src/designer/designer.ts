// A pipeline file while it is edited: what it says, what is wrong with it, what is chosen.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { ICaller, Schemas } from '../api/client';
import { concernsJobs } from '../model/concerns';
import { Resource } from '../model/resource';
import type { WorkspaceModel } from '../model/workspace';
import { arranged, drawingOf, type IDrawing } from './drawing';
import {
  addInput,
  addStep,
  copySteps,
  freeName,
  type IPipeline,
  type ISource,
  type IStep,
  inputOf,
  outputOf,
  type Place,
  placeSteps,
  readPipeline,
  removeInput,
  removeSteps,
  renameInput,
  renameStep,
  setInput,
  sourceKey,
} from './pipelinefile';

export type Graph = Schemas['Graph'];
export type StepView = Schemas['StepView'];

/** The text of a document that others may edit at the same time. */
export interface IText {
  getSource(): string;
  /** Replace a part; it can be undone. */
  updateSource(start: number, end: number, value?: string): void;
  undo(): void;
  redo(): void;
  canUndo(): boolean;
  canRedo(): boolean;
  readonly changed: ISignal<unknown, unknown>;
}

/** What is wrong with a pipeline, and where. */
export interface IProblem {
  message: string;
  step: string | null;
  line: number | null;
}

/** The service is asked this long after the last change, in milliseconds. */
export const CHECK_MS = 250;

export class Designer implements IDisposable {
  /**
   * @param _text - the document.
   * @param _graphOf - what the service makes of a text: ports and problems.
   */
  constructor(
    private readonly _text: IText,
    private readonly _graphOf: (text: string, signal: AbortSignal) => Promise<Graph>,
  ) {
    this.graph = new Resource<Graph>(signal => this._graphOf(this._text.getSource(), signal));
    this._text.changed.connect(this._read, this);
    this.graph.changed.connect(this._draw, this);
    this._read();
  }

  /** What the service says of the text, as it was a moment ago. */
  readonly graph: Resource<Graph>;

  get pipeline(): IPipeline {
    return this._pipeline;
  }

  get drawing(): IDrawing {
    return this._drawing;
  }

  /** Fires when the text, the drawing or what is chosen has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get selection(): ReadonlySet<string> {
    return this._selection;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get canUndo(): boolean {
    return this._text.canUndo();
  }

  get canRedo(): boolean {
    return this._text.canRedo();
  }

  /** The one step that is chosen. */
  get chosen(): IStep | null {
    const [key] = this._selection;
    return this._selection.size === 1
      ? (this._pipeline.steps.find(step => step.key === key) ?? null)
      : null;
  }

  /** The data or model that is chosen, when it is one. */
  get chosenSource(): ISource | null {
    const [key] = this._selection;
    return this._selection.size === 1
      ? (this._pipeline.sources.find(source => source.key === key) ?? null)
      : null;
  }

  /** All that is wrong, as far as it is known. */
  get problems(): readonly IProblem[] {
    const { error } = this._pipeline;
    if (error) {
      return [{ message: error.message, step: null, line: error.line }];
    }
    return (this.graph.value?.problems ?? []).map(problem => ({
      message: problem.field ? `${problem.field}: ${problem.message}` : problem.message,
      step: problem.node ?? null,
      line: problem.line ?? null,
    }));
  }

  /** The document as it stands. */
  get text(): string {
    return this._text.getSource();
  }

  /** Change the text; one change is one step back. */
  edit(change: (text: string) => string): void {
    const before = this._text.getSource();
    const after = change(before);
    if (before === after) {
      return;
    }
    const { start, end, text } = differenceOf(before, after);
    this._text.updateSource(start, end, text);
  }

  undo(): void {
    this._text.undo();
  }

  redo(): void {
    this._text.redo();
  }

  select(keys: Iterable<string>): void {
    const wanted = new Set(keys);
    if (
      wanted.size !== this._selection.size ||
      [...wanted].some(key => !this._selection.has(key))
    ) {
      this._selection = wanted;
      this._changed.emit();
    }
  }

  /** Add a step and choose it. */
  add(wish: string, said: Readonly<Record<string, unknown>>, at?: Place): string {
    const key = freeName(
      wish,
      this._pipeline.steps.map(step => step.key),
    );
    // The others stay where they are once one has a place of its own.
    const places = at ? this._places() : {};
    this.edit(text => addStep(placeSteps_(text, places), key, said, at));
    this.select([key]);
    return key;
  }

  /** Give the pipeline data or a model, hand it to an input of a step where one is named, and choose it. */
  addSource(
    wish: string,
    said: Readonly<Record<string, unknown>>,
    at?: Place,
    to?: { step: string; input: string },
  ): void {
    const name = freeName(wish, Object.keys(this._pipeline.inputs));
    const places = at ? this._places() : {};
    this.edit(text => {
      const made = addInput(placeSteps_(text, places), name, said, at);
      return to ? setInput(made, to.step, to.input, inputOf(name)) : made;
    });
    this.select([sourceKey(name)]);
  }

  /** Hand an output of a step, or data of the pipeline, to an input of a step. */
  join(source: string, output: string, step: string, input: string): void {
    const isSource = this._pipeline.sources.some(item => item.key === source);
    const expression = isSource ? inputOf(output) : outputOf(source, output);
    this.edit(text => setInput(text, step, input, expression));
  }

  remove(keys: Iterable<string> = this._selection): void {
    const gone = new Set(keys);
    const names = this._pipeline.sources.filter(item => gone.has(item.key)).map(item => item.name);
    const steps = this._pipeline.steps.filter(item => gone.has(item.key)).map(item => item.key);
    this.edit(text => {
      const made = names.reduce(removeInput, text);
      return steps.length > 0 ? removeSteps(made, steps) : made;
    });
  }

  renameSource(name: string, wish: string): void {
    this.edit(text => renameInput(text, name, wish));
    this.select([sourceKey(wish)]);
  }

  rename(key: string, name: string): void {
    this.edit(text => renameStep(text, key, name));
    this.select([name]);
  }

  /** Put copies of steps, perhaps of another pipeline, into this one, and choose them. */
  paste(steps: readonly IStep[]): void {
    let made: string[] = [];
    this.edit(text => {
      const [copied, keys] = copySteps(text, steps);
      made = keys;
      return copied;
    });
    this.select(made);
  }

  /** Keep where steps were moved to. */
  move(places: Readonly<Record<string, Place>>): void {
    this.edit(text => placeSteps(text, { ...this._places(), ...places }));
  }

  /** Place all steps anew. */
  arrange(): void {
    this.edit(text =>
      placeSteps(text, arranged(this._drawing.steps, this._pipeline.sources, this._drawing.edges)),
    );
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    this._text.changed.disconnect(this._read, this);
    this.graph.dispose();
    Signal.clearData(this);
  }

  private _places(): Record<string, Place> {
    const { steps, sources } = this._drawing;
    return Object.fromEntries([
      ...steps.map(drawn => [drawn.step.key, drawn.place]),
      ...sources.map(drawn => [drawn.source.key, drawn.place]),
    ]);
  }

  private _read(): void {
    const text = this._text.getSource();
    if (text === this._last) {
      return;
    }
    this._last = text;
    const read = readPipeline(text);
    // A text that is broken for a moment leaves the drawing as it was.
    this._pipeline = read.error ? { ...this._pipeline, error: read.error } : read;
    const { steps, sources } = this._pipeline;
    const there = new Set([...steps, ...sources].map(item => item.key));
    this._selection = new Set([...this._selection].filter(key => there.has(key)));
    window.clearTimeout(this._timer);
    if (!read.error) {
      this._timer = window.setTimeout(
        () => void this.graph.restart(),
        this.graph.value ? CHECK_MS : 0,
      );
    }
    this._draw();
  }

  private _draw(): void {
    this._drawing = drawingOf(this._pipeline, this.graph.value, this._drawing);
    this._changed.emit();
  }

  private _pipeline: IPipeline = readPipeline('');
  private _drawing: IDrawing = { steps: [], sources: [], edges: [] };
  private _selection: ReadonlySet<string> = new Set();
  private _last: string | null = null;
  private _timer: number | undefined;
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}

const NO_STEPS: readonly StepView[] = [];

/** A pipeline job and its steps, followed while it runs. */
export class PipelineRun implements IDisposable {
  constructor(
    readonly name: string,
    caller: ICaller,
    models: WorkspaceModel,
  ) {
    this.steps = new Resource<readonly StepView[]>(async signal =>
      unchanged(this.steps.value, await caller.call('pipelines.list_steps', { name }, { signal })),
    );
    this._following = models.follow(this.steps, concernsJobs);
    void this.steps.refresh();
  }

  readonly steps: Resource<readonly StepView[]>;

  /** How the steps of the pipeline itself stand, by key. */
  get views(): ReadonlyMap<string, StepView> {
    const steps = this.steps.value ?? NO_STEPS;
    if (this._drawn !== steps) {
      this._drawn = steps;
      this._views = new Map(steps.map(view => [view.key, view]));
    }
    return this._views;
  }

  get isDisposed(): boolean {
    return this.steps.isDisposed;
  }

  dispose(): void {
    this._following.dispose();
    this.steps.dispose();
  }

  private _drawn: readonly StepView[] = NO_STEPS;
  private _views: ReadonlyMap<string, StepView> = new Map();
  private readonly _following: IDisposable;
}

/** `after`, with the very objects of `before` where nothing has changed: what shows them stays as it is. */
export function unchanged(
  before: readonly StepView[] | null,
  after: readonly StepView[],
): readonly StepView[] {
  const known = new Map((before ?? []).map(view => [view.key, view]));
  const made = after.map(view => {
    const was = known.get(view.key);
    return was && JSON.stringify(was) === JSON.stringify(view) ? was : view;
  });
  return before?.length === made.length && made.every((view, at) => view === before[at])
    ? before
    : made;
}

/** The smallest replacement that makes `after` of `before`. */
export function differenceOf(
  before: string,
  after: string,
): { start: number; end: number; text: string } {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) {
    start++;
  }
  let same = 0;
  while (same < most - start && before.at(-1 - same) === after.at(-1 - same)) {
    same++;
  }
  return { start, end: before.length - same, text: after.slice(start, after.length - same) };
}

function placeSteps_(text: string, places: Readonly<Record<string, Place>>): string {
  return Object.keys(places).length > 0 ? placeSteps(text, places) : text;
}

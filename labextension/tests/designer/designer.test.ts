import { Signal } from '@lumino/signaling';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  CHECK_MS,
  Designer,
  differenceOf,
  type Graph,
  type IText,
  type StepView,
  unchanged,
} from '../../src/designer/designer';

/** A text with one way back. */
class Text implements IText {
  constructor(private _text: string) {}
  readonly changed = new Signal<this, void>(this);
  readonly edits: [number, number, string][] = [];
  private readonly _past: string[] = [];

  getSource(): string {
    return this._text;
  }

  updateSource(start: number, end: number, value = ''): void {
    this._past.push(this._text);
    this.edits.push([start, end, value]);
    this._text = this._text.slice(0, start) + value + this._text.slice(end);
    this.changed.emit();
  }

  undo(): void {
    this._text = this._past.pop() ?? this._text;
    this.changed.emit();
  }

  redo(): void {}

  canUndo(): boolean {
    return this._past.length > 0;
  }

  canRedo(): boolean {
    return false;
  }
}

const TEXT = 'type: pipeline\njobs:\n  a:\n    command: x\n  b:\n    command: y\n';
const NOTHING: Graph = { nodes: [], edges: [], problems: [] };

let text: Text;
let asked: string[];
let designer: Designer;

beforeEach(() => {
  vi.useFakeTimers();
  text = new Text(TEXT);
  asked = [];
  designer = new Designer(text, said => {
    asked.push(said);
    return Promise.resolve(NOTHING);
  });
});

describe('an edit', () => {
  it('touches only what changes, so that others can write beside it', () => {
    designer.edit(said => said.replace('command: y', 'command: why'));

    expect(text.edits).toEqual([[TEXT.indexOf('y\n', 30), TEXT.indexOf('y\n', 30), 'wh']]);
  });

  it('is taken back as a whole', () => {
    designer.add('c', { command: 'z' }, [10, 10]);
    expect(designer.pipeline.steps).toHaveLength(3);

    designer.undo();

    expect(text.getSource()).toBe(TEXT);
    expect(designer.drawing.steps).toHaveLength(2);
  });

  it('that changes nothing is none', () => {
    designer.edit(said => said);

    expect(designer.canUndo).toBe(false);
  });

  it('is checked by the service once it is quiet', async () => {
    await vi.advanceTimersByTimeAsync(0);
    designer.add('c', { command: 'z' });
    designer.add('d', { command: 'z' });
    await vi.advanceTimersByTimeAsync(CHECK_MS);

    expect(asked).toHaveLength(2);
    expect(asked[1]).toBe(text.getSource());
  });
});

it('a step that is added is chosen, and the others stay where they were', () => {
  const before = designer.drawing.steps.map(drawn => drawn.place);

  const key = designer.add('a', { command: 'z' }, [500, 500]);

  expect(key).toBe('a_2');
  expect(designer.chosen?.key).toBe('a_2');
  expect(designer.drawing.steps.slice(0, 2).map(drawn => drawn.place.map(Math.round))).toEqual(
    before.map(place => place.map(Math.round)),
  );
});

it('a text that is broken for a moment leaves the drawing as it was', () => {
  designer.edit(said => said.replace('jobs:', 'jobs: ['));

  expect(designer.drawing.steps).toHaveLength(2);
  expect(designer.problems[0]?.line).toBeGreaterThan(0);
});

it('what is gone is chosen no more', () => {
  designer.select(['a', 'b']);

  designer.remove(['a']);

  expect([...designer.selection]).toEqual(['b']);
});

it.each([
  ['abc', 'abXc', { start: 2, end: 2, text: 'X' }],
  ['aaa', 'aa', { start: 2, end: 3, text: '' }],
  ['', 'new', { start: 0, end: 0, text: 'new' }],
  ['same', 'same', { start: 4, end: 4, text: '' }],
])('from %j to %j', (before, after, edit) => {
  expect(differenceOf(before, after)).toEqual(edit);
});

describe('data', () => {
  it('becomes an input of the pipeline, joined to the port on which it was dropped, in one step back', () => {
    const text = new Text('type: pipeline\njobs:\n  read: {notebook: read.ipynb}\n');
    const designer = new Designer(text, async () => ({}));

    designer.addSource(
      'sales-2024',
      { type: 'uri_file', path: 'azureml:sales-2024@latest' },
      [0, 40],
      { step: 'read', input: 'rows' },
    );

    expect(designer.chosenSource?.name).toBe('sales_2024');
    expect(designer.drawing.edges.map(edge => edge.id)).toEqual([
      'data:inputs.sales_2024.sales_2024>read.rows',
    ]);
    expect(designer.drawing.sources[0]?.place).toEqual([0, 40]);
    designer.remove();
    expect(designer.drawing.edges).toEqual([]);
    expect(designer.pipeline.steps[0]?.inputs).toEqual({});
    designer.undo();
    designer.undo();
    expect(text.getSource()).toBe('type: pipeline\njobs:\n  read: {notebook: read.ipynb}\n');
  });
});

describe('steps that are read again', () => {
  const view = (key: string, state: StepView['state']): StepView => ({
    key,
    path: key,
    type: 'command',
    label: key,
    state,
  });

  it('are the objects that they were, but for those that have changed', () => {
    const before = [view('a', 'running'), view('b', 'waiting')];

    const after = unchanged(before, [view('a', 'completed'), view('b', 'waiting')]);

    expect(after[0]?.state).toBe('completed');
    expect(after[1]).toBe(before[1]);
  });

  it('are the very list when nothing has changed, and a new one when one is gone', () => {
    const before = [view('a', 'running'), view('b', 'waiting')];

    expect(unchanged(before, [view('a', 'running'), view('b', 'waiting')])).toBe(before);
    expect(unchanged(before, [view('a', 'running')])).toEqual([before[0]]);
  });
});

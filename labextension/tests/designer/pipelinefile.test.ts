import { describe, expect, it } from 'vitest';
import {
  addStep,
  bindingOf,
  copySteps,
  EMPTY,
  freeName,
  inputOf,
  keepNotes,
  outputOf,
  placeSteps,
  readPipeline,
  removeInput,
  removeSteps,
  renameInput,
  renameStep,
  setAfter,
  setInput,
} from '../../src/designer/pipelinefile';

const TEXT = `type: pipeline
display_name: Taxi
inputs:
  rows: 100
jobs:
  prepare: # first
    notebook: prepare.ipynb
    inputs:
      rows: \${{parent.inputs.rows}}
  train:
    type: command
    component: ./train.yml
    inputs:
      table: \${{parent.jobs.prepare.outputs.table}}
  report:
    command: python report.py
    depends_on: [train, prepare]
`;

describe('reading', () => {
  it('knows the steps, what they run and on which line they stand', () => {
    const { steps, label } = readPipeline(TEXT);

    expect(label).toBe('Taxi');
    expect(steps.map(({ key, type, source, line }) => [key, type, source, line])).toEqual([
      ['prepare', 'notebook', 'prepare.ipynb', 6],
      ['train', 'command', './train.yml', 10],
      ['report', 'command', 'python report.py', 15],
    ]);
    expect(steps[2]?.after).toEqual(['train', 'prepare']);
  });

  it.each([
    [`\${{parent.jobs.a.outputs.b}}`, { kind: 'output', step: 'a', port: 'b' }],
    [`\${{ jobs.a.outputs.b }}`, { kind: 'output', step: 'a', port: 'b' }],
    [
      { path: `\${{parent.jobs.a.outputs.b}}`, mode: 'direct' },
      { kind: 'output', step: 'a', port: 'b' },
    ],
    [`\${{parent.inputs.group.x}}`, { kind: 'input', name: 'group.x' }],
    [`\${{parent.jobs.a}}`, { kind: 'step', step: 'a' }],
    [`before \${{parent.inputs.x}}`, null],
    [3, null],
    [null, null],
  ])('follows %j', (value, binding) => {
    expect(bindingOf(value)).toEqual(binding);
  });

  it('tells the line of what is no YAML', () => {
    const { error, steps } = readPipeline('type: pipeline\njobs:\n  a: [1,\n');

    expect(steps).toEqual([]);
    expect(error?.line).toBeGreaterThan(2);
  });

  it.each(['', '[]', 'text', 'jobs: 3', 'jobs:\n  a: 3', 'properties: {mlws.canvas: "{no"}'])(
    'survives %j',
    text => {
      expect(readPipeline(text).places).toEqual({});
    },
  );
});

describe('changes', () => {
  it('begin with an empty file', () => {
    const made = addStep(EMPTY, 'first', { notebook: 'a.ipynb' }, [10, 20]);

    expect(readPipeline(made).steps.map(step => step.key)).toEqual(['first']);
    expect(readPipeline(made).places).toEqual({ first: [10, 20] });
  });

  it('take a step away with what is bound to it', () => {
    const made = removeSteps(placeSteps(TEXT, { prepare: [0, 0], train: [1, 1] }), ['prepare']);

    const { steps, places } = readPipeline(made);
    expect(steps.map(step => step.key)).toEqual(['train', 'report']);
    expect(steps[0]?.inputs).toEqual({});
    expect(steps[1]?.after).toEqual(['train']);
    expect(places).toEqual({ train: [1, 1] });
  });

  it('leave a file without steps that one can go on with', () => {
    const made = removeSteps(TEXT, ['prepare', 'train', 'report']);

    expect(readPipeline(addStep(made, 'new', { command: 'x' })).steps).toHaveLength(1);
  });

  it('rename a step wherever it is spoken of', () => {
    const made = renameStep(placeSteps(TEXT, { prepare: [5, 5] }), 'prepare', 'clean');

    const { steps, places } = readPipeline(made);
    expect(steps.map(step => step.key)).toEqual(['clean', 'train', 'report']);
    expect(steps[1]?.inputs.table).toBe(outputOf('clean', 'table'));
    expect(steps[2]?.after).toEqual(['train', 'clean']);
    expect(places).toEqual({ clean: [5, 5] });
    expect(made).toContain('clean: # first');
  });

  it('copy steps with the bindings among them', () => {
    const chosen = readPipeline(TEXT).steps.slice(0, 2);
    const [made, keys] = copySteps(TEXT, chosen);

    expect(keys).toEqual(['prepare_2', 'train_2']);
    const copy = readPipeline(made).steps.find(step => step.key === 'train_2');
    expect(copy?.inputs.table).toBe(outputOf('prepare_2', 'table'));
  });

  it('bind and release inputs', () => {
    const bound = setInput(TEXT, 'report', 'model', outputOf('train', 'model'));

    expect(readPipeline(bound).steps[2]?.inputs.model).toBe(
      `\${{parent.jobs.train.outputs.model}}`,
    );
    expect(setInput(bound, 'report', 'model', undefined)).toBe(TEXT);
  });

  it('order steps', () => {
    expect(readPipeline(setAfter(TEXT, 'train', ['prepare'])).steps[1]?.after).toEqual(['prepare']);
    expect(setAfter(TEXT, 'report', [])).not.toContain('depends_on');
  });

  it('keep notes beside places, as one property', () => {
    const noted = keepNotes(placeSteps(TEXT, { train: [1, 2] }), [
      { id: 'n', text: 'Why?', at: [3, 4] },
    ]);

    expect(readPipeline(noted).notes).toEqual([{ id: 'n', text: 'Why?', at: [3, 4] }]);
    expect(readPipeline(noted).places).toEqual({ train: [1, 2] });
    expect(readPipeline(keepNotes(noted, [])).notes).toEqual([]);
  });
});

it.each([
  ['my notebook-2', [], 'my_notebook_2'],
  ['train', ['train', 'train_2'], 'train_3'],
  ['2nd', [], '_2nd'],
  ['日本', [], 'step'],
])('%s becomes a name', (wish, taken, name) => {
  expect(freeName(wish, taken)).toBe(name);
});

const GIVEN = `type: pipeline
inputs:
  rows: {type: uri_file, path: "azureml:rows@latest"}  # ours
  rate: 0.1
jobs:
  read:
    command: cat \${{inputs.rows}}
    inputs: {rows: "\${{parent.inputs.rows}}", rate: "\${{parent.inputs.rate}}"}
`;

describe('data of a pipeline', () => {
  it('is told from its other inputs', () => {
    expect(readPipeline(GIVEN).sources).toEqual([
      { key: 'inputs.rows', name: 'rows', type: 'uri_file', path: 'azureml:rows@latest' },
    ]);
  });

  it('is taken away with what is bound to it', () => {
    const made = removeInput(GIVEN, 'rows');

    const { inputs, steps } = readPipeline(made);
    expect(Object.keys(inputs)).toEqual(['rate']);
    expect(Object.keys(steps[0]?.inputs ?? {})).toEqual(['rate']);
  });

  it('gets another name wherever it is bound, and a command keeps its own words', () => {
    const placed = placeSteps(GIVEN, { 'inputs.rows': [10, 20] });
    const made = renameInput(placed, 'rows', 'table');

    const { steps, sources, places } = readPipeline(made);
    expect(sources[0]?.name).toBe('table');
    expect(steps[0]?.inputs.rows).toBe(inputOf('table'));
    expect(steps[0]?.source).toContain('{{inputs.rows}}');
    expect(places).toEqual({ 'inputs.table': [10, 20] });
    expect(made).toContain('# ours');
  });
});

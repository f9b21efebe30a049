import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/designer/designer';
import { arranged, drawingOf, fits, suggested, targetsOf } from '../../src/designer/drawing';
import { readPipeline } from '../../src/designer/pipelinefile';

const PIPELINE = readPipeline(`type: pipeline
jobs:
  prepare: {notebook: prepare.ipynb}
  train:
    component: ./train.yml
    inputs: {table: "\${{parent.jobs.prepare.outputs.table}}"}
  report: {command: python report.py, depends_on: train}
  choose:
    type: if_else
    condition: \${{parent.jobs.train.outputs.good}}
    true_block: \${{parent.jobs.report}}
`);

const port = (name: string, type: string, required = false) => ({
  name,
  type,
  required,
  description: '',
});
const GRAPH: Graph = {
  nodes: [
    {
      key: 'prepare',
      type: 'notebook',
      label: 'prepare',
      outputs: [port('table', 'dataset'), port('rows', 'integer')],
    },
    {
      key: 'train',
      type: 'component',
      label: 'train',
      inputs: [port('table', 'uri_folder', true), port('test', 'dataset', true)],
      outputs: [port('model', 'mlflow_model')],
    },
    { key: 'report', type: 'command', label: 'report', inputs: [port('model', 'model', true)] },
  ],
  edges: [],
  problems: [{ node: 'train', field: 'inputs.test', message: 'is required.', line: 4 }],
};
const DRAWING = drawingOf(PIPELINE, GRAPH);

describe('edges', () => {
  it('are what is handed on, what comes before, and what is decided', () => {
    expect(DRAWING.edges.map(edge => edge.id)).toEqual([
      'data:prepare.table>train.table',
      'order:train.>report.',
      'data:train.good>choose.',
      'control:choose.>report.true_block',
    ]);
  });
});

describe('ports', () => {
  it('are those that the service knows, and those that are used', () => {
    const train = DRAWING.steps.find(drawn => drawn.step.key === 'train');

    expect(train?.inputs.map(item => item.name)).toEqual(['table', 'test']);
    expect(train?.outputs.map(item => [item.name, item.type])).toEqual([
      ['model', 'mlflow_model'],
      ['good', 'any'],
    ]);
    expect(train?.problems).toEqual(['is required.']);
  });

  it('are those that the file names before the service has answered', () => {
    const [prepare, train] = drawingOf(PIPELINE, null).steps;

    expect(prepare?.outputs.map(item => item.name)).toEqual(['table']);
    expect(train?.inputs.map(item => item.name)).toEqual(['table']);
  });
});

it('steps stand from left to right, none upon another', () => {
  const places = arranged(DRAWING.steps, [], DRAWING.edges);

  expect(places.prepare?.[0]).toBeLessThan(Number(places.train?.[0]));
  expect(places.train?.[0]).toBeLessThan(Number(places.report?.[0]));
  expect(new Set(Object.values(places).map(String)).size).toBe(4);
});

it('three hundred steps are placed', () => {
  const jobs = Array.from({ length: 300 }, (_, n) =>
    n === 0
      ? '  s0: {command: x}'
      : `  s${n}: {command: x, depends_on: s${Math.floor((n - 1) / 3)}}`,
  );
  const drawing = drawingOf(readPipeline(`jobs:\n${jobs.join('\n')}\n`), null);

  expect(drawing.edges).toHaveLength(299);
  expect(new Set(drawing.steps.map(drawn => String(drawn.place))).size).toBe(300);
});

it('an output can go where it fits and closes no circle; free inputs come first', () => {
  const found = targetsOf(DRAWING, 'prepare', 'table').map(to => `${to.step}.${to.input.name}`);

  expect(found).toEqual(['train.test', 'train.table']);
  expect(targetsOf(DRAWING, 'report', 'anything').map(to => to.step)).not.toContain('train');
});

it('a join is suggested where one name and type answers a free input', () => {
  expect(suggested(DRAWING).map(edge => edge.id)).toEqual(['data:train.model>report.model']);
});

it.each([
  ['uri_file', 'uri_file', true],
  ['dataset', 'uri_folder', true],
  ['uri_file', 'uri_folder', false],
  ['mlflow_model', 'dataset', false],
  ['integer', 'number', true],
  ['number', 'integer', false],
  ['string', 'uri_file', false],
  ['uri_file', 'number', false],
  ['any', 'mlflow_model', true],
])('%s into %s: %s', (from, to, answer) => {
  expect(fits(from, to)).toBe(answer);
});

it('an edit that leaves the shape as it is moves nothing', () => {
  const text = 'jobs:\n  a: {command: one}\n  b: {command: two}\n';
  const before = drawingOf(readPipeline(text), null);
  const moved = {
    ...before,
    steps: before.steps.map(drawn => ({ ...drawn, place: [7, 8] as const })),
  };

  const after = drawingOf(readPipeline(text.replace('one', 'uno')), null, moved);
  const grown = drawingOf(readPipeline(`${text}  c: {command: three}\n`), null, moved);

  expect(after.steps.map(drawn => drawn.place)).toEqual([
    [7, 8],
    [7, 8],
  ]);
  expect(grown.steps[0]?.place).not.toEqual([7, 8]);
});

it('moves nothing when a step is only renamed or a line taken away, and draws nothing else anew', () => {
  const from = (step: string): string => `$\{{parent.jobs.${step}.outputs.y}}`;
  const text = [
    'jobs:',
    '  a: {command: one}',
    `  b: {command: two, inputs: {x: "${from('a')}"}}`,
    `  c: {command: three, inputs: {x: "${from('a')}"}}`,
    '',
  ].join('\n');
  const first = drawingOf(readPipeline(text), null);
  const before = {
    ...first,
    steps: first.steps.map(drawn => ({ ...drawn, place: [drawn.place[0] + 7, 3] as const })),
  };

  const renamed = drawingOf(readPipeline(text.replaceAll(/\ba\b/g, 'first')), null, before);
  const broken = drawingOf(readPipeline(text.replace('  a:', '  first:')), null, before);
  const joined = drawingOf(
    readPipeline(text.replace('{command: one}', `{command: one, inputs: {x: "${from('b')}"}}`)),
    null,
    before,
  );

  const places = before.steps.map(drawn => drawn.place);
  expect(renamed.steps.map(drawn => drawn.place)).toEqual(places);
  expect(broken.steps.map(drawn => drawn.place)).toEqual(places);
  expect(broken.steps[1]).toBe(before.steps[1]);
  expect(joined.steps.map(drawn => drawn.place)).not.toEqual(places);
});

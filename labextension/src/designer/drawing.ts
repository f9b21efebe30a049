// The graph as it is drawn: steps, their ports, and what leads from where to where.
import dagre from '@dagrejs/dagre';
import type { Schemas } from '../api/client';
import {
  bindingOf,
  type IPipeline,
  type ISource,
  type IStep,
  isControl,
  nameIn,
  type Place,
  sourceKey,
} from './pipelinefile';

type Port = Schemas['NodePort'];
type Graph = Schemas['Graph'];

/** A port of a step; `type` is `any` until the service has said it. */
export interface IPort {
  name: string;
  type: string;
  required: boolean;
  description: string;
  fallback: unknown;
  choices: readonly unknown[] | null;
}

export interface IDrawnStep {
  step: IStep;
  inputs: readonly IPort[];
  outputs: readonly IPort[];
  problems: readonly string[];
  place: Place;
}

/** Data or a model that the pipeline is given. */
export interface IDrawnSource {
  source: ISource;
  place: Place;
}

export interface IDrawnEdge {
  id: string;
  source: string;
  /** Empty for an edge that is order only. */
  output: string;
  target: string;
  input: string;
  kind: 'data' | 'order' | 'control';
}

export interface IDrawing {
  steps: readonly IDrawnStep[];
  sources: readonly IDrawnSource[];
  edges: readonly IDrawnEdge[];
}

export const WIDTH = 220;
export const SOURCE_WIDTH = 180;
export const SOURCE_HEIGHT = 44;
/** So many steps are placed in a quicker way. */
const MANY = 100;
const HEAD = 52;
const ROW = 20;

type Family = 'file' | 'folder' | 'table' | 'model' | 'path';

/** Of types that are files; all others are values. The service has the same tables, and the last word. */
const FAMILY: Readonly<Record<string, Family>> = {
  uri_file: 'file',
  file: 'file',
  uri_folder: 'folder',
  folder: 'folder',
  figure: 'folder',
  mltable: 'table',
  dataset: 'table',
  mlflow_model: 'model',
  model: 'model',
  custom_model: 'model',
  triton_model: 'model',
  path: 'path',
};
const REFUSED = [
  'file>folder',
  'file>table',
  'folder>file',
  'model>file',
  'model>table',
  'table>model',
];
/** Which other values an input of a type takes. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  string: ['integer', 'number', 'boolean', 'date', 'datetime', 'path'],
  number: ['integer'],
  date: ['string'],
  datetime: ['string', 'date'],
  list: ['object', 'string'],
  object: ['list', 'string'],
  secret: ['string'],
  path: ['string'],
};

/**
 * What is drawn for a pipeline.
 *
 * @param graph - what the service said last; it may be older.
 * @param before - what was drawn last: when something was only renamed or taken away, nothing is placed
 *   anew, and what is as it was is the same object.
 */
export function drawingOf(
  pipeline: IPipeline,
  graph: Graph | null,
  before: IDrawing | null = null,
): IDrawing {
  const edges = edgesOf(pipeline);
  const nodes = new Map((graph?.nodes ?? []).map(node => [node.key, node]));
  const keys = [...pipeline.steps, ...pipeline.sources].map(item => item.key);
  const unplaced = keys.some(key => !pipeline.places[key]);
  const steps = pipeline.steps.map(step => {
    const node = nodes.get(step.key);
    const used = edges.filter(edge => edge.source === step.key).map(edge => edge.output);
    return {
      step,
      inputs: ports(node?.inputs, Object.keys(step.inputs)),
      outputs: isControl(step.type) ? [] : ports(node?.outputs, [...step.outputs, ...used]),
      problems: (graph?.problems ?? []).filter(p => p.node === step.key).map(p => p.message),
    };
  });
  const found = !unplaced
    ? {}
    : ((before && keptPlaces(before, steps, pipeline.sources, edges)) ??
      arranged(steps, pipeline.sources, edges));
  return {
    edges: asBefore(edges, before?.edges, edge => edge.id),
    sources: asBefore(
      pipeline.sources.map(source => ({
        source,
        place: pipeline.places[source.key] ?? found[source.key] ?? [0, 0],
      })),
      before?.sources,
      drawn => drawn.source.key,
    ),
    steps: asBefore(
      steps.map(drawn => ({
        ...drawn,
        place: pipeline.places[drawn.step.key] ?? found[drawn.step.key] ?? [0, 0],
      })),
      before?.steps,
      drawn => drawn.step.key,
    ),
  };
}

/** What is drawn now, with the objects of what was drawn before where nothing has changed. */
function asBefore<T>(
  now: readonly T[],
  before: readonly T[] = [],
  keyOf: (item: T) => string,
): T[] {
  const known = new Map(before.map(item => [keyOf(item), item]));
  return now.map(item => {
    const old = known.get(keyOf(item));
    return old && JSON.stringify(old) === JSON.stringify(item) ? old : item;
  });
}

/** Places from left to right, so that few edges cross. */
export function arranged(
  steps: readonly Omit<IDrawnStep, 'place'>[],
  sources: readonly ISource[],
  edges: readonly IDrawnEdge[],
): Record<string, Place> {
  const graph = new dagre.graphlib.Graph();
  // The shortest lines take dagre seconds when there are many steps.
  const ranker = steps.length > MANY ? 'longest-path' : 'network-simplex';
  graph.setGraph({ rankdir: 'LR', nodesep: 28, ranksep: 72, marginx: 24, marginy: 24, ranker });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const drawn of steps) {
    graph.setNode(drawn.step.key, { width: WIDTH, height: heightOf(drawn) });
  }
  for (const { key } of sources) {
    graph.setNode(key, { width: SOURCE_WIDTH, height: SOURCE_HEIGHT });
  }
  for (const edge of edges) {
    if (graph.hasNode(edge.source) && graph.hasNode(edge.target)) {
      graph.setEdge(edge.source, edge.target);
    }
  }
  dagre.layout(graph);
  return Object.fromEntries(
    graph.nodes().map(key => {
      const { x, y, width, height } = graph.node(key);
      return [key, [x - width / 2, y - height / 2]];
    }),
  );
}

/** The places that all had before; null when there is a new box or line, or one that has grown. */
function keptPlaces(
  before: IDrawing,
  steps: readonly Omit<IDrawnStep, 'place'>[],
  sources: readonly ISource[],
  edges: readonly IDrawnEdge[],
): Record<string, Place> | null {
  const old = new Map(before.steps.map(drawn => [drawn.step.key, drawn]));
  const now = new Set(steps.map(drawn => drawn.step.key));
  const were = new Map<string, string>(
    before.sources.map(({ source }) => [source.key, source.key]),
  );
  for (const [index, drawn] of steps.entries()) {
    const { key } = drawn.step;
    const there = before.steps[index];
    // One that stands where another has gone is that one, renamed.
    const was = old.get(key) ?? (there && !now.has(there.step.key) ? there : undefined);
    if (!was || heightOf(was) !== heightOf(drawn)) {
      return null;
    }
    were.set(key, was.step.key);
  }
  const lines = new Set(before.edges.map(edge => `${edge.source}>${edge.target}`));
  const isNew = (edge: IDrawnEdge): boolean =>
    were.has(edge.source) &&
    were.has(edge.target) &&
    !lines.has(`${were.get(edge.source)}>${were.get(edge.target)}`);
  if (sources.some(({ key }) => !were.has(key)) || edges.some(isNew)) {
    return null;
  }
  const places = placesOf(before);
  return Object.fromEntries([...were].map(([key, was]) => [key, places[was] ?? [0, 0]]));
}

function placesOf({ steps, sources }: IDrawing): Record<string, Place> {
  return Object.fromEntries([
    ...steps.map(drawn => [drawn.step.key, drawn.place]),
    ...sources.map(drawn => [drawn.source.key, drawn.place]),
  ]);
}

/** Height of a step's box in pixels. */
export function heightOf(drawn: Pick<IDrawnStep, 'inputs' | 'outputs'>): number {
  return HEAD + ROW * Math.max(drawn.inputs.length, drawn.outputs.length, 1) + 8;
}

/** Whether what comes out of a port of type `from` can go into one of type `to`. */
export function fits(from: string, to: string): boolean {
  if (from === to || from === 'any' || to === 'any') {
    return true;
  }
  const [given, taken] = [FAMILY[from], FAMILY[to]];
  if (given && taken) {
    return !REFUSED.includes(`${given}>${taken}`);
  }
  if (given || taken) {
    return to === 'path' && from === 'string';
  }
  return WIDER[to]?.includes(from) ?? false;
}

/** Whether a port takes or gives files rather than a value. */
export function isFile(type: string): boolean {
  return type in FAMILY;
}

/** Shape and colour of a port. */
export function familyOf(type: string): Family | 'value' | 'any' {
  return type === 'any' ? 'any' : (FAMILY[type] ?? 'value');
}

/** Steps that a step needs, directly or through others. */
export function ancestors(edges: readonly IDrawnEdge[], key: string): Set<string> {
  const found = new Set<string>();
  const queue = [key];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const edge of edges) {
      if (edge.target === at && !found.has(edge.source)) {
        found.add(edge.source);
        queue.push(edge.source);
      }
    }
  }
  return found;
}

/** Ports that an output could be joined to: those that fit and close no circle; free ones first. */
export function targetsOf(
  drawing: IDrawing,
  source: string,
  output: string,
): { step: string; label: string; input: IPort; taken: boolean }[] {
  const before = ancestors(drawing.edges, source);
  const type = outputType(drawing, source, output);
  return drawing.steps
    .filter(drawn => drawn.step.key !== source && !before.has(drawn.step.key))
    .flatMap(drawn =>
      drawn.inputs
        .filter(input => fits(type, input.type))
        .map(input => ({
          step: drawn.step.key,
          label: drawn.step.label,
          input,
          taken: drawn.step.inputs[input.name] !== undefined,
        })),
    )
    .sort((a, b) => Number(a.taken) - Number(b.taken));
}

/** Type of what comes out of a step, or of data that the pipeline is given. */
export function outputType(drawing: IDrawing, key: string, output: string): string {
  const given = drawing.sources.find(drawn => drawn.source.key === key);
  const from = drawing.steps.find(drawn => drawn.step.key === key);
  return given?.source.type ?? from?.outputs.find(port => port.name === output)?.type ?? 'any';
}

/** Joins that names and types suggest, for required inputs that nothing is given for. */
export function suggested(drawing: IDrawing): IDrawnEdge[] {
  const found: IDrawnEdge[] = [];
  for (const drawn of drawing.steps) {
    for (const input of drawn.inputs) {
      if (!isFile(input.type) || drawn.step.inputs[input.name] !== undefined) {
        continue;
      }
      const sources = drawing.steps.filter(
        other =>
          other.step.key !== drawn.step.key &&
          !ancestors(drawing.edges, other.step.key).has(drawn.step.key) &&
          other.outputs.some(port => port.name === input.name && fits(port.type, input.type)),
      );
      const [only] = sources;
      if (only && sources.length === 1) {
        found.push(edge('data', only.step.key, input.name, drawn.step.key, input.name));
      }
    }
  }
  return found;
}

function edgesOf(pipeline: IPipeline): IDrawnEdge[] {
  const keys = new Set(pipeline.steps.map(step => step.key));
  const sources = new Set(pipeline.sources.map(source => source.name));
  const found: IDrawnEdge[] = [];
  for (const step of pipeline.steps) {
    for (const [input, value] of Object.entries(step.inputs)) {
      const binding = bindingOf(value);
      if (binding?.kind === 'output' && keys.has(binding.step)) {
        found.push(edge('data', binding.step, binding.port, step.key, input));
      } else if (binding?.kind === 'input' && sources.has(binding.name)) {
        found.push(edge('data', sourceKey(binding.name), binding.name, step.key, input));
      }
    }
    for (const key of step.after.filter(item => keys.has(item))) {
      found.push(edge('order', key, '', step.key, ''));
    }
    if (isControl(step.type)) {
      found.push(...controlEdges(step, keys));
    }
  }
  return found;
}

/** What a control node looks at, and what it starts. */
function controlEdges(step: IStep, keys: ReadonlySet<string>): IDrawnEdge[] {
  const found: IDrawnEdge[] = [];
  for (const field of ['condition', 'items']) {
    const binding = bindingOf(step.said[field]);
    if (binding?.kind === 'output' && keys.has(binding.step)) {
      found.push(edge('data', binding.step, binding.port, step.key, ''));
    }
  }
  for (const field of ['true_block', 'false_block', 'body']) {
    const said = step.said[field];
    for (const name of Array.isArray(said) ? said : [said]) {
      const key = typeof name === 'string' ? nameIn(name) : '';
      if (keys.has(key)) {
        found.push(edge('control', step.key, '', key, field));
      }
    }
  }
  return found;
}

function edge(
  kind: IDrawnEdge['kind'],
  source: string,
  output: string,
  target: string,
  input: string,
): IDrawnEdge {
  return {
    id: `${kind}:${source}.${output}>${target}.${input}`,
    kind,
    source,
    output,
    target,
    input,
  };
}

function ports(known: readonly Port[] | undefined, named: readonly string[]): IPort[] {
  const found = (known ?? []).map(port => ({
    name: port.name,
    type: port.type ?? 'any',
    required: port.required ?? false,
    description: port.description ?? '',
    fallback: port.default ?? null,
    choices: port.choices ?? null,
  }));
  const more = [...new Set(named)].filter(name => name && !found.some(port => port.name === name));
  return [
    ...found,
    ...more.map(name => ({
      name,
      type: 'any',
      required: false,
      description: '',
      fallback: null,
      choices: null,
    })),
  ];
}

// A pipeline file as steps and what they are bound to, and the changes one makes to it.
import { isMap, isScalar, LineCounter, parseDocument, type YAMLParseError } from 'yaml';
import { apply, type Path, remove, renameKey, set } from './edits';

/** Where a step stands on the canvas, in pixels. */
export type Place = readonly [number, number];

/** A note on the canvas. */
export interface INote {
  id: string;
  text: string;
  at: Place;
}

/** What an expression stands for. */
export type Binding =
  | { kind: 'output'; step: string; port: string }
  | { kind: 'input'; name: string }
  | { kind: 'step'; step: string };

/** Data or a model that the pipeline is given: an input with a path. */
export interface ISource {
  /** How it is told from steps: `inputs.NAME`. */
  key: string;
  name: string;
  type: string;
  path: string;
}

/** An entry of `jobs`. */
export interface IStep {
  key: string;
  /** As Azure ML names the types of nodes, `component` for one that says no more. */
  type: string;
  label: string;
  /** What it runs: a component, a notebook, a command. */
  source: string;
  inputs: Readonly<Record<string, unknown>>;
  outputs: readonly string[];
  after: readonly string[];
  /** All that the file says of it. */
  said: Readonly<Record<string, unknown>>;
  /** From 1 on. */
  line: number;
}

export interface IPipeline {
  label: string;
  inputs: Readonly<Record<string, unknown>>;
  outputs: Readonly<Record<string, unknown>>;
  settings: Readonly<Record<string, unknown>>;
  properties: Readonly<Record<string, unknown>>;
  steps: readonly IStep[];
  sources: readonly ISource[];
  places: Readonly<Record<string, Place>>;
  notes: readonly INote[];
  /** Why the text cannot be read; the rest is empty then. */
  error: { message: string; line: number } | null;
}

/** Property of the pipeline that keeps what only the canvas knows. */
export const CANVAS = 'mlws.canvas';
const CONTROL = ['if_else', 'do_while', 'parallel_for'];
const EXPRESSION = /^\s*\$\{\{\s*([\w.]+)\s*\}\}\s*$/;
const OUTPUT = /^(?:parent\.)?jobs\.(\w+)\.outputs\.(\w+)$/;
const STEP = /^(?:parent\.)?jobs\.(\w+)$/;
const INPUT = /^(?:parent\.)?inputs\.([\w.]+)$/;

interface ICanvas {
  places?: Record<string, Place>;
  notes?: INote[];
}

/** What a text says; a broken one is told by its `error`. */
export function readPipeline(text: string): IPipeline {
  const lines = new LineCounter();
  const document = parseDocument(text, { version: '1.1', lineCounter: lines });
  const [error] = document.errors as YAMLParseError[];
  const said = error ? {} : document.toJS();
  const problem =
    error ??
    (typeof said === 'object' && !Array.isArray(said)
      ? null
      : { message: 'A pipeline file is a mapping of fields.', pos: [0] });
  const root = record(problem ? {} : said);
  const jobs = document.get('jobs');
  const canvas = canvasOf(root);
  return {
    label: text_(root.display_name) || text_(root.name),
    inputs: record(root.inputs),
    outputs: record(root.outputs),
    settings: record(root.settings),
    properties: record(root.properties),
    steps: Object.entries(record(root.jobs)).map(([key, value]) => {
      const pair = isMap(jobs)
        ? jobs.items.find(item => isScalar(item.key) && String(item.key.value) === key)
        : undefined;
      const at = isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0;
      return stepOf(key, record(value), lines.linePos(at).line);
    }),
    sources: sourcesOf(record(root.inputs)),
    places: canvas.places ?? {},
    notes: canvas.notes ?? [],
    error: problem && {
      message: problem.message.split('\n')[0] ?? '',
      line: lines.linePos(problem.pos[0] ?? 0).line || 1,
    },
  };
}

/** What a value is bound to; null for a value of its own. */
export function bindingOf(value: unknown): Binding | null {
  const said =
    typeof value === 'object' && value !== null ? (value as { path?: unknown }).path : value;
  const inner = typeof said === 'string' ? EXPRESSION.exec(said)?.[1] : undefined;
  if (inner === undefined) {
    return null;
  }
  const output = OUTPUT.exec(inner);
  if (output) {
    return { kind: 'output', step: String(output[1]), port: String(output[2]) };
  }
  const step = STEP.exec(inner);
  if (step) {
    return { kind: 'step', step: String(step[1]) };
  }
  const input = INPUT.exec(inner);
  return input && { kind: 'input', name: String(input[1]) };
}

/** The expression for an output of a step. */
export function outputOf(step: string, port: string): string {
  return `\${{parent.jobs.${step}.outputs.${port}}}`;
}

/** The expression for an input of the pipeline. */
export function inputOf(name: string): string {
  return `\${{parent.inputs.${name}}}`;
}

/** How an input of the pipeline is told from steps. */
export function sourceKey(name: string): string {
  return `inputs.${name}`;
}

/** `wish`, or `wish_2`, `wish_3` … when it is taken; made fit to be the name of a step. */
export function freeName(wish: string, taken: Iterable<string>): string {
  const names = new Set(taken);
  const plain =
    wish
      .replace(/\W+/g, '_')
      .replace(/^(?=\d)/, '_')
      .replace(/^_+$/, '') || 'step';
  for (let n = 1; ; n++) {
    const name = n === 1 ? plain : `${plain}_${n}`;
    if (!names.has(name)) {
      return name;
    }
  }
}

/** A file with nothing in it yet. */
export const EMPTY = `$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
jobs: {}
`;

// Changes: each takes a text and answers the text that comes of it.

export function addStep(
  text: string,
  key: string,
  said: Readonly<Record<string, unknown>>,
  at?: Place,
): string {
  const made = apply(text, set(text, ['jobs', key], said));
  return at ? placeSteps(made, { [key]: at }) : made;
}

/** Take steps away, and what is bound to them. */
export function removeSteps(text: string, keys: readonly string[]): string {
  const gone = new Set(keys);
  const pipeline = readPipeline(text);
  let made = text;
  for (const step of pipeline.steps.filter(item => !gone.has(item.key))) {
    for (const [name, value] of Object.entries(step.inputs)) {
      const binding = bindingOf(value);
      if (binding && binding.kind !== 'input' && gone.has(binding.step)) {
        made = setInput(made, step.key, name, undefined);
      }
    }
    if (step.after.some(key => gone.has(key))) {
      made = setAfter(
        made,
        step.key,
        step.after.filter(key => !gone.has(key)),
      );
    }
  }
  for (const key of keys) {
    made = apply(made, remove(made, ['jobs', key]));
  }
  if (readPipeline(made).steps.length === 0) {
    made = apply(made, set(made, ['jobs'], {}));
  }
  const places = Object.fromEntries(
    Object.entries(pipeline.places).filter(([key]) => !gone.has(key)),
  );
  return Object.keys(places).length === Object.keys(pipeline.places).length
    ? made
    : keepCanvas(made, { places, notes: [...pipeline.notes] });
}

/** Give the pipeline an input: data, a model, or a value. */
export function addInput(text: string, name: string, said: unknown, at?: Place): string {
  const made = setPipeline(text, ['inputs', name], said);
  return at ? placeSteps(made, { [sourceKey(name)]: at }) : made;
}

/** Take an input of the pipeline away, and what is bound to it. */
export function removeInput(text: string, name: string): string {
  const { steps, places, notes } = readPipeline(text);
  let made = text;
  for (const step of steps) {
    for (const [input, value] of Object.entries(step.inputs)) {
      const binding = bindingOf(value);
      if (binding?.kind === 'input' && binding.name === name) {
        made = setInput(made, step.key, input, undefined);
      }
    }
  }
  made = setPipeline(made, ['inputs', name], undefined);
  const { [sourceKey(name)]: place, ...others } = places;
  return place ? keepCanvas(made, { places: others, notes: [...notes] }) : made;
}

/** Give an input of the pipeline another name, wherever it is spoken of. */
export function renameInput(text: string, name: string, wish: string): string {
  const { places, notes } = readPipeline(text);
  const spoken = new RegExp(`(\\$\\{\\{\\s*(?:parent\\.)?inputs\\.)${name}(?=\\s*\\}\\})`, 'g');
  const bound = readPipeline(text).steps.reduce((made, step) => {
    for (const [input, value] of Object.entries(step.inputs)) {
      if (bindingOf(value)?.kind === 'input') {
        made = setInput(made, step.key, input, renamed(value, spoken, wish));
      }
    }
    return made;
  }, text);
  const made = apply(bound, renameKey(bound, ['inputs', name], wish));
  const { [sourceKey(name)]: place, ...others } = places;
  return place
    ? keepCanvas(made, { places: { ...others, [sourceKey(wish)]: place }, notes: [...notes] })
    : made;
}

/** Give a step another name, wherever it is spoken of. */
export function renameStep(text: string, key: string, name: string): string {
  const pipeline = readPipeline(text);
  let made = apply(text, renameKey(text, ['jobs', key], name));
  const spoken = new RegExp(`(\\$\\{\\{\\s*(?:parent\\.)?jobs\\.)${key}(?=[.\\s}])`, 'g');
  made = made.replace(spoken, `$1${name}`);
  for (const step of pipeline.steps) {
    if (step.after.includes(key)) {
      const own = step.key === key ? name : step.key;
      made = setAfter(
        made,
        own,
        step.after.map(item => (item === key ? name : item)),
      );
    }
  }
  const { [key]: place, ...places } = pipeline.places;
  return place
    ? keepCanvas(made, { places: { ...places, [name]: place }, notes: [...pipeline.notes] })
    : made;
}

/** Give an input of a step a value; `undefined` takes the input away. */
export function setInput(text: string, step: string, name: string, value: unknown): string {
  return setField(text, step, ['inputs', name], value);
}

/** Change what the file says of a step; `undefined` takes the field away. */
export function setField(text: string, step: string, path: Path, value: unknown): string {
  const full = ['jobs', step, ...path];
  return apply(text, value === undefined ? remove(text, full) : set(text, full, value));
}

/** Change what the file says of the pipeline itself. */
export function setPipeline(text: string, path: Path, value: unknown): string {
  return apply(text, value === undefined ? remove(text, path) : set(text, path, value));
}

/** Let a step start only after others. */
export function setAfter(text: string, step: string, before: readonly string[]): string {
  return setField(text, step, ['depends_on'], before.length > 0 ? [...before] : undefined);
}

/** Copies of steps with names of their own; bindings among them lead to the copies. Answers text and new keys. */
export function copySteps(text: string, steps: readonly IStep[]): [string, string[]] {
  const taken = new Set(readPipeline(text).steps.map(step => step.key));
  const names = new Map<string, string>();
  for (const step of steps) {
    const name = freeName(step.key.replace(/_\d+$/, ''), taken);
    taken.add(name);
    names.set(step.key, name);
  }
  let made = text;
  for (const step of steps) {
    const inputs = Object.fromEntries(
      Object.entries(step.inputs).map(([name, value]) => {
        const binding = bindingOf(value);
        const to = binding?.kind === 'output' ? names.get(binding.step) : undefined;
        return [name, binding?.kind === 'output' && to ? outputOf(to, binding.port) : value];
      }),
    );
    const after = step.after.map(key => names.get(key) ?? key);
    made = addStep(made, String(names.get(step.key)), {
      ...step.said,
      ...(Object.keys(inputs).length > 0 && { inputs }),
      ...(after.length > 0 && { depends_on: after }),
    });
  }
  return [made, [...names.values()]];
}

/** Keep where steps stand. */
export function placeSteps(text: string, places: Readonly<Record<string, Place>>): string {
  const pipeline = readPipeline(text);
  return keepCanvas(text, {
    places: { ...pipeline.places, ...places },
    notes: [...pipeline.notes],
  });
}

/** Keep the notes on the canvas. */
export function keepNotes(text: string, notes: readonly INote[]): string {
  return keepCanvas(text, { places: { ...readPipeline(text).places }, notes: [...notes] });
}

function keepCanvas(text: string, canvas: ICanvas): string {
  const places = Object.entries(canvas.places ?? {}).map(([key, [x, y]]) => [
    key,
    [Math.round(x), Math.round(y)],
  ]);
  const kept = {
    ...(places.length > 0 && { places: Object.fromEntries(places) }),
    ...(canvas.notes?.length && { notes: canvas.notes }),
  };
  // Properties are texts in Azure ML: the canvas is one of them.
  const value = Object.keys(kept).length > 0 ? JSON.stringify(kept) : undefined;
  return setPipeline(text, ['properties', CANVAS], value);
}

function canvasOf(root: Record<string, unknown>): ICanvas {
  const said = record(root.properties)[CANVAS];
  if (typeof said !== 'string') {
    return {};
  }
  try {
    const read = record(JSON.parse(said));
    const places = Object.entries(record(read.places)).filter(([, at]) => isPlace(at));
    const notes = Array.isArray(read.notes) ? (read.notes as INote[]) : [];
    return {
      places: Object.fromEntries(places) as Record<string, Place>,
      notes: notes.filter(note => typeof note.text === 'string' && isPlace(note.at)),
    };
  } catch {
    return {}; // somebody else's property: places are found anew
  }
}

function renamed(value: unknown, spoken: RegExp, wish: string): unknown {
  if (typeof value === 'string') {
    return value.replace(spoken, `$1${wish}`);
  }
  const said = record(value);
  return { ...said, path: String(said.path).replace(spoken, `$1${wish}`) };
}

function sourcesOf(inputs: Record<string, unknown>): ISource[] {
  return Object.entries(inputs).flatMap(([name, value]) => {
    const said = record(value);
    const type = text_(said.type) || 'uri_folder';
    return 'path' in said ? [{ key: sourceKey(name), name, type, path: text_(said.path) }] : [];
  });
}

function stepOf(key: string, said: Record<string, unknown>, line: number): IStep {
  const component = said.component ?? said.trial;
  const type =
    text_(said.type) || (said.notebook ? 'notebook' : component ? 'component' : 'command');
  const source =
    typeof component === 'string'
      ? component
      : text_(said.notebook) || text_(said.command) || text_(record(component).name);
  const after = Array.isArray(said.depends_on) ? said.depends_on : [said.depends_on];
  return {
    key,
    type,
    label: text_(said.display_name) || key,
    source,
    inputs: record(said.inputs),
    outputs: Object.keys(record(said.outputs)),
    after: after.filter(item => typeof item === 'string').map(nameIn),
    said,
    line,
  };
}

/** Whether a type decides what runs, and runs nothing itself. */
export function isControl(type: string): boolean {
  return CONTROL.includes(type);
}

/** The step that a text names, as `${{parent.jobs.x}}` or by its key. */
export function nameIn(text: string): string {
  const binding = bindingOf(text);
  return binding?.kind === 'step' || binding?.kind === 'output' ? binding.step : text;
}

function isPlace(value: unknown): value is Place {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function text_(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

// What a person has filled in so far, and the job that it makes.

import type { TranslationBundle } from '@jupyterlab/translation';
import { isChanged, isObject, type Port, read, textOf } from './values';

/** Where and how a job runs, as its controls show it; empty means the workspace's default. */
export interface IWhere {
  compute: string;
  environment: string;
  timeout: string;
  retries: string;
  memory: string;
}

/** The text of every control of the dialog. */
export interface IDraft {
  /** Contents path of the notebook or script, without a drive. */
  path: string;
  displayName: string;
  experimentName: string;
  /** Shell line of a script; unused for a notebook. */
  command: string;
  values: Readonly<Record<string, string>>;
  where: IWhere;
}

/** A job as its YAML would say it, without `code`: that is the folder of the file. */
export interface IJobBody {
  type: 'notebook' | 'command';
  notebook?: string;
  command?: string;
  display_name?: string;
  experiment_name?: string;
  compute?: string;
  environment?: string;
  inputs?: Record<string, unknown>;
  limits?: { timeout?: number; memory?: string };
  retry_settings?: { max_retries: number };
}

/** What is wrong, by the field it is wrong in; '' is the job as a whole. */
export type Problems = Readonly<Record<string, string>>;

const MEMORY = /^\d+(\.\d+)?\s*[kmgt]?i?b?$/i;
const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400 };
const DATA_TYPES: Partial<Record<string, string>> = {
  file: 'uri_file',
  folder: 'uri_folder',
  dataset: 'uri_file',
  model: 'mlflow_model',
};

export function isNotebook(path: string): boolean {
  return path.endsWith('.ipynb');
}

/** A draft that holds every default. */
export function emptyDraft(path: string, ports: readonly Port[]): IDraft {
  return {
    path,
    displayName: '',
    experimentName: '',
    command: isNotebook(path) ? '' : `python ${shellQuoted(nameOf(path))}`,
    values: Object.fromEntries(ports.map(port => [port.name, textOf(port, port.default)])),
    where: { compute: '', environment: '', timeout: '', retries: '', memory: '' },
  };
}

/** `draft` with the values of an earlier job or of pasted JSON; names without a parameter are told. */
export function withValues(
  draft: IDraft,
  ports: readonly Port[],
  values: Readonly<Record<string, unknown>>,
): { draft: IDraft; unknown: string[] } {
  const known = new Map(ports.map(port => [port.name, port]));
  const texts = { ...draft.values };
  for (const [name, value] of Object.entries(values)) {
    const port = known.get(name);
    if (port && port.type !== 'secret') {
      texts[name] = textOf(port, bare(value));
    }
  }
  const unknown = Object.keys(values).filter(name => !known.has(name));
  return { draft: { ...draft, values: texts }, unknown };
}

/** `draft` filled in as `job` was: its values, its name and where it ran. */
export function withJob(
  draft: IDraft,
  ports: readonly Port[],
  job: Readonly<Record<string, unknown>>,
): IDraft {
  const limits = isObject(job.limits) ? job.limits : {};
  const retry = isObject(job.retry_settings) ? job.retry_settings : {};
  const filled = withValues(draft, ports, isObject(job.inputs) ? job.inputs : {}).draft;
  return {
    ...filled,
    experimentName: text(job.experiment_name),
    command: text(job.command) || filled.command,
    where: {
      compute: text(job.compute),
      environment: text(job.environment),
      timeout: typeof limits.timeout === 'number' ? durationText(limits.timeout) : '',
      retries: retry.max_retries ? text(retry.max_retries) : '',
      memory: text(limits.memory),
    },
  };
}

/** What is wrong with a draft before the workspace has seen it. */
export function check(draft: IDraft, ports: readonly Port[], trans: TranslationBundle): Problems {
  const found: Record<string, string> = {};
  for (const port of ports) {
    const reading = read(port, draft.values[port.name] ?? '', trans);
    if (reading.state === 'wrong') {
      found[`inputs.${port.name}`] = reading.message;
    }
  }
  if (!isNotebook(draft.path) && draft.command.trim() === '') {
    found.command = trans.__('This needs a command.');
  }
  const { timeout, retries, memory } = draft.where;
  if (timeout.trim() && secondsOf(timeout) === undefined) {
    found['limits.timeout'] = trans.__('This needs a time, such as 90 s, 30 min or 2 h.');
  }
  if (retries.trim() && !(/^\d+$/.test(retries.trim()) && Number(retries) <= 100)) {
    found['retry_settings.max_retries'] = trans.__('This needs a whole number from 0 to 100.');
  }
  if (memory.trim() && !MEMORY.test(memory.trim())) {
    found['limits.memory'] = trans.__('This needs a size, such as 500m or 2g.');
  }
  return found;
}

/** The job that a draft without problems describes; what equals a default is left out. */
export function jobOf(draft: IDraft, ports: readonly Port[], trans: TranslationBundle): IJobBody {
  const { compute, environment, timeout, retries, memory } = draft.where;
  const seconds = secondsOf(timeout);
  const limits = {
    ...(seconds !== undefined && { timeout: seconds }),
    ...(memory.trim() && { memory: memory.trim() }),
  };
  const inputs = inputsOf(draft, ports, trans);
  const what: Pick<IJobBody, 'type' | 'notebook' | 'command'> = isNotebook(draft.path)
    ? { type: 'notebook', notebook: nameOf(draft.path) }
    : { type: 'command', command: draft.command.trim() };
  return {
    ...what,
    ...(draft.displayName.trim() && { display_name: draft.displayName.trim() }),
    ...(draft.experimentName.trim() && { experiment_name: draft.experimentName.trim() }),
    ...(compute && { compute }),
    ...(environment && { environment }),
    ...(Object.keys(inputs).length > 0 && { inputs }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(Number(retries) > 0 && { retry_settings: { max_retries: Number(retries) } }),
  };
}

/** The field of the dialog at which a problem of the workspace is shown; '' when it has none. */
export function shownAt(field: string, fields: readonly string[]): string {
  const fitting = fields.filter(name => field === name || field.startsWith(`${name}.`));
  return fitting.sort((a, b) => b.length - a.length)[0] ?? '';
}

/** What the workspace found wrong, each at its field; several in one field stand below each other. */
export function problemsByField(
  problems: readonly { message: string; field?: string }[],
  fields: readonly string[],
): Problems {
  const found: Record<string, string> = {};
  for (const { message, field = '' } of problems) {
    const at = shownAt(field, fields);
    const told = at === '' && field ? `${field}: ${message}` : message;
    found[at] = found[at] ? `${found[at]}\n${told}` : told;
  }
  return found;
}

/** Names of the fields that a draft of `path` has. */
export function fieldsOf(path: string, ports: readonly Port[]): string[] {
  return [
    ...ports.map(port => `inputs.${port.name}`),
    ...(isNotebook(path) ? [] : ['command']),
    'display_name',
    'experiment_name',
    'compute',
    'environment',
    'limits.timeout',
    'limits.memory',
    'retry_settings.max_retries',
  ];
}

/** Seconds of a time such as `90 s`, `30 min`, `2h`; a bare number is minutes; else undefined. */
export function secondsOf(written: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*([smhd])?[a-z]*$/i.exec(written.trim());
  const unit = found?.[2]?.toLowerCase() ?? 'm';
  const seconds = Math.round(Number(found?.[1]) * (SECONDS[unit] ?? 60));
  return seconds > 0 ? seconds : undefined;
}

/** A time as `secondsOf` reads it, in the largest unit without a rest. */
export function durationText(seconds: number): string {
  const units = { h: 3600, min: 60 };
  const fitting = Object.entries(units).find(([, size]) => seconds % size === 0);
  return fitting ? `${seconds / fitting[1]} ${fitting[0]}` : `${seconds} s`;
}

/** Last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `word` as a POSIX shell takes it for one word. */
export function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

function inputsOf(
  draft: IDraft,
  ports: readonly Port[],
  trans: TranslationBundle,
): Record<string, unknown> {
  const inputs: Record<string, unknown> = {};
  for (const port of ports) {
    const written = draft.values[port.name] ?? '';
    const reading = read(port, written, trans);
    if (reading.state === 'value' && (port.required || isChanged(port, written, trans))) {
      const type = DATA_TYPES[port.type ?? ''];
      inputs[port.name] = type ? { type, path: reading.value } : reading.value;
    }
  }
  return inputs;
}

/** The value or path inside an input that was written out with its type. */
function bare(value: unknown): unknown {
  return isObject(value) && 'type' in value ? (value.path ?? value.value) : value;
}

function text(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}

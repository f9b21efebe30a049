// The command line and the Python code that submit the same job.

import { type IJobBody, shellQuoted } from './draft';
import { isObject } from './values';

/** One `mlws` command, run in the folder of the file. */
export function cliLine(job: IJobBody, secrets: readonly string[] = []): string {
  const words = ['mlws', 'job', 'create'];
  if (job.notebook !== undefined) {
    words.push('--notebook', job.notebook);
  } else {
    words.push('--command', job.command ?? '');
  }
  for (const [name, value] of Object.entries(hidden(job.inputs ?? {}, secrets))) {
    words.push('-p', `${name}=${word(isObject(value) && 'path' in value ? value.path : value)}`);
  }
  for (const [key, value] of settings(job)) {
    words.push('--set', `${key}=${word(value)}`);
  }
  return [...words.map(shellQuoted), '--stream'].join(' ');
}

/** A few lines for a notebook or script in the folder of the file. */
export function pythonLines(job: IJobBody, secrets: readonly string[] = []): string {
  const make = job.notebook === undefined ? 'command' : 'notebook';
  const { type: _type, notebook, command, inputs, ...rest } = job;
  const given = [
    [make, notebook ?? command],
    ...(job.notebook === undefined ? [['code', '.']] : []),
    ...(inputs ? [['inputs', hidden(inputs, secrets)]] : []),
    ...Object.entries(rest),
  ];
  return [
    `from jupyter_mlws import MLClient, ${make}`,
    '',
    `job = ${make}(`,
    ...given.map(([key, value]) => `    ${key}=${python(value)},`),
    ')',
    'job = MLClient().jobs.create_or_update(job)',
  ].join('\n');
}

/** A value as a Python literal. */
export function python(value: unknown): string {
  if (value === null || value === undefined) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (Array.isArray(value)) {
    return `[${value.map(python).join(', ')}]`;
  }
  if (isObject(value)) {
    const items = Object.entries(value).map(([key, item]) => `${python(key)}: ${python(item)}`);
    return `{${items.join(', ')}}`;
  }
  return JSON.stringify(value);
}

function settings(job: IJobBody): [string, unknown][] {
  const { type: _type, notebook: _notebook, command: _command, inputs: _inputs, ...rest } = job;
  return Object.entries(rest).flatMap(([key, value]): [string, unknown][] =>
    isObject(value)
      ? Object.entries(value).map(([inner, item]): [string, unknown] => [`${key}.${inner}`, item])
      : [[key, value]],
  );
}

/** Values that must not be shown are left to be filled in. */
function hidden(
  inputs: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, secrets.includes(name) ? '…' : value]),
  );
}

function word(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

// What submits the same job from a terminal and from Python.
import { type IJobBody, shellQuoted } from './draft';
import { isObject } from './values';

/** Commands for the folder of the file; a script's job is written to a YAML file first. */
export function cliLines(job: IJobBody, secrets: readonly string[] = []): string {
  if (job.notebook === undefined) {
    const lines = yaml({ ...job, code: '.' });
    return ["cat > job.yml <<'EOF'", ...lines, 'EOF', 'mlws job create -f job.yml --stream'].join(
      '\n',
    );
  }
  const { type: _type, notebook, inputs = {}, ...rest } = job;
  const words = ['mlws', 'job', 'create', '--notebook', notebook];
  for (const [name, value] of Object.entries(flat(hidden(inputs, secrets)))) {
    words.push('-p', `${name}=${scalar(value)}`);
  }
  for (const [key, value] of Object.entries(flat(rest))) {
    words.push('--set', `${key}=${scalar(value)}`);
  }
  return [...words, '--stream'].map(shellQuoted).join(' ');
}

/** Lines for a notebook or script in the folder of the file. */
export function pythonLines(job: IJobBody, secrets: readonly string[] = []): string {
  const { type: _type, notebook, command, inputs, ...rest } = job;
  const make = notebook === undefined ? 'command' : 'notebook';
  const given = Object.entries({
    ...(notebook === undefined && { command, code: '.' }),
    ...(inputs && { inputs: hidden(inputs, secrets) }),
    ...rest,
  }).map(([key, value]) => `${key}=${python(value)}`);
  const all = notebook === undefined ? given : [python(notebook), ...given];
  return [
    `from jupyter_mlws import MLClient, ${make}`,
    '',
    `job = ${make}(`,
    ...all.map(argument => `    ${argument},`),
    ')',
    'job = MLClient().jobs.create_or_update(job)',
  ].join('\n');
}

/** A value as a Python literal. */
export function python(value: unknown): string {
  if (value == null) {
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

/** A value as YAML 1.1 reads it back: numbers with a point before `e`, doubtful words quoted. */
export function scalar(value: unknown): string {
  if (typeof value === 'number') {
    return String(value).replace(/^(-?\d+)e/, '$1.0e');
  }
  const isPlain =
    typeof value === 'string' &&
    /^[A-Za-z_/]([\w ./@+-]*[\w./@+-])?$/.test(value) &&
    !/^(y|n|yes|no|on|off|true|false|null|~|\.(inf|nan))$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}

function yaml(value: Readonly<Record<string, unknown>>, indent = ''): string[] {
  return Object.entries(value).flatMap(([key, item]) =>
    isObject(item)
      ? [`${indent}${key}:`, ...yaml(item, `${indent}  `)]
      : [`${indent}${key}: ${scalar(item)}`],
  );
}

/** Nested maps as dotted keys; a JSON value of a parameter, which has no `type`, stays whole. */
function flat(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]): [string, unknown][] =>
      isObject(item) && SETTINGS.some(name => name in item)
        ? Object.entries(item).map(([inner, leaf]): [string, unknown] => [`${key}.${inner}`, leaf])
        : [[key, item]],
    ),
  );
}

const SETTINGS = ['type', 'timeout', 'memory', 'max_retries'];

/** Values that must not be shown are left to be filled in. */
function hidden(
  inputs: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, secrets.includes(name) ? '…' : value]),
  );
}

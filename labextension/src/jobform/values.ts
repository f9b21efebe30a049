// Between the value of a parameter and the text that its control shows.

import type { TranslationBundle } from '@jupyterlab/translation';
import type { Schemas } from '../api/client';

/** An input or output of a notebook. */
export type Port = Schemas['Port'];

/** What was read from a control: a value, nothing (the default holds), or what is wrong. */
export type Reading =
  | { state: 'value'; value: unknown }
  | { state: 'default' }
  | { state: 'wrong'; message: string };

/** Which control shows a parameter. */
export type Control =
  | 'checkbox'
  | 'select'
  | 'number'
  | 'text'
  | 'date'
  | 'datetime-local'
  | 'path'
  | 'json'
  | 'password';

const CONTROLS: Record<NonNullable<Port['type']>, Control> = {
  boolean: 'checkbox',
  integer: 'number',
  number: 'number',
  string: 'text',
  date: 'date',
  datetime: 'datetime-local',
  list: 'json',
  object: 'json',
  path: 'path',
  file: 'path',
  folder: 'path',
  dataset: 'path',
  model: 'path',
  secret: 'password',
  figure: 'text',
  any: 'text',
};

/** Shapes in which a typed number may be written; Python and JSON both read them. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export function controlOf(port: Port): Control {
  return port.choices?.length ? 'select' : CONTROLS[port.type ?? 'any'];
}

/** The text by which the control of `port` shows `value`; empty for no value. */
export function textOf(port: Port, value: unknown): string {
  if (value === null || value === undefined) {
    return '';
  }
  switch (controlOf(port)) {
    case 'select':
      return JSON.stringify(value);
    case 'json':
      return spaced(value);
    case 'datetime-local':
      return String(value).replace(' ', 'T').slice(0, 16);
    default:
      return typeof value === 'string' ? quoted(port, value) : plain(value);
  }
}

/** The value that `text` means for `port`. */
export function read(port: Port, text: string, trans: TranslationBundle): Reading {
  const written = controlOf(port) === 'password' ? text : text.trim();
  if (written === '' && (port.type !== 'string' || port.required || port.choices)) {
    return readNothing(port, trans);
  }
  switch (controlOf(port)) {
    case 'checkbox':
      return { state: 'value', value: written === 'true' };
    case 'select':
      return readChoice(port, written, trans);
    case 'number':
      return readNumber(port, written, trans);
    case 'json':
      return readJson(port, written, trans);
    case 'date':
    case 'datetime-local':
      return Number.isNaN(Date.parse(written))
        ? wrong(trans.__('This is not a date.'))
        : { state: 'value', value: written };
    case 'path':
      return { state: 'value', value: written };
    default:
      return { state: 'value', value: port.type === 'any' ? parsed(text) : text };
  }
}

/** Whether `text` means something else than the parameter's default. */
export function isChanged(port: Port, text: string, trans: TranslationBundle): boolean {
  if (text === textOf(port, port.default)) {
    return false;
  }
  const reading = read(port, text, trans);
  return (
    reading.state === 'wrong' ||
    (reading.state === 'value' && canonical(reading.value) !== canonical(port.default))
  );
}

/** `text` of a number one step up or down, inside the limits of `port`. */
export function stepped(port: Port, text: string, direction: 1 | -1): string {
  const start = NUMBER.test(text.trim()) ? Number(text) : (port.minimum ?? 0);
  const next = port.log ? start * (direction > 0 ? 2 : 0.5) : start + direction * unit(port, text);
  const kept = Math.min(port.maximum ?? Infinity, Math.max(port.minimum ?? -Infinity, next));
  return String(Number(kept.toPrecision(12)));
}

/** Where a number stands between its limits, from 0 to 1; undefined without both limits. */
export function shareOf(port: Port, value: number): number | undefined {
  const [low, high] = limits(port);
  if (low === undefined || high === undefined || high <= low) {
    return undefined;
  }
  const share = (scaled(port, value) - low) / (high - low);
  return Math.min(1, Math.max(0, share));
}

/** The number that stands at `share` between the limits; the inverse of `shareOf`. */
export function atShare(port: Port, share: number): number {
  const [low = 0, high = 1] = limits(port);
  const value = low + share * (high - low);
  const linear = port.log ? 10 ** value : value;
  return port.type === 'integer' ? Math.round(linear) : Number(linear.toPrecision(3));
}

/** The allowed range in words, such as `from 0 to 1`; empty when there is none. */
export function rangeOf(port: Port, trans: TranslationBundle): string {
  const { minimum, maximum, exclusive_minimum: above, exclusive_maximum: below } = port;
  if (minimum != null && maximum != null) {
    return trans.__('from %1 to %2', plain(minimum), plain(maximum));
  }
  return [
    minimum != null && trans.__('at least %1', plain(minimum)),
    above != null && trans.__('more than %1', plain(above)),
    maximum != null && trans.__('at most %1', plain(maximum)),
    below != null && trans.__('less than %1', plain(below)),
  ]
    .filter(Boolean)
    .join(' · ');
}

function readNothing(port: Port, trans: TranslationBundle): Reading {
  if (port.required) {
    return wrong(trans.__('This needs a value.'));
  }
  return port.default === null || port.default === undefined
    ? { state: 'default' }
    : wrong(trans.__('This needs a value. The default is %1.', textOf(port, port.default)));
}

function readChoice(port: Port, text: string, trans: TranslationBundle): Reading {
  const found = (port.choices ?? []).find(choice => JSON.stringify(choice) === text);
  return found === undefined
    ? wrong(trans.__('Choose one of the values.'))
    : { state: 'value', value: found };
}

function readNumber(port: Port, text: string, trans: TranslationBundle): Reading {
  const value = Number(text);
  if (!NUMBER.test(text) || !Number.isFinite(value)) {
    return wrong(
      port.type === 'integer'
        ? trans.__('This needs a whole number, such as 10.')
        : trans.__('This needs a number, such as 0.01 or 1e-3.'),
    );
  }
  if (port.type === 'integer' && !Number.isSafeInteger(value)) {
    return wrong(trans.__('This needs a whole number, such as 10.'));
  }
  return isOutside(port, value)
    ? wrong(trans.__('This is out of range: %1.', rangeOf(port, trans)))
    : { state: 'value', value };
}

function isOutside(port: Port, value: number): boolean {
  const { minimum, maximum, exclusive_minimum: above, exclusive_maximum: below } = port;
  return (
    (minimum != null && value < minimum) ||
    (maximum != null && value > maximum) ||
    (above != null && value <= above) ||
    (below != null && value >= below)
  );
}

function readJson(port: Port, text: string, trans: TranslationBundle): Reading {
  const value = jsonOf(text);
  if (port.type === 'list') {
    return Array.isArray(value)
      ? { state: 'value', value }
      : wrong(trans.__('This needs a JSON list, such as [1, 2, 3].'));
  }
  return isObject(value)
    ? { state: 'value', value }
    : wrong(trans.__('This needs a JSON object, such as {"depth": 3}.'));
}

function wrong(message: string): Reading {
  return { state: 'wrong', message };
}

/** Step of the last digit shown: 0.01 for `0.15`, 1 for `10`. */
function unit(port: Port, text: string): number {
  const decimals = /\.(\d+)$/.exec(text.trim())?.[1]?.length ?? 0;
  return port.type === 'integer' ? 1 : 10 ** -decimals;
}

function limits(port: Port): [number | undefined, number | undefined] {
  const of = (limit: number | undefined) =>
    limit == null || (port.log && limit <= 0) ? undefined : scaled(port, limit);
  return [of(port.minimum), of(port.maximum)];
}

function scaled(port: Port, value: number): number {
  return port.log ? Math.log10(value) : value;
}

/** Text of a parameter without a type: quoted where it would be read as something else. */
function quoted(port: Port, value: string): string {
  return port.type === 'any' && jsonOf(value) !== undefined ? JSON.stringify(value) : value;
}

/** JSON on one line, with a blank after each comma and colon. */
function spaced(value: unknown): string {
  const lines = JSON.stringify(value, null, 1).split('\n');
  return lines
    .map(line => line.trim())
    .reduce((text, line) => {
      const isTight = /[[{]$/.test(text) || /^[\]}]/.test(line);
      return `${text}${isTight ? '' : ' '}${line}`;
    });
}

function plain(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function parsed(text: string): unknown {
  const value = jsonOf(text);
  return value === undefined ? text : value;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    isObject(item) ? Object.fromEntries(Object.entries(item).sort()) : item,
  );
}

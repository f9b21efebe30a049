// Changes to a YAML text that touch only what changes: comments, key order and style of the rest stay.
import {
  type Document,
  isMap,
  isScalar,
  type Pair,
  type ParsedNode,
  parseDocument,
  stringify,
  type YAMLMap,
} from 'yaml';

/** Replace `text.slice(start, end)` by `text`. */
export interface IEdit {
  start: number;
  end: number;
  text: string;
}

export type Path = readonly string[];

type MapNode = YAMLMap.Parsed<ParsedNode, ParsedNode | null>;
type PairNode = Pair<ParsedNode, ParsedNode | null>;

const INDENT = 2;
const NEVER_FOLD = { indent: INDENT, lineWidth: 0 } as const;

/** `text` after `edit`. */
export function apply(text: string, edit: IEdit): string {
  return text.slice(0, edit.start) + edit.text + text.slice(edit.end);
}

/** The document of a text; throws when it is no YAML. */
export function read(text: string): Document.Parsed {
  const document = parseDocument(text, { version: '1.1', prettyErrors: true });
  const [error] = document.errors;
  if (error) {
    throw error;
  }
  return document;
}

/** Make the value at `path` be `value`; missing mappings on the way are made. */
export function set(text: string, path: Path, value: unknown): IEdit {
  const root = read(text).contents;
  if (!isMap(root)) {
    return { start: 0, end: text.length, text: stringify(nested(path, value), NEVER_FOLD) };
  }
  let map = root as MapNode;
  for (const [at, key] of path.entries()) {
    const rest = nested(path.slice(at + 1), value);
    const pair = find(map, key);
    if (!pair) {
      return insert(text, map, key, rest);
    }
    if (at < path.length - 1 && isMap(pair.value) && !(pair.value as MapNode).flow) {
      map = pair.value as MapNode;
      continue;
    }
    return replace(
      text,
      map,
      pair,
      at < path.length - 1 ? merged(pair, path.slice(at + 1), value) : value,
    );
  }
  return { start: 0, end: 0, text: '' };
}

/** Take the entry at `path` away, with its own comment, and the mapping around it when that is left empty. */
export function remove(text: string, path: Path): IEdit {
  const document = read(text);
  let map = document.contents as MapNode;
  let outer: [MapNode, PairNode] | null = null;
  for (const [at, key] of path.entries()) {
    const pair = isMap(map) ? find(map, key) : undefined;
    if (!pair) {
      return { start: 0, end: 0, text: '' };
    }
    if (at === path.length - 1) {
      if (map.items.length > 1) {
        return map.flow ? withoutKey(text, outer, map, key) : cut(text, map, pair);
      }
      return outer ? cut(text, outer[0], outer[1]) : { ...whole(pair), text: '{}' };
    }
    // A mapping that holds nothing but the way to the entry goes with it.
    if (map.items.length > 1 || !outer) {
      outer = [map, pair];
    }
    map = pair.value as MapNode;
  }
  return { start: 0, end: 0, text: '' };
}

/** Give the entry at `path` another name. */
export function renameKey(text: string, path: Path, name: string): IEdit {
  let map = read(text).contents as MapNode;
  let found: PairNode | undefined;
  for (const key of path) {
    found = isMap(map) ? find(map, key) : undefined;
    if (!found) {
      return { start: 0, end: 0, text: '' };
    }
    map = found.value as MapNode;
  }
  return found
    ? { start: start(found.key), end: end(found.key), text: scalar(name) }
    : { start: 0, end: 0, text: '' };
}

/** A key as it is written: YAML 1.1 would make `y` and `no` true and false. */
function nameOf(key: ParsedNode): string {
  return isScalar(key) && key.type === 'PLAIN'
    ? (key.source ?? '')
    : String((key as { value?: unknown }).value);
}

function find(map: MapNode, key: string): PairNode | undefined {
  return map.items.find(item => isScalar(item.key) && nameOf(item.key) === key) as
    | PairNode
    | undefined;
}

function nested(path: Path, value: unknown): unknown {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}

/** The value of `pair` with `value` put at `path` in it. */
function merged(pair: PairNode, path: Path, value: unknown): unknown {
  const there =
    pair.value && isMap(pair.value) ? (pair.value.toJSON() as Record<string, unknown>) : {};
  const result = structuredClone(there);
  let inner = result;
  for (const key of path.slice(0, -1)) {
    const next = inner[key];
    inner[key] = typeof next === 'object' && next !== null ? next : {};
    inner = inner[key] as Record<string, unknown>;
  }
  inner[path.at(-1) as string] = value;
  return result;
}

function replace(text: string, map: MapNode, pair: PairNode, value: unknown): IEdit {
  const old = pair.value;
  if (
    old &&
    isScalar(old) &&
    isPlain(value) &&
    !old.type?.startsWith('BLOCK') &&
    end(old) > start(old)
  ) {
    return { start: start(old), end: end(old), text: scalar(value) };
  }
  const key = nameOf(pair.key);
  const flow = map.flow || (old && isMap(old) && (old as MapNode).flow);
  if (flow && old) {
    return { start: start(old), end: end(old), text: inFlow(value) };
  }
  const from = start(pair.key);
  return {
    start: from,
    end: Math.max(trimmed(text, end(old ?? pair.key), from), end(pair.key) + colon(text, pair)),
    text: block(key, value, column(text, start(pair.key))),
  };
}

function insert(text: string, map: MapNode, key: string, value: unknown): IEdit {
  if (map.flow) {
    const made = { ...(map.toJSON() as Record<string, unknown>), [key]: value };
    return { start: start(map), end: end(map), text: inFlow(made) };
  }
  const last = map.items.at(-1) as PairNode;
  const indent = column(text, start(last.key));
  const at = lineEnd(text, trimmed(text, end(last.value ?? last.key), start(last.key)));
  return { start: at, end: at, text: `\n${' '.repeat(indent)}${block(key, value, indent)}` };
}

function withoutKey(
  text: string,
  outer: [MapNode, PairNode] | null,
  map: MapNode,
  key: string,
): IEdit {
  const { [key]: _, ...rest } = map.toJSON() as Record<string, unknown>;
  const place = outer?.[1].value ?? map;
  return { start: start(place), end: trimmed(text, end(place), start(place)), text: inFlow(rest) };
}

/** Whole lines of an entry, with the comment lines that stand right above it. */
function cut(text: string, map: MapNode, pair: PairNode): IEdit {
  if (map.flow) {
    const key = nameOf(pair.key);
    return withoutKey(text, null, map, key);
  }
  let from = text.lastIndexOf('\n', start(pair.key) - 1) + 1;
  while (from > 0) {
    const above = text.lastIndexOf('\n', from - 2) + 1;
    if (!/^\s*#/.test(text.slice(above, from)) || map.items[0] === pair) {
      break;
    }
    from = above;
  }
  const to = lineEnd(text, trimmed(text, end(pair.value ?? pair.key), start(pair.key)));
  return { start: from, end: Math.min(to + 1, text.length), text: '' };
}

function whole(pair: PairNode): { start: number; end: number } {
  return { start: start(pair.key), end: end(pair.value ?? pair.key) };
}

function start(node: ParsedNode): number {
  return node.range[0];
}

function end(node: ParsedNode): number {
  return node.range[1];
}

/** How much stands between a key without a value and the end of its colon. */
function colon(text: string, pair: PairNode): number {
  const rest = text.slice(end(pair.key));
  return /^\s*:/.exec(rest)?.[0].length ?? 0;
}

function column(text: string, at: number): number {
  return at - (text.lastIndexOf('\n', at - 1) + 1);
}

function lineEnd(text: string, at: number): number {
  const found = text.indexOf('\n', at);
  return found < 0 ? text.length : found;
}

/** `at` moved back over white space and comment lines of their own, not before `from`. */
function trimmed(text: string, at: number, from: number): number {
  const kept = text.slice(from, at).replace(/(?:\s*\n[ \t]*#[^\n]*)*\s*$/, '');
  return from + kept.length;
}

function isPlain(value: unknown): boolean {
  return (typeof value !== 'object' || value === null) && !String(value).includes('\n');
}

function scalar(value: unknown): string {
  return stringify(value, { ...NEVER_FOLD, version: '1.1' }).trimEnd();
}

function inFlow(value: unknown): string {
  return stringify(value, { ...NEVER_FOLD, version: '1.1', collectionStyle: 'flow' }).trimEnd();
}

/** `key: value` in block style, its further lines indented by `indent`. */
function block(key: string, value: unknown, indent: number): string {
  const made = stringify({ [key]: value }, { ...NEVER_FOLD, version: '1.1' }).trimEnd();
  return made.replaceAll('\n', `\n${' '.repeat(indent)}`);
}

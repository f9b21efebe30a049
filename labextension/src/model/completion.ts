// What can be typed next in the filter of runs.
import { quoteKey } from './search';

/** Names that the shown runs have, by what they stand for. */
export interface IKnownKeys {
  metrics: readonly string[];
  params: readonly string[];
  tags: readonly string[];
}

export interface ICompletion {
  /** Where the completed word begins and ends in the text. */
  from: number;
  to: number;
  /** What may stand there. */
  options: readonly string[];
}

const ATTRIBUTES = ['run_name', 'status', 'user_id', 'start_time', 'end_time', 'run_id'];
const STATES = ['Completed', 'Failed', 'Running', 'Queued', 'Canceled'];
const ENTITIES = ['metrics.', 'params.', 'tags.', 'attributes.'];
const NUMBER_OPERATORS = ['>', '>=', '<', '<=', '=', '!='];
const TEXT_OPERATORS = ['=', '!=', 'LIKE', 'ILIKE', 'IN'];
const CONNECTIVES = ['and', 'or'];
const MOST = 12;

/** A key, quoted or not, as it stands in the language. */
const KEY = String.raw`(?:metrics|params|tags|attributes)\.(?:\`[^\`]*\`|"[^"]*"|[\w./-]+)`;
const NAME_AT_END = /(?:^|[\s(])((metrics|params|tags|attributes)\.[`"]?([^\s`"<>=!()]*))$/i;
const WORD_AT_END = /[A-Za-z]*$/;
const OPERATOR_DUE = new RegExp(`(?:^|[\\s(])(${KEY})\\s+(\\S*)$`, 'i');
const STATE_DUE = /attributes\.status\s*(?:=|!=|<>)\s*('?)(\w*)$/i;
const CLAUSE_DONE = new RegExp(
  `${KEY}\\s*(?:[<>=!]+|like|ilike)\\s*(?:'[^']*'|"[^"]*"|-?[\\d.]+(?:e[+-]?\\d+)?)\\s+(\\w*)$`,
  'i',
);

/** What may stand at `caret` in `text`; null where nothing can be said, such as within a free text. */
export function completionAt(text: string, caret: number, keys: IKnownKeys): ICompletion | null {
  const before = text.slice(0, caret);
  const state = STATE_DUE.exec(before);
  if (state) {
    const typed = `${state[1]}${state[2]}`;
    return answer(
      caret,
      typed,
      STATES.map(name => `'${name}'`),
      state[2] ?? '',
    );
  }
  const done = CLAUSE_DONE.exec(before);
  if (done) {
    return answer(caret, done[1] ?? '', CONNECTIVES);
  }
  const due = OPERATOR_DUE.exec(before);
  if (due) {
    const isNumber = /^(metrics\.|attributes\.(start|end)_time)/i.test(due[1] ?? '');
    return answer(caret, due[2] ?? '', isNumber ? NUMBER_OPERATORS : TEXT_OPERATORS);
  }
  const name = NAME_AT_END.exec(before);
  if (name) {
    const entity = (name[2] ?? '').toLowerCase() as keyof IKnownKeys | 'attributes';
    const names = entity === 'attributes' ? ATTRIBUTES : keys[entity];
    const options = names.map(key => `${entity}.${quoteKey(key)}`);
    return answer(caret, name[1] ?? '', options, name[3] ?? '');
  }
  const word = WORD_AT_END.exec(before)?.[0] ?? '';
  const start = before.slice(0, before.length - word.length);
  return word && /(^|[\s(])$/.test(start) ? answer(caret, word, ENTITIES) : null;
}

/** Options that have `sought` in them, those that begin with it first; null when `typed` is all there is. */
function answer(
  caret: number,
  typed: string,
  all: readonly string[],
  sought = typed,
): ICompletion | null {
  const low = sought.toLowerCase();
  const rank = (option: string): number => {
    const bare = option.replace(/^'|^(metrics|params|tags|attributes)\.`?(?=.)/i, '').toLowerCase();
    return option.toLowerCase().startsWith(low) || bare.startsWith(low)
      ? 0
      : bare.includes(low)
        ? 1
        : 2;
  };
  const options = all
    .filter(option => rank(option) < 2)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, MOST);
  const isWhole = options.length === 1 && options[0] === typed;
  return options.length === 0 || isWhole
    ? null
    : { from: caret - typed.length, to: caret, options };
}

/** `text` with `option` in the place of the completed word, and where the caret then stands. */
export function complete(
  text: string,
  completion: ICompletion,
  option: string,
): { text: string; caret: number } {
  // After a dot the name follows, after everything else a blank.
  const added = option.endsWith('.') ? option : `${option} `;
  const after = text.slice(completion.to).replace(/^ /, '');
  return {
    text: text.slice(0, completion.from) + added + after,
    caret: completion.from + added.length,
  };
}

/** Where the server found the fault, counted from 0; null when it does not say. */
export function faultIn(message: string): number | null {
  const found = /\(at character (\d+)\)/.exec(message);
  return found ? Number(found[1]) - 1 : null;
}

// Turns what a person types into the search box into a filter of runs.

/** `name` as the filter language takes it: quoted with backticks where it must be. */
export function quoteKey(name: string): string {
  return /^[A-Za-z_][\w.]*$/.test(name) ? name : `\`${name}\``;
}

/** `text` as a value of the filter language. */
export function quoteText(text: string): string {
  return `'${text.replace(/'/g, "''")}'`;
}

/** Both of two filters; either may be empty. */
export function both(filter: string, other: string): string {
  if (!filter.trim() || !other) {
    return filter.trim() ? filter : other;
  }
  // Without parentheses a fault is told at the place where it stands in the box.
  return /\bor\b/i.test(filter) ? `(${filter}) and ${other}` : `${filter} and ${other}`;
}

const STATES: Record<string, string> = {
  running: 'Running',
  queued: 'Queued',
  failed: 'Failed',
  completed: 'Completed',
  canceled: 'Canceled',
};

/** Whether `text` is in the filter language, be it unfinished. */
export function isFilter(text: string): boolean {
  return /^(metrics|params|tags|attributes|attribute|run)\.|[<>=]/i.test(text.trim());
}

/**
 * The filter for a free text: `failed`, `running` … by state, `@ana` and `@me` by user, the rest by name.
 *
 * A text that is a filter already (`metrics.auc > 0.9`) is left as it is.
 */
export function searchToFilter(text: string, me: string): string {
  const trimmed = text.trim();
  if (isFilter(trimmed)) {
    return trimmed;
  }
  return trimmed
    .split(/\s+/)
    .filter(Boolean)
    .map(word => {
      const state = STATES[word.toLowerCase()];
      if (state) {
        return `attributes.status = ${quoteText(state)}`;
      }
      if (word.length > 1 && word.startsWith('@')) {
        const user = word.toLowerCase() === '@me' ? me : word.slice(1);
        return `attributes.user_id = ${quoteText(user)}`;
      }
      return `attributes.run_name ILIKE ${quoteText(`%${word}%`)}`;
    })
    .join(' and ');
}

/** Whether a run called `name` by `user` in `status` is what a person who types `text` looks for. */
export function matches(
  item: { name: string; user: string; status: string },
  text: string,
  me: string,
): boolean {
  return text
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .every(word => {
      if (word.startsWith('@')) {
        return item.user.toLowerCase() === (word === '@me' ? me.toLowerCase() : word.slice(1));
      }
      return word in STATES
        ? item.status.toLowerCase() === word
        : item.name.toLowerCase().includes(word);
    });
}

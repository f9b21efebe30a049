// The cards of the charts: what each shows, in which order; plain values that are kept with the view.

export type CardKind = 'line' | 'scatter' | 'parallel' | 'contour' | 'importance' | 'box';

export const CARD_KINDS: readonly CardKind[] = [
  'line',
  'parallel',
  'scatter',
  'importance',
  'box',
  'contour',
];

export type XAxis = 'step' | 'relative' | 'time';

/** How lines are drawn. */
export interface ILineLook {
  x: XAxis;
  /** Of the smoothing, from 0 to below 1. */
  weight: number;
  logY: boolean;
}

export const LINE_LOOK: ILineLook = { x: 'step', weight: 0, logY: false };

export interface ICard {
  id: string;
  kind: CardKind;
  /** Name of the metric of a line or importance card. */
  metric?: string;
  /** Columns such as `params.lr`; the last is the one that is explained or gives the colour. */
  columns?: readonly string[];
  /** Param by which lines are put together to mean and band. */
  groupBy?: string;
  /** What differs from how all lines are drawn. */
  line?: Partial<ILineLook>;
}

/** Names that cards can choose from. */
export interface ICardNames {
  metrics: readonly string[];
  params: readonly string[];
  /** Those of the params whose values are numbers. */
  numbers: readonly string[];
}

/** How many columns a kind takes at most. */
export const MOST_COLUMNS: Readonly<Record<CardKind, number>> = {
  line: 0,
  importance: 0,
  scatter: 3,
  contour: 3,
  box: 2,
  parallel: 8,
};

/** The cards that stand there unless somebody chose others: one for each metric. */
export function firstCards(metrics: readonly string[]): ICard[] {
  return metrics.map(metric => ({ id: `line-${metric}`, kind: 'line', metric }));
}

/** A card of `kind` with what is likely wanted, whose id is none of `cards`. */
export function newCard(kind: CardKind, names: ICardNames, cards: readonly ICard[]): ICard {
  const taken = new Set(cards.map(card => card.id));
  let number = 1;
  while (taken.has(`${kind}-${number}`)) {
    number += 1;
  }
  const id = `${kind}-${number}`;
  const metric = names.metrics[0];
  const params = names.params.map(name => `params.${name}`);
  const metrics = names.metrics.map(name => `metrics.${name}`);
  const numbers = names.numbers.map(name => `params.${name}`);
  switch (kind) {
    case 'line':
    case 'importance':
      return { id, kind, metric };
    case 'parallel':
      return { id, kind, columns: [...params.slice(0, 5), ...metrics.slice(0, 1)] };
    case 'box':
      return { id, kind, columns: [params[0] ?? '', metrics[0] ?? ''] };
    default: {
      const [x = '', y = ''] = [...numbers, ...metrics.slice(1)];
      return kind === 'scatter'
        ? { id, kind, columns: [x || (params[0] ?? ''), metrics[0] ?? '', ''] }
        : { id, kind, columns: [x, y, metrics[0] ?? ''] };
    }
  }
}

/** `cards` with one moved by some places; at the ends it stays. */
export function moved(cards: readonly ICard[], id: string, by: number): ICard[] {
  const from = cards.findIndex(card => card.id === id);
  const to = Math.max(0, Math.min(cards.length - 1, from + by));
  const next = [...cards];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

/** Columns that the cards need of many runs, each once. */
export function columnsOf(cards: readonly ICard[]): string[] {
  return [...new Set(cards.flatMap(card => card.columns ?? []))].filter(Boolean).sort();
}

/** The metric or param of a column, without what kind it is. */
export function keyOf(column: string): string {
  return column.slice(column.indexOf('.') + 1);
}

// What a forecast needs beside its target: the moments, the series, how far ahead.
import type { Schemas } from '../api/client';

type Column = Schemas['ColumnProfile'];

/** What was said about a forecast. */
export interface IForecastFields {
  /** Column of moments; empty: the first that has any. */
  time: string;
  /** Columns that tell one series from another; null: as their values propose. */
  series: readonly string[] | null;
  /** Steps ahead; empty: as the series propose. */
  horizon: string;
  /** Columns that nobody knows when the forecast is made. */
  unknown: readonly string[];
}

export const NO_FORECAST: IForecastFields = { time: '', series: null, horizon: '', unknown: [] };

/** Share of the distinct pairs of moment and series that may be missing or repeated. */
const MAX_OFF = 0.5;

/** The columns that have moments. */
export function momentsOf(columns: readonly Column[]): Column[] {
  return columns.filter(column => column.family === 'moment');
}

/** The columns that may tell series apart, those that repeat. */
export function keysOf(columns: readonly Column[], others: readonly string[], nRows: number) {
  return columns.filter(column => {
    const distinct = column.n_distinct ?? 0;
    const isWord = column.family === 'text' || /int/i.test(column.type);
    return isWord && distinct > 1 && distinct <= nRows / 2 && !others.includes(column.name);
  });
}

/** The columns that tell series apart by the look of it: with one, each moment stands once. */
export function seriesOf(time: Column | null, keys: readonly Column[], nRows: number): string[] {
  const each = nRows / (time?.n_distinct || nRows);
  if (each < 1.5) {
    return [];
  }
  const off = (column: Column): number => Math.abs((column.n_distinct ?? 0) / each - 1);
  const best = [...keys].sort((one, other) => off(one) - off(other))[0];
  return best && off(best) <= MAX_OFF ? [best.name] : [];
}

// Values of a column as places on an axis: numbers by size, words one after the other.

export type Value = number | string | null;

export interface IScale {
  /** Whether the axis is one of numbers. */
  isNumeric: boolean;
  /** Numbers: the least and greatest. Words: 0 and how many there are, less one. */
  domain: readonly [number, number];
  /** The words in their order; empty for numbers. */
  words: readonly string[];
  /** Where a value stands, from 0 to 1; null for one that has no place. */
  place: (value: Value) => number | null;
}

/** A value as a number; null where it is none, or not finite. */
export function numberIn(value: Value): number | null {
  if (value === null || (typeof value === 'string' && value.trim() === '')) {
    return null;
  }
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** What stands on the axis of a column with these values; numeric when all that are there are numbers. */
export function scaleOf(values: readonly Value[]): IScale {
  const there = values.filter(value => value !== null && value !== 'NaN');
  const numbers = there.map(numberIn).filter(value => value !== null);
  const isNumeric = numbers.length > 0 && there.every(value => isNumber(value));
  if (isNumeric) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const number of numbers) {
      low = Math.min(low, number);
      high = Math.max(high, number);
    }
    const spread = high - low;
    return {
      isNumeric,
      domain: [low, high],
      words: [],
      place: value => {
        const number = numberIn(value);
        return number === null ? null : spread === 0 ? 0.5 : (number - low) / spread;
      },
    };
  }
  const words = [...new Set(there.map(String))].sort((a, b) =>
    a.localeCompare(b, undefined, { numeric: true }),
  );
  const places = new Map(words.map((word, at) => [word, at]));
  return {
    isNumeric,
    domain: [0, Math.max(0, words.length - 1)],
    words,
    place: value => {
      const at = value === null ? undefined : places.get(String(value));
      return at === undefined ? null : words.length === 1 ? 0.5 : at / (words.length - 1);
    },
  };
}

function isNumber(value: Value): boolean {
  return numberIn(value) !== null || value === 'Infinity' || value === '-Infinity';
}

/**
 * Values at the crossings of a grid, made of scattered points: near points count more, by the inverse
 * square of their distance. Axes are 0 to 1.
 */
export function gridded(
  points: readonly { x: number; y: number; z: number }[],
  size: number,
): number[][] {
  return Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (__, column) => {
      const x = column / (size - 1);
      const y = row / (size - 1);
      let sum = 0;
      let weights = 0;
      for (const point of points) {
        const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
        const weight = 1 / (distance + 1e-4) ** 1.5;
        sum += weight * point.z;
        weights += weight;
      }
      return sum / weights;
    }),
  );
}

/** A stretch of an axis that was brushed, from 0 to 1. */
export type Brush = readonly [number, number];

/** Which rows lie within all brushes. */
export function within(
  columns: readonly (readonly (number | null)[])[],
  brushes: readonly (Brush | null)[],
  nRows: number,
): boolean[] {
  return Array.from({ length: nRows }, (_, row) =>
    brushes.every((brush, at) => {
      const place = columns[at]?.[row] ?? null;
      return brush === null || (place !== null && place >= brush[0] && place <= brush[1]);
    }),
  );
}

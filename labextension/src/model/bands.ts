// Several series as one: their mean at each step, and the least and greatest around it.
import type { Series } from '../api/client';
import { toNumber } from './metrics';

/** Places at which series are put together. */
const PLACES = 300;

export interface IBand {
  x: number[];
  mean: number[];
  low: number[];
  high: number[];
  nSeries: number;
}

export interface IPlaced {
  x: readonly number[];
  y: readonly number[];
}

/** A series as numbers over steps. */
export function placed(series: Series): IPlaced {
  return { x: series.steps, y: series.values.map(toNumber) };
}

/**
 * Mean, least and greatest of series that need not have the same steps: between two points of a series
 * its value is on the line, before the first and behind the last it takes no part.
 */
export function band(all: readonly IPlaced[], places = PLACES): IBand {
  const x = grid(all, places);
  const made: IBand = { x: [], mean: [], low: [], high: [], nSeries: all.length };
  const columns = all.map(series => sampled(series, x));
  x.forEach((place, at) => {
    const values = columns.map(column => column[at] ?? Number.NaN).filter(Number.isFinite);
    if (values.length > 0) {
      made.x.push(place);
      made.mean.push(values.reduce((sum, value) => sum + value, 0) / values.length);
      made.low.push(Math.min(...values));
      made.high.push(Math.max(...values));
    }
  });
  return made;
}

/** The places of all series where they are few, else as many at equal distances. */
function grid(all: readonly IPlaced[], places: number): number[] {
  const own = [...new Set(all.flatMap(series => [...series.x]))].sort((a, b) => a - b);
  const first = own[0];
  const last = own[own.length - 1];
  if (own.length <= places || first === undefined || last === undefined) {
    return own;
  }
  return Array.from({ length: places }, (_, at) => first + ((last - first) * at) / (places - 1));
}

function sampled(series: IPlaced, places: readonly number[]): number[] {
  const { x, y } = series;
  let at = 0;
  return places.map(place => {
    while (at < x.length - 1 && (x[at + 1] ?? Number.POSITIVE_INFINITY) <= place) {
      at += 1;
    }
    const left = x[at];
    const right = x[at + 1];
    if (left === undefined || place < left || (right === undefined && place > left)) {
      return Number.NaN;
    }
    const value = y[at] ?? Number.NaN;
    if (right === undefined || right === left) {
      return value;
    }
    const next = y[at + 1] ?? Number.NaN;
    return place === left ? value : value + ((next - value) * (place - left)) / (right - left);
  });
}

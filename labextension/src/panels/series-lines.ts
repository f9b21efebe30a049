// What the points of series look like as lines, one by one or put together.
import { useMemo } from 'react';
import type { Series } from '../api/client';
import { band, type IPlaced } from '../model/bands';
import type { ILineLook, XAxis } from '../model/cards';
import { smooth, toNumber } from '../model/metrics';
import type { SeriesZoom } from '../model/zoom';
import type { ILine, ILit } from '../ui/chart';
import type { ILegendEntry } from './series-table';

export interface ISeriesSource {
  series: readonly Series[];
  nameOf: (runId: string) => string;
  /** When a run started, in milliseconds; its first point where that is not known. */
  startOf: (runId: string) => number | undefined;
  /** Which colour of the palette a run has; by its place where this is not given. */
  colourOf?: (runId: string) => number | undefined;
  /** The run that is pointed at, shared with others that show it. */
  lit?: ILit;
  /** Title of a card where it is not the metric's name. */
  titleOf?: (name: string) => string;
  /** Factor from what is kept to what is drawn, such as bytes to gigabytes. */
  scaleOf?: (name: string) => number;
  /** The stretch that is looked at closely, shared with other cards. */
  zoom?: SeriesZoom;
  /** A param of a run, by which lines can be put together. */
  paramOf?: (runId: string, param: string) => string | undefined;
}

/** The colour of each run, by its id. */
export function useColours(
  series: readonly Series[],
  own: ISeriesSource['colourOf'],
): ReadonlyMap<string, number> {
  return useMemo(() => {
    const runs = [...new Set(series.map(one => one.run_id))];
    return new Map(runs.map((id, at) => [id, own?.(id) ?? at]));
  }, [series, own]);
}

/** Whether a metric was logged once by each run: then there is no course to draw. */
export function isSingle(series: readonly Series[], name: string): boolean {
  const own = series.filter(one => one.key === name);
  return own.length > 0 && own.every(one => one.n_points === 1);
}

/** Where the points of a series stand on an axis. */
export function placesOf(
  series: Series,
  axis: XAxis,
  startOf: ISeriesSource['startOf'],
): readonly number[] {
  if (axis === 'step') {
    return series.steps;
  }
  if (axis === 'time') {
    return series.times_ms;
  }
  const start = startOf(series.run_id) ?? series.times_ms[0] ?? 0;
  return series.times_ms.map(ms => Math.max(0, ms - start) / 1000);
}

type Source = Pick<ISeriesSource, 'nameOf' | 'startOf' | 'scaleOf'>;

function placed(series: Series, look: ILineLook, source: Source): IPlaced {
  const scale = source.scaleOf?.(series.key) ?? 1;
  return {
    x: placesOf(series, look.x, source.startOf),
    y: series.values.map(value => toNumber(value) * scale),
  };
}

/** A line for each run, with the values before smoothing behind it. */
export function linesOf(
  series: readonly Series[],
  look: ILineLook,
  colours: ReadonlyMap<string, number>,
  source: Source,
): ILine[] {
  return series.flatMap(one => {
    const { x, y } = placed(one, look, source);
    const colour = colours.get(one.run_id) ?? 0;
    const line: ILine = { id: one.run_id, name: source.nameOf(one.run_id), x, y, colour };
    return look.weight > 0
      ? [
          { ...line, isFaint: true },
          { ...line, y: smooth(y, look.weight) },
        ]
      : [line];
  });
}

/** A line with its band for each value of a param; `names` are of the values. */
export function bandsOf(
  series: readonly Series[],
  look: ILineLook,
  groupOf: (runId: string) => string,
  source: Source,
): { lines: ILine[]; entries: ILegendEntry[] } {
  const groups = new Map<string, Series[]>();
  for (const one of series) {
    const value = groupOf(one.run_id);
    groups.set(value, [...(groups.get(value) ?? []), one]);
  }
  const lines: ILine[] = [];
  const entries: ILegendEntry[] = [];
  [...groups.keys()].sort().forEach((name, colour) => {
    const { x, mean, low, high } = band(
      (groups.get(name) ?? []).map(one => {
        const { x: places, y } = placed(one, look, source);
        return { x: places, y: look.weight > 0 ? smooth(y, look.weight) : y };
      }),
    );
    lines.push(
      { name, x, y: low, colour, edge: 'low' },
      { name, x, y: high, colour, edge: 'high' },
      { name, x, y: mean, colour },
    );
    entries.push({ name, colour });
  });
  return { lines, entries };
}

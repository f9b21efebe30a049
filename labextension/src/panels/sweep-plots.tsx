// The pictures of a sweep that plotly draws.
import { useMemo } from 'react';
import { gridded, numberIn, scaleOf, type Value } from '../model/scales';
import type { IBestSoFar, TrialColumns } from '../model/sweep';
import { colourOf, Plot } from '../ui/chart';
import { useLanguage } from '../ui/context';
import { Empty } from '../ui/states';

const HEIGHT = 230;
/** Crossings on each side of the contour's grid. */
const GRID = 32;
const FEWEST_FOR_CONTOUR = 4;

function titled(text: string): object {
  return { title: { text, standoff: 6 } };
}

function valuesOf(columns: TrialColumns, column: string): readonly Value[] {
  return columns.columns[column] ?? [];
}

export function BestPlot(props: { history: IBestSoFar; metric: string }): JSX.Element {
  const { history, metric } = props;
  const { trans } = useLanguage();
  const picture = useMemo(
    () => ({
      data: [
        {
          type: 'scatter',
          mode: 'markers',
          x: history.x,
          y: history.y,
          hovertemplate: `%{x}: %{y}<extra></extra>`,
          marker: { size: 6, opacity: 0.6, color: '#8a949e' },
        },
        {
          type: 'scatter',
          mode: 'lines',
          x: history.x,
          y: history.best,
          hoverinfo: 'skip',
          line: { color: colourOf(3), width: 2, shape: 'hv' },
        },
      ],
      xAxis: { ...titled(trans.__('Trial')), rangemode: 'tozero' },
      yAxis: titled(metric),
    }),
    [history, metric, trans],
  );
  const best = history.best[history.best.length - 1];
  return (
    <Plot
      {...picture}
      height={HEIGHT}
      summary={trans.__(
        '%1 of %2 completed trials; the best is %3',
        metric,
        history.x.length,
        best ?? '–',
      )}
    />
  );
}

export function SlicePlot(props: {
  columns: TrialColumns;
  name: string;
  metric: string;
}): JSX.Element {
  const { columns, name, metric } = props;
  const { trans } = useLanguage();
  const picture = useMemo(() => {
    const x = valuesOf(columns, `params.${name}`);
    return {
      data: [
        {
          type: 'scatter',
          mode: 'markers',
          x: [...x],
          y: [...valuesOf(columns, `metrics.${metric}`)],
          text: columns.names,
          hovertemplate: `${trans.__('Trial')} %{text}<br>${name} %{x}<br>${metric} %{y}<extra></extra>`,
          marker: { size: 7, opacity: 0.75, color: colourOf(0) },
        },
      ],
      xAxis: { ...titled(name), type: axisType(x) },
      yAxis: titled(metric),
    };
  }, [columns, name, metric, trans]);
  return (
    <Plot
      {...picture}
      height={HEIGHT}
      summary={trans.__('%1 over %2 of %3 trials', metric, name, columns.run_ids.length)}
    />
  );
}

/** Numbers that span more than two powers of ten are drawn by their logarithm, as they were drawn. */
function axisType(values: readonly Value[]): string {
  const scale = scaleOf(values);
  if (!scale.isNumeric) {
    return 'category';
  }
  const [low, high] = scale.domain;
  return low > 0 && high / low > 100 ? 'log' : 'linear';
}

export function SurfacePlot(props: {
  columns: TrialColumns;
  x: string;
  y: string;
  metric: string;
}): JSX.Element {
  const { columns, x, y, metric } = props;
  const { trans } = useLanguage();
  const picture = useMemo(() => surface(columns, x, y, metric), [columns, x, y, metric]);
  return picture ? (
    <Plot {...picture} height={HEIGHT} summary={trans.__('%1 over %2 and %3', metric, x, y)} />
  ) : (
    <Empty text={trans.__('It needs four trials, and numbers on both axes.')} />
  );
}

function surface(columns: TrialColumns, x: string, y: string, metric: string) {
  const across = axisOf(valuesOf(columns, `params.${x}`));
  const up = axisOf(valuesOf(columns, `params.${y}`));
  if (!across || !up) {
    return null;
  }
  const points = valuesOf(columns, `metrics.${metric}`).flatMap((value, row) => {
    const z = numberIn(value);
    const [left, low] = [across.places[row] ?? null, up.places[row] ?? null];
    return z === null || left === null || low === null ? [] : [{ x: left, y: low, z }];
  });
  if (points.length < FEWEST_FOR_CONTOUR) {
    return null;
  }
  const along = Array.from({ length: GRID }, (_, at) => at / (GRID - 1));
  return {
    data: [
      {
        type: 'contour',
        x: along.map(across.back),
        y: along.map(up.back),
        z: gridded(points, GRID),
        colorscale: 'Viridis',
        contours: { coloring: 'heatmap' },
        line: { width: 0.6, color: 'rgba(255,255,255,0.5)' },
        colorbar: { thickness: 10, title: { text: metric, side: 'right' } },
      },
      {
        type: 'scatter',
        mode: 'markers',
        x: points.map(point => across.back(point.x)),
        y: points.map(point => up.back(point.y)),
        text: points.map(point => String(point.z)),
        hovertemplate: `${metric} %{text}<extra></extra>`,
        marker: { size: 4, color: '#fff', line: { width: 1, color: '#333' } },
      },
    ],
    xAxis: { ...titled(x), type: across.type },
    yAxis: { ...titled(y), type: up.type },
  };
}

interface IAxis {
  type: string;
  /** From 0 to 1. */
  places: (number | null)[];
  /** The value at a place. */
  back: (place: number) => number;
}

/** Numbers along an axis, by their logarithm where that is how they lie; null for words. */
function axisOf(values: readonly Value[]): IAxis | null {
  const type = axisType(values);
  if (type === 'category') {
    return null;
  }
  const isLog = type === 'log';
  const bent = values.map(value => {
    const number = numberIn(value);
    return number !== null && isLog ? Math.log(number) : number;
  });
  const scale = scaleOf(bent);
  const [low, high] = scale.domain;
  return {
    type,
    places: bent.map(scale.place),
    back: place => {
      const value = low + (high - low) * place;
      return isLog ? Math.exp(value) : value;
    },
  };
}

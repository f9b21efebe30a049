// Scatter, contour and box over the runs that fit the filter.
import { useMemo } from 'react';
import type { RunColumns } from '../api/client';
import { type ICard, keyOf } from '../model/cards';
import type { RunsModel } from '../model/runs';
import { gridded, numberIn, scaleOf, type Value } from '../model/scales';
import { colourOf, Plot } from '../ui/chart';
import { useLanguage } from '../ui/context';
import { useSignal } from '../ui/hooks';
import { Empty } from '../ui/states';
import { CardFrame, ColumnsTable } from './card-frame';
import type { IManyCardProps } from './card-importance';
import { useColumnsOf } from './card-many';

/** Grid of a contour: crossings on each side. */
const GRID = 32;
const FEWEST_FOR_CONTOUR = 4;

export function PlotCard(props: IManyCardProps): JSX.Element {
  const { card, model } = props;
  const { trans } = useLanguage();
  const columns = (card.columns ?? []).filter(Boolean);
  const { runs, instead, note } = useColumnsOf(model, columns);
  const keys = columns.map(keyOf);
  const titles: Partial<Record<ICard['kind'], string>> = {
    scatter: trans.__('%1 over %2', keys[1] ?? '–', keys[0] ?? '–'),
    contour: trans.__('%1 over %2 and %3', keys[2] ?? '–', keys[0] ?? '–', keys[1] ?? '–'),
    box: trans.__('%1 by %2', keys[1] ?? '–', keys[0] ?? '–'),
  };
  return (
    <CardFrame
      id={card.id}
      kind={card.kind}
      title={titles[card.kind] ?? ''}
      tools={props.tools}
      options={props.options}
      note={note}
      chart={() => instead ?? (runs && <Picture card={card} runs={runs} model={model} />)}
      table={() => instead ?? (runs && <ColumnsTable runs={runs} columns={columns} />)}
    />
  );
}

interface IPicture {
  data: object[];
  xAxis: object;
  yAxis: object;
}

function Picture(props: { card: ICard; runs: RunColumns; model: RunsModel }): JSX.Element {
  const { card, runs, model } = props;
  const { trans } = useLanguage();
  useSignal(model.changed);
  const eyes = model.charted.map(run => `${run.run_id} ${model.colourOf(run.run_id)}`).join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the eyes stand for the colours of the model.
  const picture = useMemo<IPicture | null>(() => {
    const columns = (card.columns ?? []).map(column => runs.columns[column] ?? []);
    const names = (card.columns ?? []).map(column => keyOf(column));
    switch (card.kind) {
      case 'box':
        return box(columns, names);
      case 'contour':
        return contour(columns, names);
      default:
        return scatter(columns, names, runs, id => model.colourOf(id));
    }
  }, [card, runs, model, eyes]);
  return picture ? (
    <Plot {...picture} summary={trans._n('%1 run', '%1 runs', runs.run_ids.length)} />
  ) : (
    <Empty text={trans.__('Too few runs have numbers for this chart.')} />
  );
}

const GREY = '#8a949e';

function titled(text: string | undefined): object {
  return { title: { text: text ?? '', standoff: 6 } };
}

function scatter(
  columns: readonly (readonly Value[])[],
  names: readonly string[],
  runs: RunColumns,
  eyeOf: (id: string) => number | undefined,
): IPicture {
  const [x = [], y = [], tint = []] = columns;
  const colours = scaleOf(tint);
  const hasTint = colours.isNumeric || colours.words.length > 0;
  const colour = runs.run_ids.map((id, row) => {
    if (hasTint && colours.isNumeric) {
      return numberIn(tint[row] ?? null);
    }
    if (hasTint) {
      return colourOf(Math.max(0, colours.words.indexOf(String(tint[row]))));
    }
    const eye = eyeOf(id);
    return eye === undefined ? GREY : colourOf(eye);
  });
  return {
    data: [
      {
        type: 'scatter',
        mode: 'markers',
        x: [...x],
        y: [...y],
        text: runs.names,
        hovertemplate: `%{text}<br>${names[0]} %{x}<br>${names[1]} %{y}<extra></extra>`,
        marker: {
          size: 7,
          opacity: 0.75,
          color: colour,
          ...(hasTint &&
            colours.isNumeric && {
              colorscale: 'Viridis',
              showscale: true,
              colorbar: { thickness: 10, title: { text: names[2], side: 'right' } },
            }),
        },
      },
    ],
    xAxis: { ...titled(names[0]), type: axisType(x) },
    yAxis: { ...titled(names[1]), type: axisType(y) },
  };
}

function axisType(values: readonly Value[]): string {
  return scaleOf(values).isNumeric ? 'linear' : 'category';
}

function box(columns: readonly (readonly Value[])[], names: readonly string[]): IPicture | null {
  const [groups = [], values = []] = columns;
  const { words, isNumeric } = scaleOf(groups);
  const found = isNumeric
    ? [...new Set(groups.map(numberIn))].filter(one => one !== null).sort((a, b) => a - b)
    : words;
  const data = found.slice(0, 40).map((group, at) => ({
    type: 'box',
    name: String(group),
    y: values
      .filter(
        (_, row) =>
          String(groups[row]) === String(group) || numberIn(groups[row] ?? null) === group,
      )
      .map(numberIn),
    boxpoints: 'outliers',
    marker: { color: colourOf(at), size: 4 },
    line: { width: 1.4 },
  }));
  return data.length === 0
    ? null
    : { data, xAxis: { ...titled(names[0]), type: 'category' }, yAxis: titled(names[1]) };
}

function contour(
  columns: readonly (readonly Value[])[],
  names: readonly string[],
): IPicture | null {
  const [x = [], y = [], z = []] = columns;
  const across = scaleOf(x);
  const up = scaleOf(y);
  const points = x.flatMap((value, row) => {
    const place = {
      x: across.place(value),
      y: up.place(y[row] ?? null),
      z: numberIn(z[row] ?? null),
    };
    return place.x === null || place.y === null || place.z === null
      ? []
      : [{ x: place.x, y: place.y, z: place.z }];
  });
  if (!across.isNumeric || !up.isNumeric || points.length < FEWEST_FOR_CONTOUR) {
    return null;
  }
  const along = ([low, high]: readonly [number, number]): number[] =>
    Array.from({ length: GRID }, (_, at) => low + ((high - low) * at) / (GRID - 1));
  const back = ([low, high]: readonly [number, number], place: number): number =>
    low + (high - low) * place;
  return {
    data: [
      {
        type: 'contour',
        x: along(across.domain),
        y: along(up.domain),
        z: gridded(points, GRID),
        colorscale: 'Viridis',
        contours: { coloring: 'heatmap' },
        line: { width: 0.6, color: 'rgba(255,255,255,0.5)' },
        colorbar: { thickness: 10, title: { text: names[2], side: 'right' } },
      },
      {
        type: 'scatter',
        mode: 'markers',
        x: points.map(point => back(across.domain, point.x)),
        y: points.map(point => back(up.domain, point.y)),
        text: points.map(point => String(point.z)),
        hovertemplate: `${names[2]} %{text}<extra></extra>`,
        marker: { size: 4, color: '#fff', line: { width: 1, color: '#333' } },
      },
    ],
    xAxis: titled(names[0]),
    yAxis: titled(names[1]),
  };
}

// Parallel coordinates: an axis for each column, a line for each run; axes are dragged and brushed.
import '../../style/runs.css';
import type { ISignal } from '@lumino/signaling';
import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { RunColumns } from '../api/client';
import { brushFilter } from '../model/brushes';
import { keyOf } from '../model/cards';
import { type Brush, type IScale, scaleOf, within } from '../model/scales';
import { colourOf } from '../ui/chart';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { metric } from '../ui/format';
import { useSignal, useSize } from '../ui/hooks';

export const HEIGHT = 300;
const TOP = 34;
const BOTTOM = 14;
const SIDE = 56;
/** Lines of runs without an eye are drawn in so many shades, by the last axis. */
const SHADES = 12;

/** How the lines of some runs stand out. */
export interface IParallelLook {
  /** Which colour of the palette a run has; undefined for one of the many. */
  colourOf(id: string): number | undefined;
  /** The run that is pointed at. */
  readonly hovered: { readonly value: string | null };
  /** Fires when either changed. */
  readonly changed: ISignal<unknown, unknown>;
}

interface IAxesProps {
  runs: Pick<RunColumns, 'run_ids' | 'columns'>;
  columns: readonly string[];
  look: IParallelLook;
  onOrder: (columns: readonly string[]) => void;
  /** The brushes are to become a filter, which is given. */
  onFilter?: (filter: string) => void;
  /** Other runs lie within the brushes; null when nothing is brushed. */
  onBrushed?: (ids: ReadonlySet<string> | null) => void;
}

export function Axes(props: IAxesProps): JSX.Element {
  const { runs, columns, look, onOrder, onFilter, onBrushed } = props;
  const { trans } = useLanguage();
  useSignal(look.changed);
  const [holder, width] = useSize<HTMLDivElement>();
  const [brushes, setBrushes] = useState<Readonly<Record<string, Brush>>>({});
  const scales = useMemo(
    () => columns.map(column => scaleOf(runs.columns[column] ?? [])),
    [runs, columns],
  );
  const places = useMemo(
    () =>
      columns.map((column, at) =>
        (runs.columns[column] ?? []).map(value => scales[at]?.place(value) ?? null),
      ),
    [runs, columns, scales],
  );
  const chosen = useMemo(
    () =>
      within(
        places,
        columns.map(column => brushes[column] ?? null),
        runs.run_ids.length,
      ),
    [places, columns, brushes, runs],
  );
  const nChosen = chosen.filter(Boolean).length;
  const isBrushed = columns.some(column => brushes[column]);
  useEffect(() => {
    onBrushed?.(isBrushed ? new Set(runs.run_ids.filter((_, row) => chosen[row])) : null);
  }, [onBrushed, isBrushed, chosen, runs]);
  const xOf = (at: number): number =>
    columns.length < 2
      ? width / 2
      : SIDE + ((Math.max(width, 200) - 2 * SIDE) * at) / (columns.length - 1);
  const brush = (column: string, range: Brush | null): void => {
    const { [column]: _, ...rest } = brushes;
    setBrushes(range ? { ...rest, [column]: range } : rest);
  };
  const move = (from: number, to: number): void => {
    const next = [...columns];
    next.splice(Math.max(0, Math.min(columns.length - 1, to)), 0, ...next.splice(from, 1));
    if (next.some((column, at) => column !== columns[at])) {
      onOrder(next);
    }
  };
  return (
    <div ref={holder} className="jp-MlwsParallel">
      <svg width={width} height={HEIGHT}>
        <title>{trans._n('%1 run', '%1 runs', runs.run_ids.length)}</title>
        <Lines places={places} chosen={chosen} runs={runs} look={look} xOf={xOf} />
        {columns.map((column, at) => (
          <Axis
            key={column}
            column={column}
            at={at}
            n={columns.length}
            scale={scales[at] ?? scaleOf([])}
            x={xOf(at)}
            brush={brushes[column] ?? null}
            onBrush={range => brush(column, range)}
            onMove={to => move(at, to)}
            nearest={x => {
              const all = columns.map((_, index) => Math.abs(xOf(index) - x));
              return all.indexOf(Math.min(...all));
            }}
          />
        ))}
      </svg>
      {isBrushed && (
        <div className="jp-MlwsParallel-bar">
          <span aria-live="polite">
            {trans._n('%1 run in the brushed ranges', '%1 runs in the brushed ranges', nChosen)}
          </span>
          {onFilter && (
            <Button
              onClick={() => {
                const filter = brushFilter(columns, scales, brushes, runs);
                setBrushes({});
                onFilter(filter);
              }}
            >
              {trans.__('Filter by them')}
            </Button>
          )}
          <Button minimal onClick={() => setBrushes({})}>
            {trans.__('Clear')}
          </Button>
        </div>
      )}
    </div>
  );
}

interface ILinesProps {
  places: readonly (readonly (number | null)[])[];
  chosen: readonly boolean[];
  runs: Pick<RunColumns, 'run_ids'>;
  look: IParallelLook;
  xOf: (at: number) => number;
}

/** All lines of a shade are one path: two thousand of them stay quick. */
function Lines(props: ILinesProps): JSX.Element {
  const { places, chosen, runs, look, xOf } = props;
  const last = places[places.length - 1] ?? [];
  const faded: string[] = [];
  const shades: string[][] = Array.from({ length: SHADES }, () => []);
  const eyes: { id: string; path: string; colour: number }[] = [];
  runs.run_ids.forEach((id, row) => {
    const path = pathOf(places, row, xOf);
    const colour = look.colourOf(id);
    if (!chosen[row]) {
      faded.push(path);
    } else if (colour !== undefined) {
      eyes.push({ id, path, colour });
    } else {
      shades[Math.min(SHADES - 1, Math.floor((last[row] ?? 0) * SHADES))]?.push(path);
    }
  });
  return (
    <g fill="none">
      <path className="jp-MlwsParallel-faded" d={faded.join('')} />
      {shades.map((paths, at) => (
        <path
          // biome-ignore lint/suspicious/noArrayIndexKey: a shade is its place.
          key={at}
          d={paths.join('')}
          strokeOpacity={0.45}
          stroke={`hsl(${250 - (at / (SHADES - 1)) * 200}, 65%, 52%)`}
        />
      ))}
      {eyes.map(eye => (
        <path
          key={eye.id}
          d={eye.path}
          stroke={colourOf(eye.colour)}
          strokeWidth={look.hovered.value === eye.id ? 3 : 1.8}
        />
      ))}
    </g>
  );
}

/** A line with a gap where the run has no value. */
function pathOf(places: ILinesProps['places'], row: number, xOf: (at: number) => number): string {
  let path = '';
  let isDown = false;
  places.forEach((column, at) => {
    const place = column[row] ?? null;
    if (place === null) {
      isDown = false;
      return;
    }
    path += `${isDown ? 'L' : 'M'}${xOf(at).toFixed(1)},${yOf(place).toFixed(1)}`;
    isDown = true;
  });
  return path;
}

function yOf(place: number): number {
  return HEIGHT - BOTTOM - place * (HEIGHT - TOP - BOTTOM);
}

function placeAt(y: number): number {
  return Math.max(0, Math.min(1, (HEIGHT - BOTTOM - y) / (HEIGHT - TOP - BOTTOM)));
}

interface IAxisProps {
  column: string;
  at: number;
  n: number;
  scale: IScale;
  x: number;
  brush: Brush | null;
  onBrush: (brush: Brush | null) => void;
  onMove: (to: number) => void;
  nearest: (x: number) => number;
}

/** Steps of the keys, as a share of the axis. */
const KEY_STEP = 0.05;

function Axis(props: IAxisProps): JSX.Element {
  const { column, scale, x, brush, onBrush, onMove } = props;
  const { trans, locale } = useLanguage();
  const began = useRef<number | null>(null);
  const [shift, setShift] = useState(0);
  const dragged = useRef<number | null>(null);
  const yIn = (event: PointerEvent<SVGElement>): number => {
    const box = event.currentTarget.ownerSVGElement?.getBoundingClientRect();
    return placeAt(event.clientY - (box?.top ?? 0));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = { ArrowUp: KEY_STEP, ArrowDown: -KEY_STEP }[event.key];
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by !== undefined) {
      const [low, high] = brush ?? [0, 1];
      const next: Brush = event.shiftKey
        ? [low, Math.max(low, Math.min(1, high + by))]
        : [Math.min(high, Math.max(0, low + by)), high];
      onBrush(next[0] <= 0 && next[1] >= 1 ? null : next);
    } else if (step !== undefined) {
      onMove(props.at + step);
    } else if (event.key === 'Escape' && brush) {
      onBrush(null);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const ends = scale.isNumeric
    ? [metric(scale.domain[0], locale), metric(scale.domain[1], locale)]
    : [scale.words[0] ?? '', scale.words[scale.words.length - 1] ?? ''];
  return (
    <g
      className="jp-MlwsParallel-axis"
      role="slider"
      aria-orientation="vertical"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round((brush?.[0] ?? 0) * 100)}
      aria-valuetext={
        brush
          ? trans.__('%1 % to %2 %', Math.round(brush[0] * 100), Math.round(brush[1] * 100))
          : trans.__('not brushed')
      }
      tabIndex={0}
      aria-label={trans.__(
        '%1: arrows up and down brush from below, with Shift from above; left and right move the axis',
        keyOf(column),
      )}
      data-column={column}
      transform={`translate(${x + shift}, 0)`}
      onKeyDown={onKeyDown}
    >
      <line y1={TOP} y2={HEIGHT - BOTTOM} />
      <text
        className="jp-MlwsParallel-title"
        y={14}
        textAnchor="middle"
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId);
          dragged.current = event.clientX;
        }}
        onPointerMove={event => {
          if (dragged.current !== null) {
            setShift(event.clientX - dragged.current);
          }
        }}
        onPointerUp={() => {
          if (dragged.current !== null) {
            dragged.current = null;
            onMove(props.nearest(x + shift));
            setShift(0);
          }
        }}
      >
        {shortened(keyOf(column))}
        <title>{keyOf(column)}</title>
      </text>
      <text className="jp-MlwsParallel-end" y={TOP - 6} textAnchor="middle">
        {shortened(ends[1] ?? '')}
      </text>
      <text className="jp-MlwsParallel-end" y={HEIGHT - 2} textAnchor="middle">
        {shortened(ends[0] ?? '')}
      </text>
      {!scale.isNumeric &&
        scale.words.length > 2 &&
        scale.words.length <= 12 &&
        scale.words.slice(1, -1).map(word => (
          <text
            key={word}
            className="jp-MlwsParallel-end"
            x={5}
            y={yOf(scale.place(word) ?? 0) + 3}
          >
            {shortened(word)}
          </text>
        ))}
      {brush && (
        <rect
          className="jp-MlwsParallel-brush"
          x={-6}
          width={12}
          y={yOf(brush[1]) - 1}
          height={Math.max(2, yOf(brush[0]) - yOf(brush[1]) + 2)}
        />
      )}
      <rect
        className="jp-MlwsParallel-handle"
        x={-12}
        width={24}
        y={TOP}
        height={HEIGHT - TOP - BOTTOM}
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId);
          began.current = yIn(event);
          onBrush(null);
        }}
        onPointerMove={event => {
          const from = began.current;
          if (from !== null) {
            const to = yIn(event);
            // A click alone takes the brush away.
            onBrush(Math.abs(to - from) < 0.01 ? null : [Math.min(from, to), Math.max(from, to)]);
          }
        }}
        onPointerUp={() => {
          began.current = null;
        }}
      />
    </g>
  );
}

const LONGEST = 14;

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

// Lines over steps or time, drawn by plotly, which is fetched when the first chart is in view.
import '../../style/pages.css';
import type { ISignal } from '@lumino/signaling';
import { useEffect, useRef, useState } from 'react';
import { useSize } from './hooks';

/** Which line is pointed at, shared by all that draw it. */
export interface ILit {
  value: string | null;
  readonly changed: ISignal<unknown, string | null>;
}

export interface ILine {
  /** What `ILit` knows it by. */
  id?: string;
  name: string;
  x: readonly number[];
  y: readonly number[];
  /** Drawn behind and faint: the values before smoothing. */
  isFaint?: boolean;
  /** An edge of a band, not drawn itself; what lies between `low` and the `high` after it is filled. */
  edge?: 'low' | 'high';
  /** Which colour of the palette. */
  colour: number;
}

export interface IChartProps {
  lines: readonly ILine[];
  xTitle: string;
  logY?: boolean;
  /** `seconds` writes times such as 2:05, `date` takes milliseconds since 1970. */
  xFormat?: 'seconds' | 'date';
  /** The stretch that is shown; all when absent. */
  xRange?: readonly [number, number] | null;
  /** The person drags over a stretch; null by a double click: all is to be shown. */
  onZoom?: (range: readonly [number, number] | null) => void;
  lit?: ILit;
  /** One sentence that says what is to be seen. */
  summary: string;
  height?: number;
}

// Of the Okabe-Ito palette, which readers who mix up colours can tell apart; it works on light and dark.
const COLOURS = [
  '#1f8fd6',
  '#e69f00',
  '#009e73',
  '#d55e00',
  '#cc79a7',
  '#7b68c8',
  '#8a9a1d',
  '#56b4e9',
  '#b5655f',
  '#6b7a86',
];

export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#1f8fd6';
}

/** The part of plotly that is used; its bundle has no types. */
interface IPlotly {
  react(node: HTMLElement, data: object[], layout: object, config: object): Promise<IPlotlyNode>;
  restyle(node: HTMLElement, changes: object): Promise<unknown>;
  purge(node: HTMLElement): void;
}

/** A node that plotly has drawn into. */
interface IPlotlyNode extends HTMLElement {
  on(event: 'plotly_hover', call: (hover: IHover) => void): void;
  on(event: 'plotly_relayout', call: (change: IRelayout) => void): void;
  on(event: 'plotly_unhover', call: () => void): void;
  removeAllListeners(event: string): void;
}

/** What of the layout has changed. */
interface IRelayout {
  'xaxis.range[0]'?: number | string;
  'xaxis.range[1]'?: number | string;
  'xaxis.autorange'?: boolean;
}

interface IHover {
  points: readonly { curveNumber: number; y: number }[];
  /** Where the pointer is, on the axis. */
  yvals?: readonly number[];
}

let loading: Promise<IPlotly> | undefined;

function load(): Promise<IPlotly> {
  loading ??= import('plotly.js-cartesian-dist-min').then(
    (module: { default: IPlotly }) => module.default,
  );
  return loading;
}

/** Counts up when the person changes JupyterLab's theme, so that charts take its colours. */
export function useTheme(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const observer = new MutationObserver(() => setVersion(n => n + 1));
    observer.observe(document.body, {
      attributes: true,
      attributeFilter: ['data-jp-theme-name', 'data-jp-theme-light'],
    });
    return () => observer.disconnect();
  }, []);
  return version;
}

export function Chart(props: IChartProps): JSX.Element {
  const [holder, width] = useSize<HTMLDivElement>();
  const drawn = useRef<{ plotly: IPlotly; node: HTMLElement }>();
  const theme = useTheme();
  const height = props.height ?? 200;
  const { lines, xTitle, xFormat, logY, lit, xRange } = props;
  const onZoom = useRef(props.onZoom);
  onZoom.current = props.onZoom;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of theme changes what the styles say.
  useEffect(() => {
    const node = holder.current;
    if (!node || width === 0) {
      return undefined;
    }
    let isGone = false;
    void load().then(plotly => {
      if (!isGone) {
        drawn.current = { plotly, node };
        const layout = layoutOf({ lines, xTitle, xFormat, logY, xRange }, node, width, height);
        void plotly.react(node, lines.map(traceOf), layout, CONFIG).then(plot => {
          plot.removeAllListeners('plotly_relayout');
          plot.on('plotly_relayout', change => {
            const range = rangeIn(change);
            if (range !== undefined) {
              onZoom.current?.(range);
            }
          });
          if (lit && lines.length > 1 && drawn.current) {
            share(plot, lines, lit);
          }
        });
      }
    });
    return () => {
      isGone = true;
    };
  }, [lines, xTitle, xFormat, logY, lit, xRange, width, height, theme, holder]);

  useEffect(() => {
    if (!lit || lines.length < 2) {
      return undefined;
    }
    const slot = (_: unknown, id: string | null): void => {
      if (drawn.current) {
        void drawn.current.plotly.restyle(drawn.current.node, emphasis(lines, id));
      }
    };
    lit.changed.connect(slot);
    return () => {
      lit.changed.disconnect(slot);
    };
  }, [lines, lit]);

  useEffect(
    () => () => {
      drawn.current?.plotly.purge(drawn.current.node);
    },
    [],
  );

  return (
    <div
      ref={holder}
      className="jp-MlwsChart"
      style={{ height }}
      role="img"
      aria-label={props.summary}
    />
  );
}

/** The stretch that was dragged over; null for all, undefined when something else has changed. */
export function rangeIn(change: IRelayout): readonly [number, number] | null | undefined {
  if (change['xaxis.autorange']) {
    return null;
  }
  const ends = [change['xaxis.range[0]'], change['xaxis.range[1]']].map(end =>
    typeof end === 'string' ? Date.parse(`${end.replace(' ', 'T')}Z`) : end,
  );
  const [from, to] = ends;
  return from === undefined || to === undefined ? undefined : [from, to];
}

/** Tell `lit` which line is nearest to the pointer. */
function share(node: IPlotlyNode, lines: readonly ILine[], lit: ILit): void {
  node.removeAllListeners('plotly_hover');
  node.removeAllListeners('plotly_unhover');
  node.on('plotly_hover', ({ points, yvals }) => {
    const y = yvals?.[0] ?? Number.NaN;
    const distance = (point: { y: number }): number => Math.abs(point.y - y);
    const [nearest] = [...points].sort((a, b) => distance(a) - distance(b));
    lit.value = lines[nearest?.curveNumber ?? -1]?.id ?? null;
  });
  node.on('plotly_unhover', () => {
    lit.value = null;
  });
}

/** How the lines look while the one called `id` is pointed at; null for none. */
export function emphasis(
  lines: readonly ILine[],
  id: string | null,
): { opacity: number[]; 'line.width': number[] } {
  const isThere = lines.some(line => line.id === id);
  return {
    opacity: lines.map(line => (line.isFaint ? 0.25 : 1) * (isThere && line.id !== id ? 0.2 : 1)),
    'line.width': lines.map(line =>
      line.edge ? 0 : line.isFaint ? 1 : isThere && line.id === id ? 2.6 : 1.6,
    ),
  };
}

const CONFIG = { displayModeBar: false, responsive: false, doubleClick: 'autosize' };

function traceOf(line: ILine): object {
  const isPoint = line.x.length === 1;
  return {
    type: 'scatter',
    mode: isPoint ? 'markers' : 'lines',
    name: line.name,
    x: line.x,
    y: line.y,
    opacity: line.isFaint ? 0.25 : 1,
    hoverinfo: line.isFaint || line.edge ? 'skip' : undefined,
    line: { color: colourOf(line.colour), width: line.edge ? 0 : line.isFaint ? 1 : 1.6 },
    ...(line.edge === 'high' && { fill: 'tonexty', fillcolor: `${colourOf(line.colour)}2e` }),
    marker: { color: colourOf(line.colour), size: 7 },
  };
}

function layoutOf(
  props: Pick<IChartProps, 'lines' | 'xTitle' | 'xFormat' | 'logY' | 'xRange'>,
  node: HTMLElement,
  width: number,
  height: number,
): object {
  const { axis, ...layout } = themed(node, width, height);
  const { xFormat, xRange } = props;
  return {
    ...layout,
    hovermode: 'x unified',
    xaxis: {
      ...axis,
      type: xFormat === 'date' ? 'date' : 'linear',
      title: { text: props.xTitle, standoff: 6 },
      showgrid: false,
      ...(xRange ? { range: xRange, autorange: false } : { autorange: true }),
      ...(xFormat === 'seconds' && secondTicks(props.lines)),
    },
    // Only stretches of the other axis are looked at closely: this one follows what is in them.
    yaxis: {
      ...axis,
      type: props.logY ? 'log' : 'linear',
      exponentformat: 'power',
      fixedrange: true,
      autorange: true,
    },
  };
}

/** A layout in the colours of JupyterLab's theme, and `axis`, on which each axis is built. */
export function themed(
  node: HTMLElement,
  width: number,
  height: number,
): { axis: object; [key: string]: unknown } {
  const style = getComputedStyle(node);
  const variable = (name: string): string => style.getPropertyValue(name).trim();
  return {
    width,
    height,
    margin: { l: 44, r: 12, t: 8, b: 34 },
    paper_bgcolor: 'transparent',
    plot_bgcolor: 'transparent',
    font: {
      family: variable('--jp-ui-font-family') || 'sans-serif',
      size: 11,
      color: variable('--jp-ui-font-color2'),
    },
    showlegend: false,
    hoverlabel: {
      bgcolor: variable('--jp-layout-color1'),
      bordercolor: variable('--jp-border-color1'),
      font: { color: variable('--jp-ui-font-color0') },
    },
    axis: {
      gridcolor: variable('--jp-border-color2'),
      zerolinecolor: variable('--jp-border-color1'),
      linecolor: variable('--jp-border-color1'),
      automargin: true,
      ticks: '',
    },
  };
}

/** Any other picture that plotly draws. `data` and the axes' settings must be kept between calls. */
export function Plot(props: {
  data: readonly object[];
  xAxis: object;
  yAxis: object;
  summary: string;
  height?: number;
}): JSX.Element {
  const [holder, width] = useSize<HTMLDivElement>();
  const drawn = useRef<{ plotly: IPlotly; node: HTMLElement }>();
  const theme = useTheme();
  const { data, xAxis, yAxis, height = 260 } = props;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of theme changes what the styles say.
  useEffect(() => {
    const node = holder.current;
    if (!node || width === 0) {
      return undefined;
    }
    let isGone = false;
    void load().then(plotly => {
      if (!isGone) {
        drawn.current = { plotly, node };
        const { axis, ...layout } = themed(node, width, height);
        const axes = { xaxis: { ...axis, ...xAxis }, yaxis: { ...axis, ...yAxis } };
        void plotly.react(node, [...data], { ...layout, ...axes, hovermode: 'closest' }, CONFIG);
      }
    });
    return () => {
      isGone = true;
    };
  }, [data, xAxis, yAxis, width, height, theme, holder]);

  useEffect(
    () => () => {
      drawn.current?.plotly.purge(drawn.current.node);
    },
    [],
  );

  return (
    <div
      ref={holder}
      className="jp-MlwsChart"
      style={{ height }}
      role="img"
      aria-label={props.summary}
    />
  );
}

/** Ticks of a time axis at round places, written as `m:ss` or `h:mm`. */
export function secondTicks(lines: readonly ILine[]): { tickvals: number[]; ticktext: string[] } {
  let most = 0;
  for (const line of lines) {
    most = Math.max(most, line.x[line.x.length - 1] ?? 0);
  }
  const steps = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400,
  ];
  const step = steps.find(size => most / size <= 6) ?? Math.ceil(most / 6 / 86400) * 86400;
  const tickvals = Array.from({ length: Math.floor(most / step) + 1 }, (_, at) => at * step);
  return { tickvals, ticktext: tickvals.map(clock) };
}

function clock(seconds: number): string {
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  return seconds < 3600
    ? `${Math.floor(seconds / 60)}:${two(seconds % 60)}`
    : `${Math.floor(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}

// A card for each metric: its chart, or the same as a table.
import '../../style/pages.css';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { Series } from '../api/client';
import { type ILineLook, LINE_LOOK, type XAxis } from '../model/cards';
import { summarize } from '../model/metrics';
import { type IRange, type SeriesZoom, stepsWithin } from '../model/zoom';
import { Chart } from '../ui/chart';
import { useLanguage } from '../ui/context';
import { Button, Check, Choice, Toolbar } from '../ui/controls';
import { metric } from '../ui/format';
import { useSignal } from '../ui/hooks';
import {
  bandsOf,
  type ISeriesSource,
  isSingle,
  linesOf,
  placesOf,
  useColours,
} from './series-lines';
import { Legend, SeriesTable } from './series-table';
import { ValueCard } from './series-value';

/** Cards of metrics, in their order, with the bar that says how all are drawn. */
export function SeriesCharts(
  props: ISeriesSource & {
    metrics: readonly string[];
    /** Fixed, without the bar of choices. */
    x?: XAxis;
  },
): JSX.Element {
  const [chosen, setLook] = useState<ILineLook>(LINE_LOOK);
  const look = useMemo(() => (props.x ? { ...chosen, x: props.x } : chosen), [chosen, props.x]);
  const singles = props.metrics.filter(name => isSingle(props.series, name));
  const courses = props.metrics.filter(name => !singles.includes(name));
  return (
    <>
      {!props.x && courses.length > 0 && (
        <LineBar look={look} onChange={setLook} zoom={props.zoom} />
      )}
      {singles.length > 0 && (
        <div className="jp-MlwsChartCards jp-mod-values">
          {singles.map(name => (
            <ValueCard key={name} {...props} metric={name} />
          ))}
        </div>
      )}
      <div className="jp-MlwsChartCards">
        {courses.map(name => (
          <ChartCard key={name} {...props} metric={name} look={look} />
        ))}
      </div>
    </>
  );
}

/** How lines are drawn, and the way out of a stretch that is looked at closely. */
export function LineBar(props: {
  look: ILineLook;
  onChange: (look: ILineLook) => void;
  zoom?: SeriesZoom;
  children?: ReactNode;
}): JSX.Element {
  const { trans } = useLanguage();
  const { look, onChange, zoom } = props;
  useSignal(zoom?.range.changed);
  return (
    <Toolbar
      label={trans.__('Charts')}
      end={
        <>
          {zoom?.range.value && (
            <Button
              onClick={() => {
                zoom.range.value = null;
              }}
            >
              {trans.__('Reset zoom')}
            </Button>
          )}
          {props.children}
        </>
      }
    >
      <LineControls look={look} onChange={onChange} />
    </Toolbar>
  );
}

export function LineControls(props: {
  look: ILineLook;
  onChange: (look: ILineLook) => void;
}): JSX.Element {
  const { trans } = useLanguage();
  const { look, onChange } = props;
  return (
    <>
      <Choice<XAxis>
        label={trans.__('Over')}
        value={look.x}
        options={[
          ['step', trans.__('step')],
          ['relative', trans.__('time since start')],
          ['time', trans.__('time')],
        ]}
        onChange={x => onChange({ ...look, x })}
      />
      <label className="jp-MlwsChoice">
        {trans.__('Smoothing')}
        <input
          type="range"
          min={0}
          max={0.98}
          step={0.02}
          value={look.weight}
          onChange={event => onChange({ ...look, weight: Number(event.target.value) })}
        />
      </label>
      <Check
        label={trans.__('Log axis')}
        checked={look.logY}
        onChange={logY => onChange({ ...look, logY })}
      />
    </>
  );
}

interface IChartCardProps extends ISeriesSource {
  metric: string;
  look: ILineLook;
  /** Param by which lines are put together. */
  groupBy?: string;
  /** Stand in the head of the card. */
  tools?: ReactNode;
  /** Stand below its head. */
  options?: ReactNode;
}

export function ChartCard(props: IChartCardProps): JSX.Element {
  const { trans, locale } = useLanguage();
  const [asTable, setAsTable] = useState(false);
  const [ref, isInView] = useInView<HTMLElement>();
  const { series, metric: name, look, groupBy, nameOf, startOf, scaleOf, paramOf } = props;
  const colours = useColours(series, props.colourOf);
  const whole = useMemo(() => series.filter(one => one.key === name), [series, name]);
  const [own, range] = useDetail(props.zoom, name, look.x, whole, isInView);
  const { lines, entries } = useMemo(() => {
    const source = { nameOf, startOf, scaleOf };
    if (groupBy) {
      return bandsOf(own, look, id => paramOf?.(id, groupBy) ?? '–', source);
    }
    return {
      lines: linesOf(own, look, colours, source),
      entries: own.map(one => ({
        id: one.run_id,
        name: nameOf(one.run_id),
        colour: colours.get(one.run_id) ?? 0,
      })),
    };
  }, [own, look, groupBy, colours, nameOf, startOf, scaleOf, paramOf]);
  const first = own.length === 1 ? own[0] : undefined;
  const summary = first ? summarize(first) : null;
  const scale = scaleOf?.(name) ?? 1;
  const nPoints = Math.max(0, ...own.map(one => one.n_points));
  const isThinned = own.some(one => one.n_points > one.values.length);
  const title = props.titleOf?.(name) ?? name;
  const sentence = summary
    ? trans.__(
        '%1: %2 at the end, least %3 at step %4, greatest %5 at step %6',
        title,
        metric(summary.last * scale, locale),
        metric(summary.least * scale, locale),
        summary.leastStep,
        metric(summary.greatest * scale, locale),
        summary.greatestStep,
      )
    : trans._n('%1 run', '%1 runs', own.length);
  const onZoom = (x: readonly [number, number] | null): void => {
    const { zoom } = props;
    if (zoom) {
      const places = whole.map(one => ({
        places: placesOf(one, look.x, startOf),
        steps: one.steps,
      }));
      const steps = x && stepsWithin(x, places);
      zoom.range.value = steps ? { axis: look.x, x, steps } : null;
    }
  };

  return (
    <section ref={ref} className="jp-MlwsChartCard" aria-label={name} data-metric={name}>
      <header className="jp-MlwsChartCard-head">
        <h3 title={name}>{title}</h3>
        {summary && <strong>{metric(summary.last * scale, locale)}</strong>}
        <Button minimal aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? trans.__('View as chart') : trans.__('View as table')}
        </Button>
        {props.tools}
      </header>
      {props.options}
      {asTable ? (
        <SeriesTable series={own} nameOf={nameOf} scale={scale} />
      ) : (
        isInView && (
          <Chart
            lines={lines}
            xTitle={titleOfAxis(look.x, trans)}
            xFormat={formatOf(look.x)}
            xRange={range}
            onZoom={onZoom}
            logY={look.logY}
            lit={props.lit}
            summary={sentence}
          />
        )
      )}
      {!asTable && !isInView && <div className="jp-MlwsChart" style={{ height: 200 }} />}
      {entries.length > 1 && <Legend entries={entries} lit={props.lit} />}
      {isThinned && (
        <p className="jp-MlwsChartCard-note">
          {trans.__('%1 points, least and greatest per pixel', nPoints.toLocaleString(locale))}
        </p>
      )}
    </section>
  );
}

function titleOfAxis(axis: XAxis, trans: ReturnType<typeof useLanguage>['trans']): string {
  switch (axis) {
    case 'step':
      return trans.__('step');
    case 'time':
      return trans.__('time');
    default:
      return trans.__('time since start');
  }
}

function formatOf(axis: XAxis): 'seconds' | 'date' | undefined {
  return axis === 'step' ? undefined : axis === 'time' ? 'date' : 'seconds';
}

/** The points to draw, finer ones where a stretch is looked at closely, and that stretch. */
function useDetail(
  zoom: SeriesZoom | undefined,
  name: string,
  axis: XAxis,
  whole: readonly Series[],
  isInView: boolean,
): [readonly Series[], IRange['x'] | null] {
  useSignal(zoom?.range.changed);
  useSignal(zoom?.detail.changed);
  useEffect(() => {
    if (!zoom || !isInView) {
      return undefined;
    }
    const seen = zoom.see(name);
    return () => seen.dispose();
  }, [zoom, name, isInView]);
  const range = zoom?.range.value;
  if (!zoom || !range || range.axis !== axis) {
    return [whole, null];
  }
  return [zoom.of(name) ?? whole, range.x];
}

/** Whether an element is in view, or near it: only then a chart is worth its memory. */
export function useInView<T extends HTMLElement>(): [React.RefObject<T>, boolean] {
  const ref = useRef<T>(null);
  const [isInView, setInView] = useState(false);
  useEffect(() => {
    const node = ref.current;
    if (!node) {
      return undefined;
    }
    const observer = new IntersectionObserver(
      entries => setInView(entries.some(entry => entry.isIntersecting)),
      { rootMargin: '300px' },
    );
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  return [ref, isInView];
}

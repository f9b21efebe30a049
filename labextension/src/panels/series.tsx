// A card for each metric: its chart, or the same as a table.
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Series } from '../api/client';
import { smooth, summarize, toNumber } from '../model/metrics';
import { Chart, colourOf, type ILine, type ILit } from '../ui/chart';
import { useLanguage } from '../ui/context';
import { Button, Check, Choice, Toolbar } from '../ui/controls';
import { metric } from '../ui/format';

export type XAxis = 'step' | 'time';

export interface ISeriesChartsProps {
  series: readonly Series[];
  /** Metrics that get a card, in this order. */
  metrics: readonly string[];
  nameOf: (runId: string) => string;
  /** When a run started, in milliseconds; its first point where that is not known. */
  startOf: (runId: string) => number | undefined;
  /** Which colour of the palette a run has; by its place where this is not given. */
  colourOf?: (runId: string) => number | undefined;
  /** The run that is pointed at, shared with others that show it. */
  lit?: ILit;
  /** Fixed, without the bar of choices. */
  x?: XAxis;
  /** Title of a card where it is not the metric's name. */
  titleOf?: (name: string) => string;
  /** Factor from what is kept to what is drawn, such as bytes to gigabytes. */
  scaleOf?: (name: string) => number;
}

export function SeriesCharts(props: ISeriesChartsProps): JSX.Element {
  const { trans } = useLanguage();
  const [weight, setWeight] = useState(0);
  const [logY, setLogY] = useState(false);
  const [x, setX] = useState<XAxis>(props.x ?? 'step');
  const singles = props.metrics.filter(name => isSingle(props.series, name));
  const courses = props.metrics.filter(name => !singles.includes(name));
  return (
    <>
      {!props.x && courses.length > 0 && (
        <Toolbar label={trans.__('Charts')}>
          <Choice<XAxis>
            label={trans.__('Over')}
            value={x}
            options={[
              ['step', trans.__('step')],
              ['time', trans.__('time')],
            ]}
            onChange={setX}
          />
          <label className="jp-MlwsChoice">
            {trans.__('Smoothing')}
            <input
              type="range"
              min={0}
              max={0.98}
              step={0.02}
              value={weight}
              onChange={event => setWeight(Number(event.target.value))}
            />
          </label>
          <Check label={trans.__('Log axis')} checked={logY} onChange={setLogY} />
        </Toolbar>
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
          <ChartCard key={name} {...props} metric={name} weight={weight} logY={logY} x={x} />
        ))}
      </div>
    </>
  );
}

interface ICardProps extends ISeriesChartsProps {
  metric: string;
  weight: number;
  logY: boolean;
  x: XAxis;
}

function ChartCard(props: ICardProps): JSX.Element {
  const { trans, locale } = useLanguage();
  const [asTable, setAsTable] = useState(false);
  const [ref, isInView] = useInView<HTMLElement>();
  const { series, metric: name, x, weight, nameOf, startOf, scaleOf, colourOf: ownColour } = props;
  const colours = useColours(series, ownColour);
  const own = useMemo(() => series.filter(one => one.key === name), [series, name]);
  const lines = useMemo(
    () =>
      own.flatMap(one =>
        linesOf(one, colours.get(one.run_id) ?? 0, { x, weight, nameOf, startOf, scaleOf }),
      ),
    [own, colours, x, weight, nameOf, startOf, scaleOf],
  );
  const first = own.length === 1 ? own[0] : undefined;
  const summary = first ? summarize(first) : null;
  const scale = props.scaleOf?.(name) ?? 1;
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

  return (
    <section ref={ref} className="jp-MlwsChartCard" aria-label={name} data-metric={name}>
      <header className="jp-MlwsChartCard-head">
        <h3 title={name}>{title}</h3>
        {summary && <strong>{metric(summary.last * scale, locale)}</strong>}
        <Button minimal aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? trans.__('View as chart') : trans.__('View as table')}
        </Button>
      </header>
      {asTable ? (
        <SeriesTable series={own} nameOf={props.nameOf} scale={scale} />
      ) : (
        isInView && (
          <Chart
            lines={lines}
            xTitle={props.x === 'step' ? trans.__('step') : trans.__('time since start')}
            xFormat={props.x === 'time' ? 'seconds' : undefined}
            logY={props.logY}
            lit={props.lit}
            summary={sentence}
          />
        )
      )}
      {!asTable && !isInView && <div className="jp-MlwsChart" style={{ height: 200 }} />}
      {own.length > 1 && (
        <Legend series={own} colours={colours} nameOf={props.nameOf} lit={props.lit} />
      )}
      {isThinned && (
        <p className="jp-MlwsChartCard-note">
          {trans.__('%1 points, least and greatest per pixel', nPoints.toLocaleString(locale))}
        </p>
      )}
    </section>
  );
}

/** The colour of each run, by its id. */
function useColours(
  series: readonly Series[],
  own: ISeriesChartsProps['colourOf'],
): ReadonlyMap<string, number> {
  return useMemo(() => {
    const runs = [...new Set(series.map(one => one.run_id))];
    return new Map(runs.map((id, at) => [id, own?.(id) ?? at]));
  }, [series, own]);
}

/** Whether a metric was logged once by each run: then there is no course to draw. */
function isSingle(series: readonly Series[], name: string): boolean {
  const own = series.filter(one => one.key === name);
  return own.length > 0 && own.every(one => one.n_points === 1);
}

/** The one value of each run; as bars where there are several runs. */
function ValueCard(props: ISeriesChartsProps & { metric: string }): JSX.Element {
  const { locale } = useLanguage();
  const { metric: name, nameOf } = props;
  const colours = useColours(props.series, props.colourOf);
  const scale = props.scaleOf?.(name) ?? 1;
  const values = props.series
    .filter(one => one.key === name)
    .map(one => ({ run: one.run_id, value: toNumber(one.values[0] ?? Number.NaN) * scale }));
  const isAlone = props.series.every(one => one.run_id === values[0]?.run);
  const most = Math.max(...values.map(one => Math.abs(one.value)).filter(Number.isFinite), 0);
  return (
    <section className="jp-MlwsChartCard" aria-label={name} data-metric={name}>
      <header className="jp-MlwsChartCard-head">
        <h3 title={name}>{props.titleOf?.(name) ?? name}</h3>
      </header>
      {isAlone && values[0] ? (
        <p className="jp-MlwsValue" title={String(values[0].value)}>
          {metric(values[0].value, locale)}
        </p>
      ) : (
        <table className="jp-MlwsBars">
          <tbody>
            {values.map(one => (
              <tr key={one.run}>
                <th scope="row" title={nameOf(one.run)}>
                  {nameOf(one.run)}
                </th>
                <td>
                  <span
                    className="jp-MlwsBars-bar"
                    style={{
                      width: `${most > 0 ? (Math.abs(one.value) / most) * 100 : 0}%`,
                      background: colourOf(colours.get(one.run) ?? 0),
                    }}
                  />
                </td>
                <td className="jp-MlwsBars-value">{metric(one.value, locale)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function linesOf(
  series: Series,
  colour: number,
  props: Pick<ICardProps, 'x' | 'weight' | 'nameOf' | 'startOf' | 'scaleOf'>,
): ILine[] {
  const scale = props.scaleOf?.(series.key) ?? 1;
  const start = props.startOf(series.run_id) ?? series.times_ms[0] ?? 0;
  const x =
    props.x === 'step' ? series.steps : series.times_ms.map(ms => Math.max(0, ms - start) / 1000);
  const y = series.values.map(value => toNumber(value) * scale);
  const line: ILine = { id: series.run_id, name: props.nameOf(series.run_id), x, y, colour };
  return props.weight > 0
    ? [
        { ...line, isFaint: true },
        { ...line, y: smooth(y, props.weight) },
      ]
    : [line];
}

function Legend(props: {
  series: readonly Series[];
  colours: ReadonlyMap<string, number>;
  nameOf: (runId: string) => string;
  lit?: ILit;
}): JSX.Element {
  const { lit } = props;
  const light = (id: string | null): void => {
    if (lit) {
      lit.value = id;
    }
  };
  return (
    <ul className="jp-MlwsLegend">
      {props.series.map(one => (
        <li
          key={one.run_id}
          title={props.nameOf(one.run_id)}
          onMouseEnter={() => light(one.run_id)}
          onMouseLeave={() => light(null)}
        >
          <span
            className="jp-MlwsLegend-mark"
            style={{ background: colourOf(props.colours.get(one.run_id) ?? 0) }}
          />
          {props.nameOf(one.run_id)}
        </li>
      ))}
    </ul>
  );
}

/** Rows shown of a series as a table. */
const TABLE_ROWS = 200;

function SeriesTable(props: {
  series: readonly Series[];
  nameOf: (runId: string) => string;
  scale: number;
}): JSX.Element {
  const { trans, locale } = useLanguage();
  const rows = props.series
    .flatMap(one =>
      one.values.map((value, at) => ({
        id: `${one.run_id}-${at}`,
        run: one.run_id,
        step: one.steps[at] ?? 0,
        time: one.times_ms[at] ?? 0,
        value: toNumber(value) * props.scale,
      })),
    )
    .slice(0, TABLE_ROWS);
  const withRun = props.series.length > 1;
  return (
    <div className="jp-MlwsChartCard-table">
      <table className="jp-MlwsFacts jp-mod-list">
        <thead>
          <tr>
            {withRun && <th scope="col">{trans.__('Run')}</th>}
            <th scope="col">{trans.__('Step')}</th>
            <th scope="col">{trans.__('Time')}</th>
            <th scope="col">{trans.__('Value')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={row.id}>
              {withRun && <td>{props.nameOf(row.run)}</td>}
              <td>{row.step}</td>
              <td>{new Date(row.time).toLocaleTimeString(locale)}</td>
              <td>{metric(row.value, locale)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether an element has come into view; once seen, it stays drawn. */
function useInView<T extends HTMLElement>(): [React.RefObject<T>, boolean] {
  const ref = useRef<T>(null);
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    const node = ref.current;
    if (!node) {
      return undefined;
    }
    const observer = new IntersectionObserver(
      entries => {
        if (entries.some(entry => entry.isIntersecting)) {
          setSeen(true);
        }
      },
      { rootMargin: '200px' },
    );
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  return [ref, isSeen];
}

// The points of series as a table, and which line is whose.
import '../../style/pages.css';
import type { Series } from '../api/client';
import { toNumber } from '../model/metrics';
import { colourOf, type ILit } from '../ui/chart';
import { useLanguage } from '../ui/context';
import { metric } from '../ui/format';

export interface ILegendEntry {
  /** What `ILit` knows the line by. */
  id?: string;
  name: string;
  colour: number;
}

export function Legend(props: { entries: readonly ILegendEntry[]; lit?: ILit }): JSX.Element {
  const { lit } = props;
  const light = (id: string | null): void => {
    if (lit) {
      lit.value = id;
    }
  };
  return (
    <ul className="jp-MlwsLegend">
      {props.entries.map(one => (
        <li
          key={one.id ?? one.name}
          title={one.name}
          onMouseEnter={() => light(one.id ?? null)}
          onMouseLeave={() => light(null)}
        >
          <span className="jp-MlwsLegend-mark" style={{ background: colourOf(one.colour) }} />
          {one.name}
        </li>
      ))}
    </ul>
  );
}

/** Rows shown of a series as a table. */
const TABLE_ROWS = 200;

export function SeriesTable(props: {
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

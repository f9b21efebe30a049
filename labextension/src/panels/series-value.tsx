// A metric that was logged once by each run.
import '../../style/pages.css';
import type { ReactNode } from 'react';
import { toNumber } from '../model/metrics';
import { colourOf } from '../ui/chart';
import { useLanguage } from '../ui/context';
import { metric } from '../ui/format';
import { type ISeriesSource, useColours } from './series-lines';

/** The one value of each run; as bars where there are several runs. */
export function ValueCard(
  props: ISeriesSource & { metric: string; tools?: ReactNode; options?: ReactNode },
): JSX.Element {
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
        {props.tools}
      </header>
      {props.options}
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

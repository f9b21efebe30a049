// Which params matter for a metric, as the service works it out over the runs that fit the filter.
import type { ReactNode } from 'react';
import type { ParamImportance } from '../api/client';
import type { ICard } from '../model/cards';
import type { RunsModel } from '../model/runs';
import { useLanguage } from '../ui/context';
import { useResource } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { CardFrame } from './card-frame';

/** Params shown as bars; the table has all. */
const MOST_BARS = 12;

export interface IManyCardProps {
  card: ICard;
  model: RunsModel;
  tools: ReactNode;
  options: ReactNode;
}

export function ImportanceCard(props: IManyCardProps): JSX.Element {
  const { card, model } = props;
  const { trans } = useLanguage();
  const metric = card.metric ?? '';
  const resource = model.charts.importance(metric);
  const { value, error } = useResource(resource);
  const content = (draw: (found: readonly ParamImportance[]) => ReactNode): ReactNode => {
    if (error) {
      return <ErrorStrip error={error} onRetry={() => void resource.refresh()} />;
    }
    if (!value) {
      return <Skeleton rows={4} />;
    }
    return value.length === 0 ? (
      <Empty text={trans.__('No parameter differs among runs that have this metric.')} />
    ) : (
      draw(value)
    );
  };
  return (
    <CardFrame
      id={card.id}
      kind={card.kind}
      title={trans.__('Importance of parameters for %1', metric)}
      tools={props.tools}
      options={props.options}
      note={trans.__('Share of the metric’s ranks that each parameter explains by itself')}
      chart={() => content(found => <Bars found={found.slice(0, MOST_BARS)} />)}
      table={() => content(found => <Table found={found} />)}
    />
  );
}

function percent(value: number, locale: string): string {
  return value.toLocaleString(locale, { style: 'percent', maximumFractionDigits: 1 });
}

function Bars(props: { found: readonly ParamImportance[] }): JSX.Element {
  const { trans, locale } = useLanguage();
  return (
    <table className="jp-MlwsBars">
      <tbody>
        {props.found.map(one => (
          <tr key={one.param}>
            <th scope="row" title={one.param}>
              {one.param}
            </th>
            <td>
              <span
                className={`jp-MlwsBars-bar ${(one.correlation ?? 0) < 0 ? 'jp-mod-down' : 'jp-mod-up'}`}
                style={{ width: `${one.importance * 100}%` }}
              />
            </td>
            <td className="jp-MlwsBars-value">{percent(one.importance, locale)}</td>
            <td className="jp-MlwsBars-value">
              {one.correlation == null
                ? trans.__('words')
                : `${one.correlation < 0 ? '↘' : '↗'} ${one.correlation.toFixed(2)}`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Table(props: { found: readonly ParamImportance[] }): JSX.Element {
  const { trans, locale } = useLanguage();
  return (
    <div className="jp-MlwsChartCard-table">
      <table className="jp-MlwsFacts jp-mod-list">
        <thead>
          <tr>
            <th scope="col">{trans.__('Parameter')}</th>
            <th scope="col">{trans.__('Importance')}</th>
            <th scope="col">{trans.__('Correlation of ranks')}</th>
            <th scope="col">{trans.__('Values')}</th>
            <th scope="col">{trans.__('Runs')}</th>
          </tr>
        </thead>
        <tbody>
          {props.found.map(one => (
            <tr key={one.param}>
              <td>{one.param}</td>
              <td>{percent(one.importance, locale)}</td>
              <td>{one.correlation == null ? '–' : one.correlation.toFixed(3)}</td>
              <td>{one.n_values}</td>
              <td>{one.n_runs}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

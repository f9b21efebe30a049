// What the pages of sweeps and of AutoML jobs share.
import '../../style/pages.css';
import type { ReactNode } from 'react';
import { useLanguage } from '../ui/context';
import { Empty, Skeleton } from '../ui/states';

/** A card among the charts of a search. */
export function Card(props: {
  id: string;
  title: string;
  tools?: ReactNode;
  isWide?: boolean;
  children: ReactNode;
}): JSX.Element {
  return (
    <section
      className={`jp-MlwsChartCard ${props.isWide ? 'jp-mod-wide' : ''}`}
      aria-label={props.title}
      data-card={props.id}
    >
      <header className="jp-MlwsChartCard-head">
        <h3>{props.title}</h3>
        {props.tools}
      </header>
      {props.children}
    </section>
  );
}

/** How much each matters, as bars. */
export function Weights(props: {
  weights: readonly { name: string; importance: number }[] | null;
  emptyText: string;
}): JSX.Element {
  const { locale } = useLanguage();
  const { weights, emptyText } = props;
  if (!weights) {
    return <Skeleton rows={4} />;
  }
  if (weights.length === 0) {
    return <Empty text={emptyText} />;
  }
  return (
    <table className="jp-MlwsBars">
      <tbody>
        {weights.map(({ name, importance }) => (
          <tr key={name}>
            <th scope="row" title={name}>
              {name}
            </th>
            <td>
              <span className="jp-MlwsBars-bar" style={{ width: `${importance * 100}%` }} />
            </td>
            <td className="jp-MlwsBars-value">
              {importance.toLocaleString(locale, { style: 'percent', maximumFractionDigits: 1 })}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

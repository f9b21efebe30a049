// The frame of a card over many runs: its head, and the same as a table.
import { type ReactNode, useState } from 'react';
import type { RunColumns } from '../api/client';
import { keyOf } from '../model/cards';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { metric } from '../ui/format';
import { useInView } from './series';

export function CardFrame(props: {
  id: string;
  kind: string;
  title: string;
  tools: ReactNode;
  options: ReactNode;
  /** Drawn only while the card is in view. */
  chart: () => ReactNode;
  table: () => ReactNode;
  note?: string;
  height?: number;
}): JSX.Element {
  const { trans } = useLanguage();
  const [asTable, setAsTable] = useState(false);
  const [ref, isInView] = useInView<HTMLElement>();
  return (
    <section
      ref={ref}
      className="jp-MlwsChartCard jp-mod-wide"
      aria-label={props.title}
      data-card={props.id}
      data-kind={props.kind}
    >
      <header className="jp-MlwsChartCard-head">
        <h3 title={props.title}>{props.title}</h3>
        <Button minimal aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? trans.__('View as chart') : trans.__('View as table')}
        </Button>
        {props.tools}
      </header>
      {props.options}
      {asTable && props.table()}
      {!asTable && isInView && props.chart()}
      {!asTable && !isInView && <div style={{ height: props.height ?? 260 }} />}
      {props.note && <p className="jp-MlwsChartCard-note">{props.note}</p>}
    </section>
  );
}

/** Rows shown of runs as a table. */
const TABLE_ROWS = 200;

export function ColumnsTable(props: { runs: RunColumns; columns: readonly string[] }): JSX.Element {
  const { trans, locale } = useLanguage();
  const { runs, columns } = props;
  return (
    <div className="jp-MlwsChartCard-table">
      <table className="jp-MlwsFacts jp-mod-list">
        <thead>
          <tr>
            <th scope="col">{trans.__('Run')}</th>
            {columns.map(column => (
              <th key={column} scope="col">
                {keyOf(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.run_ids.slice(0, TABLE_ROWS).map((id, row) => (
            <tr key={id}>
              <td>{runs.names[row]}</td>
              {columns.map(column => {
                const value = runs.columns[column]?.[row];
                return (
                  <td key={column}>{typeof value === 'number' ? metric(value, locale) : value}</td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

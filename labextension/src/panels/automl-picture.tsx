// A card with a picture that is a table as well.
import { type ReactNode, useState } from 'react';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { metric } from '../ui/format';
import { Card } from './search-parts';

/** A picture, or its numbers. */
export function PictureCard(props: {
  id: string;
  title: string;
  /** What can be chosen, below the head. */
  options?: ReactNode;
  isWide?: boolean;
  columns: readonly string[];
  rows: () => readonly (readonly (string | number)[])[];
  children: ReactNode;
}): JSX.Element {
  const { trans, locale } = useLanguage();
  const [asTable, setAsTable] = useState(false);
  const toggle = (
    <Button minimal aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
      {asTable ? trans.__('View as chart') : trans.__('View as table')}
    </Button>
  );
  return (
    <Card id={props.id} title={props.title} tools={toggle} isWide={props.isWide}>
      {props.options && <div className="jp-MlwsPlots-options">{props.options}</div>}
      {asTable ? (
        <div className="jp-MlwsChartCard-table jp-MlwsPlots-table">
          <table className="jp-MlwsFacts jp-mod-list">
            <thead>
              <tr>
                {props.columns.map(column => (
                  <th key={column} scope="col">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {props.rows().map((row, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: rows have nothing else to be told apart by.
                <tr key={at}>
                  {row.map((value, place) => (
                    <td key={props.columns[place]}>
                      {typeof value === 'number' ? metric(value, locale) : value}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        props.children
      )}
    </Card>
  );
}

export function titled(text: string): object {
  return { title: { text, standoff: 6 } };
}

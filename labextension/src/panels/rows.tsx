// Rows of a table, as many as one likes: only those in view are drawn and read.
import '../../style/data.css';
import { useCallback, useMemo } from 'react';
import type { Rows } from '../model/data';
import { useLanguage } from '../ui/context';
import { useSignal } from '../ui/hooks';
import { ErrorStrip, Skeleton } from '../ui/states';
import { type IColumn, Table } from '../ui/table';

interface IRow {
  at: number;
  cells: readonly unknown[];
}

const CHAR = 8;
const WIDEST = 320;

export function RowsGrid(props: { rows: Rows; label: string }): JSX.Element {
  const { rows } = props;
  const { trans, locale } = useLanguage();
  useSignal(rows.changed);
  const { preview } = rows;

  const items = useMemo(() => rows.rows.map((cells, at) => ({ at, cells })), [rows.rows]);
  const columns = useMemo<IColumn<IRow>[]>(() => {
    const count: IColumn<IRow> = {
      id: '#',
      title: '#',
      width: 56,
      align: 'end',
      render: row => <span className="jp-MlwsNote">{row.at + 1}</span>,
    };
    const rest = (preview?.columns ?? []).map((column, index): IColumn<IRow> => {
      const longest = Math.max(
        column.name.length + 2,
        ...items.slice(0, 30).map(row => shown(row.cells[index]).length),
      );
      return {
        id: `${index}`,
        title: column.name,
        width: Math.min(WIDEST, 24 + longest * CHAR),
        align: column.family === 'number' ? 'end' : undefined,
        render: row => <Cell value={row.cells[index]} />,
        titleOf: row => shown(row.cells[index]),
      };
    });
    return [count, ...rest];
  }, [preview, items]);
  const onEnd = useCallback(() => void rows.more(), [rows]);

  if (!preview) {
    return rows.error ? (
      <ErrorStrip error={rows.error} onRetry={() => void rows.retry()} />
    ) : (
      <Skeleton rows={8} />
    );
  }
  const known = preview.n_rows ?? (rows.hasMore ? undefined : rows.rows.length);
  const number = new Intl.NumberFormat(locale);
  return (
    <div className="jp-MlwsRowsGrid">
      <p className="jp-MlwsNote jp-MlwsRowsGrid-note">
        {known !== undefined &&
          trans._n('%1 row', '%1 rows', known).replace(String(known), number.format(known))}
        {known !== undefined && ' · '}
        {trans._n('%1 column', '%1 columns', preview.columns.length)}
        {preview.files > 1 && ` · ${trans._n('%1 file', '%1 files', preview.files)}`}
      </p>
      {rows.error && <ErrorStrip error={rows.error} onRetry={() => void rows.retry()} />}
      <Table
        label={props.label}
        columns={columns}
        rows={items}
        rowKey={row => String(row.at)}
        hasMore={rows.hasMore}
        isBusy={rows.isLoading}
        onEnd={onEnd}
      />
    </div>
  );
}

function Cell(props: { value: unknown }): JSX.Element {
  const { value } = props;
  return value === null || value === undefined ? (
    <span className="jp-MlwsMissing">∅</span>
  ) : (
    <span>{shown(value)}</span>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) {
    return '';
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

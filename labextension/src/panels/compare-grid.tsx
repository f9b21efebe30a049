// Rows of a comparison: a name, then a cell for each run; those that differ are marked and can be gone to.
import { type ReactNode, useState } from 'react';
import type { CompareModel, ISection } from '../model/compare';
import type { Resource } from '../model/resource';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { useResource, useSignal } from '../ui/hooks';
import { ErrorStrip, Skeleton } from '../ui/states';

/** Rows that are drawn at once. */
const AT_ONCE = 200;

export interface IRow {
  key: string;
  differs: boolean;
  /** A cell for each run, in their order. */
  cells: readonly ReactNode[];
  /** Whether a cell is not as the baseline's. */
  changed: readonly boolean[];
  /** Drawn below the row, over its whole width. */
  more?: ReactNode;
}

/** Draws a section once it has been read; what went before stays while it is read again. */
export function Loaded<T>(props: {
  resource: Resource<ISection<T>>;
  children: (section: ISection<T>) => ReactNode;
}): JSX.Element {
  const { value, error } = useResource(props.resource);
  return (
    <>
      {error && <ErrorStrip error={error} onRetry={() => void props.resource.refresh()} />}
      {!value && !error && <Skeleton rows={3} />}
      {value && props.children(value)}
    </>
  );
}

/** Names of runs by id: the name, or the id where two have the same. */
export function useNames(model: CompareModel): (id: string) => string {
  const { value } = useResource(model.facts);
  const heads = value?.value.runs ?? [];
  const names = heads.map(head => head.name);
  return id => {
    const name = heads.find(head => head.run_id === id)?.name;
    return name && names.filter(other => other === name).length === 1 ? name : id;
  };
}

export function Grid(props: {
  model: CompareModel;
  label: string;
  ids: readonly string[];
  rows: readonly IRow[];
  /** Said in place of rows where there are none at all. */
  empty: string;
  name?: string;
}): JSX.Element {
  const { model, rows, ids } = props;
  const { trans } = useLanguage();
  const nameOf = useNames(model);
  useSignal(model.onlyDifferences.changed);
  const [most, setMost] = useState(AT_ONCE);
  const kept = model.onlyDifferences.value ? rows.filter(row => row.differs) : rows;
  const nEqual = rows.length - rows.filter(row => row.differs).length;
  if (kept.length === 0) {
    return (
      <p className="jp-MlwsNote">
        {rows.length === 0
          ? props.empty
          : trans._n('No difference; %1 is equal.', 'No difference; %1 are equal.', nEqual)}
      </p>
    );
  }
  return (
    <>
      <div className="jp-MlwsCompare-scroll">
        <table className="jp-MlwsCompare-table" aria-label={props.label}>
          <thead>
            <tr>
              <th scope="col">{props.name ?? ''}</th>
              {ids.map(id => (
                <th key={id} scope="col" title={id}>
                  {nameOf(id)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {kept.slice(0, most).map(row => (
              <Row key={row.key} row={row} ids={ids} />
            ))}
          </tbody>
        </table>
      </div>
      {kept.length > most && (
        <Button onClick={() => setMost(most + AT_ONCE)}>
          {trans._n('Show %1 more', 'Show %1 more', Math.min(AT_ONCE, kept.length - most))}
        </Button>
      )}
    </>
  );
}

function Row(props: { row: IRow; ids: readonly string[] }): JSX.Element {
  const { row, ids } = props;
  return (
    <>
      <tr
        data-row={row.key}
        {...(row.differs && { 'data-difference': true, tabIndex: -1 })}
        className={row.differs ? 'jp-mod-differs' : undefined}
      >
        <th scope="row" title={row.key}>
          {row.key}
        </th>
        {ids.map((id, at) => (
          <td key={id} className={row.changed[at] ? 'jp-mod-changed' : undefined}>
            {row.cells[at]}
          </td>
        ))}
      </tr>
      {row.more && !(Array.isArray(row.more) && row.more.length === 0) && (
        <tr className="jp-MlwsCompare-more">
          <td colSpan={ids.length + 1}>{row.more}</td>
        </tr>
      )}
    </>
  );
}

/** Why runs have nothing to compare in a section. */
export function Missing(props: {
  model: CompareModel;
  missing: Record<string, string>;
}): JSX.Element | null {
  const { trans } = useLanguage();
  const nameOf = useNames(props.model);
  const entries = Object.entries(props.missing);
  if (entries.length === 0) {
    return null;
  }
  const words: Record<string, string> = {
    no_job: trans.__('made by an MLflow client, which sends no snapshot of its code'),
    no_code: trans.__('the job has no code folder'),
    no_notebook: trans.__('no executed notebook was kept'),
    no_packages: trans.__('the packages of its environment were not recorded'),
    no_inputs: trans.__('no data was declared or logged as an input'),
    no_artifacts: trans.__('it left no files'),
    file_gone: trans.__('its files are gone'),
    too_large: trans.__('it is too large to be compared here'),
  };
  return (
    <ul className="jp-MlwsCompare-missing">
      {entries.map(([id, why]) => (
        <li key={id}>{trans.__('%1: %2.', nameOf(id), words[why] ?? why)}</li>
      ))}
    </ul>
  );
}

// Verdict, metrics, parameters, environment and data of a comparison.
import '../../style/pages.css';
import type { ReactNode } from 'react';
import type { DataInput, Verdict as Facts, MetricRow, ValueRow } from '../api/client';
import type { CompareModel } from '../model/compare';
import { useLanguage } from '../ui/context';
import { metric } from '../ui/format';
import { useResource, useSignal } from '../ui/hooks';
import { ErrorStrip, Skeleton } from '../ui/states';
import { Fold } from './compare-fold';
import { Grid, type IRow, Loaded, Missing, useNames } from './compare-grid';
import { Delta, tone } from './delta';
import { SeriesCharts } from './series';

/** Names that a verdict tells of each kind; the rest is counted. */
const MOST_NAMED = 5;

export function Verdict(props: { model: CompareModel }): JSX.Element {
  const nameOf = useNames(props.model);
  return (
    <Loaded resource={props.model.facts}>
      {({ value }) => (
        <ul className="jp-MlwsVerdicts">
          {value.verdicts.map(facts => (
            <li key={facts.run_id}>
              <strong>{nameOf(facts.run_id)}</strong>
              <Told facts={facts} />
            </li>
          ))}
        </ul>
      )}
    </Loaded>
  );
}

/** What is different about a run, as a row of short facts. */
export function Told(props: { facts: Facts }): JSX.Element {
  const { facts } = props;
  const { trans, locale } = useLanguage();
  const percent = new Intl.NumberFormat(locale, {
    style: 'percent',
    maximumSignificantDigits: 3,
    signDisplay: 'exceptZero',
  });
  const factor = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 });
  const { slowdown } = facts;
  const others = (facts.files ?? []).filter(path => !path.endsWith('.ipynb'));
  const groups: [string, readonly (string | number)[]][] = [
    [trans.__('Parameters'), facts.params ?? []],
    [trans.__('Data'), facts.data ?? []],
    [trans.__('Cells'), facts.cells ?? []],
    [trans.__('Files'), facts.cells?.length ? others : (facts.files ?? [])],
  ];
  const told = groups.filter(([, names]) => names.length > 0);
  return (
    <>
      {facts.metric && (
        <span className={`jp-MlwsVerdict-fact ${tone(facts.better)}`}>
          {facts.metric} {metric(facts.value, locale)}
          {facts.relative ? ` (${percent.format(facts.relative)})` : ''} {mark(facts)}
        </span>
      )}
      {slowdown != null && (slowdown > 1.05 || slowdown < 0.95) && (
        <span className="jp-MlwsVerdict-fact">
          {slowdown > 1
            ? trans.__('%1× slower', factor.format(slowdown))
            : trans.__('%1× faster', factor.format(1 / slowdown))}
        </span>
      )}
      {told.map(([kind, names]) => (
        <span key={kind} className="jp-MlwsVerdict-fact">
          <span className="jp-MlwsNote">{kind}</span> {names.slice(0, MOST_NAMED).join(', ')}
          {names.length > MOST_NAMED && ` +${names.length - MOST_NAMED}`}
        </span>
      ))}
      {facts.environment && (
        <span className="jp-MlwsVerdict-fact">{trans.__('Packages differ')}</span>
      )}
      {told.length === 0 && !facts.environment && (
        <span className="jp-MlwsVerdict-fact jp-MlwsNote">
          {trans.__('No other difference is known')}
        </span>
      )}
    </>
  );
}

function mark(facts: Facts): string {
  if (!facts.relative || facts.better == null) {
    return '';
  }
  return facts.relative > 0 ? '▲' : '▼';
}

export function Metrics(props: { model: CompareModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  return (
    <Loaded resource={model.facts}>
      {({ ids, value }) => (
        <>
          <Grid
            model={model}
            label={trans.__('Metrics')}
            ids={ids}
            empty={trans.__('None of the runs logged a metric.')}
            rows={value.metrics.map(row => ({
              ...rowOf(row),
              cells: row.values.map((_, at) => <Measured key={ids[at]} row={row} at={at} />),
            }))}
          />
          <Charts model={model} />
        </>
      )}
    </Loaded>
  );
}

/** The value; for all but the baseline how far it is from that. */
function Measured(props: { row: MetricRow; at: number }): JSX.Element {
  const { row, at } = props;
  const { locale } = useLanguage();
  const value = row.values[at];
  if (value == null) {
    return <Absent />;
  }
  return (
    <>
      <span title={String(value)}>{metric(value, locale)}</span>
      {at > 0 && <Delta row={row} at={at} />}
    </>
  );
}

/** The courses of metrics over steps, all runs in one chart each. */
function Charts(props: { model: CompareModel }): JSX.Element | null {
  const { value } = useResource(props.model.series);
  const nameOf = useNames(props.model);
  const series = (value?.value ?? []).filter(one => one.n_points > 1);
  if (!value || series.length === 0) {
    return null;
  }
  return (
    <SeriesCharts
      series={series}
      metrics={[...new Set(series.map(one => one.key))]}
      nameOf={nameOf}
      startOf={() => undefined}
      colourOf={id => value.ids.indexOf(id)}
    />
  );
}

export function Parameters(props: { model: CompareModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  return (
    <Loaded resource={model.facts}>
      {({ ids, value }) => (
        <Grid
          model={model}
          label={trans.__('Parameters')}
          ids={ids}
          empty={trans.__('None of the runs has parameters.')}
          rows={value.params.map(rowOf)}
        />
      )}
    </Loaded>
  );
}

export function Environment(props: { model: CompareModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const words: Record<string, string> = {
    environment: trans.__('Environment'),
    python: trans.__('Python'),
    platform: trans.__('Platform'),
  };
  return (
    <Loaded resource={model.environments}>
      {({ ids, value }) => (
        <>
          <Grid
            model={model}
            label={trans.__('Environment')}
            ids={ids}
            empty={trans.__('Nothing is known of the environments.')}
            rows={[
              ...value.facts.map(row => ({ ...rowOf(row), key: words[row.key] ?? row.key })),
              ...value.packages.map(rowOf),
            ]}
          />
          <Missing model={model} missing={value.missing} />
        </>
      )}
    </Loaded>
  );
}

export function Data(props: { model: CompareModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  return (
    <Loaded resource={model.data}>
      {({ ids, value }) => (
        <>
          <Grid
            model={model}
            label={trans.__('Data')}
            ids={ids}
            empty={trans.__('None of the runs says what it read.')}
            rows={value.inputs.map(row => ({
              key: row.key,
              differs: row.differs,
              changed: row.inputs.map(item => !isEqual(item, row.inputs[0])),
              cells: row.inputs.map((item, at) => (
                <Read key={ids[at]} item={item} base={at > 0 ? row.inputs[0] : undefined} />
              )),
              more: pairsOf(row.inputs).map(([base, other]) => (
                <Fold
                  key={other}
                  title={trans.__('%1: version %2 against %3', row.inputs[0]?.name, other, base)}
                >
                  <Distributions
                    model={model}
                    name={row.inputs[0]?.name ?? ''}
                    base={base}
                    version={other}
                  />
                </Fold>
              )),
            }))}
          />
          <Missing model={model} missing={value.missing} />
        </>
      )}
    </Loaded>
  );
}

/** Versions of one data asset whose content can be held against that of the baseline. */
export function pairsOf(inputs: readonly (DataInput | null)[]): [string, string][] {
  const base = inputs[0];
  if (base?.kind !== 'data' || !base.version) {
    return [];
  }
  const others = inputs
    .filter(item => item?.kind === 'data' && item.name === base.name)
    .map(item => item?.version ?? '');
  const from = base.version;
  return [...new Set(others)]
    .filter(version => version && version !== from)
    .map(version => [from, version]);
}

/** Rows, columns and distributions of two versions of a data asset. */
function Distributions(props: {
  model: CompareModel;
  name: string;
  base: string;
  version: string;
}): JSX.Element {
  const { model, name, base, version } = props;
  const { trans, locale } = useLanguage();
  const resource = model.versionDiff(name, base, version);
  const { value, error } = useResource(resource);
  useSignal(model.onlyDifferences.changed);
  if (error) {
    return <ErrorStrip error={error} onRetry={() => void resource.refresh()} />;
  }
  if (!value) {
    return <Skeleton rows={3} />;
  }
  if (!value.comparison) {
    return <ErrorStrip error={{ message: value.error ?? '' }} />;
  }
  const { n_rows_before, n_rows_after, columns } = value.comparison;
  const shown = columns.filter(column => !model.onlyDifferences.value || column.state !== 'same');
  const number = new Intl.NumberFormat(locale);
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const words: Record<string, string> = {
    same: trans.__('equal'),
    changed: trans.__('changed'),
    added: trans.__('added'),
    removed: trans.__('removed'),
    retyped: trans.__('other type'),
  };
  const arrow = (before: string | null, after: string | null): string =>
    before === after ? (before ?? '') : trans.__('%1 → %2', before ?? '–', after ?? '–');
  const shownShare = (part: number | null | undefined): string | null =>
    part == null ? null : share.format(part);
  const shownMean = (mean: number | null | undefined): string | null =>
    mean == null ? null : metric(mean, locale);
  return (
    <div className="jp-MlwsCompare-scroll">
      <p className="jp-MlwsNote">
        {trans.__('Rows: %1', arrow(number.format(n_rows_before), number.format(n_rows_after)))}
      </p>
      {shown.length > 0 && (
        <table className="jp-MlwsCompare-table" aria-label={name}>
          <thead>
            <tr>
              <th scope="col">{trans.__('Column')}</th>
              <th scope="col">{trans.__('Change')}</th>
              <th scope="col">{trans.__('Type')}</th>
              <th scope="col">{trans.__('Missing')}</th>
              <th scope="col">{trans.__('Mean')}</th>
              <th scope="col" title={trans.__('Population stability index: over 0.25 is much')}>
                PSI
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(column => (
              <tr key={column.name}>
                <th scope="row">{column.name}</th>
                <td>{words[column.state]}</td>
                <td>{arrow(column.type_before ?? null, column.type_after ?? null)}</td>
                <td>
                  {arrow(shownShare(column.missing_before), shownShare(column.missing_after))}
                </td>
                <td>{arrow(shownMean(column.mean_before), shownMean(column.mean_after))}</td>
                <td>{column.psi == null ? '' : metric(column.psi, locale)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Read(props: { item: DataInput | null | undefined; base?: DataInput | null }): JSX.Element {
  const { item, base } = props;
  const { trans, locale } = useLanguage();
  if (!item) {
    return <Absent />;
  }
  const rows =
    item.n_rows == null
      ? null
      : trans
          ._n('%1 row', '%1 rows', item.n_rows)
          .replace(String(item.n_rows), new Intl.NumberFormat(locale).format(item.n_rows));
  return (
    <div className="jp-MlwsRead">
      <span>
        {item.name} {item.version && <span className="jp-MlwsTag">{item.version}</span>}
      </span>
      {rows && <span className="jp-MlwsNote">{rows}</span>}
      {item.source && item.source !== item.name && (
        <span className="jp-MlwsNote">{item.source}</span>
      )}
      {item.columns && base?.columns && <Columns old={base.columns} now={item.columns} />}
    </div>
  );
}

/** Columns that came, went, or have another type. */
function Columns(props: {
  old: Record<string, string>;
  now: Record<string, string>;
}): JSX.Element | null {
  const { old, now } = props;
  const { trans } = useLanguage();
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  const told = names
    .filter(name => old[name] !== now[name])
    .map(name => {
      if (!(name in old)) {
        return trans.__('+ %1 (%2)', name, now[name] ?? '');
      }
      return name in now
        ? trans.__('%1: %2 → %3', name, old[name] ?? '', now[name] ?? '')
        : trans.__('− %1', name);
    });
  return told.length > 0 ? (
    <ul className="jp-MlwsRead-columns">
      {told.map(text => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  ) : null;
}

/** A row of values as they are. */
export function rowOf(row: ValueRow): IRow {
  return {
    key: row.key,
    differs: row.differs,
    changed: row.values.map(value => value !== row.values[0]),
    cells: row.values.map(
      (value, at): ReactNode =>
        // biome-ignore lint/suspicious/noArrayIndexKey: a value belongs to the run at its place.
        value == null ? <Absent key={at} /> : String(value),
    ),
  };
}

export function Absent(): JSX.Element {
  const { trans } = useLanguage();
  return (
    <span className="jp-MlwsNote" title={trans.__('This run has none')}>
      –
    </span>
  );
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

// What the columns of a version look like, and how they differ from those of another.
import '../../style/data.css';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect } from 'react';
import type { Schemas } from '../api/client';
import type { DataModel, Pending, VersionModel } from '../model/data';
import { useLanguage } from '../ui/context';
import { Choice, ProgressBar } from '../ui/controls';
import { metric } from '../ui/format';
import { Histogram } from '../ui/histogram';
import { useResource, useSignal } from '../ui/hooks';
import { Empty, ErrorStrip } from '../ui/states';

type ColumnProfile = Schemas['ColumnProfile'];
type ColumnChange = Schemas['ColumnChange'];

export function Profile(props: { version: VersionModel }): JSX.Element {
  const { version } = props;
  const { trans, locale } = useLanguage();
  useEffect(() => version.ensure(version.profile), [version]);
  const found = useAnalysis(version.profile)?.profile;
  if (!found) {
    return <Working pending={version.profile} />;
  }
  const number = new Intl.NumberFormat(locale);
  return (
    <div className="jp-MlwsProfile">
      <p className="jp-MlwsNote">
        {trans.__('%1 rows, %2 columns', number.format(found.n_rows), found.n_columns)}
      </p>
      <ul className="jp-MlwsProfile-columns">
        {found.columns.map(column => (
          <li key={column.name} className="jp-MlwsProfile-column" data-column={column.name}>
            <header>
              <strong title={column.name}>{column.name}</strong>
              <span className="jp-MlwsTag">{column.type}</span>
            </header>
            <Shape column={column} nRows={found.n_rows} />
            <Facts column={column} nRows={found.n_rows} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The answer, drawn again while it is on its way. */
function useAnalysis(pending: Pending): Schemas['Analysis'] | null {
  const { value } = useResource(pending);
  useSignal(pending.progressed);
  return value;
}

/** How far it is, or why it failed. */
export function Working(props: { pending: Pending }): JSX.Element {
  const { pending } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(pending);
  const failed = error ?? (value?.error ? { message: value.error } : null);
  if (failed) {
    return <ErrorStrip error={failed} onRetry={() => void pending.refresh()} />;
  }
  const percent = Math.round((pending.progress?.progress ?? 0) * 100);
  const label = trans.__('%1 %', percent);
  return (
    <output className="jp-MlwsWorking">
      <span>{trans.__('Reading the whole table…')}</span>
      <ProgressBar done={percent} total={100} label={label} />
      <span className="jp-MlwsNote">
        {label} {pending.progress?.step}
      </span>
    </output>
  );
}

/** How the values of a column are spread: a histogram, or the most frequent ones. */
export function Shape(props: { column: ColumnProfile; nRows: number }): JSX.Element | null {
  const { column, nRows } = props;
  const { trans, locale } = useLanguage();
  if (column.histogram && column.histogram.length > 0) {
    const bars = column.histogram.map(bin => ({
      label: `${side(bin.low, locale)} – ${side(bin.high, locale)}: ${bin.count}`,
      value: bin.count,
    }));
    const label = trans.__(
      'From %1 to %2, most often near %3',
      side(column.min, locale),
      side(column.max, locale),
      side(column.quantiles?.['0.5'], locale),
    );
    return <Histogram bars={bars} label={label} width={230} height={48} />;
  }
  const top = column.top ?? [];
  if (top.length === 0) {
    return null;
  }
  const most = top[0]?.count ?? 1;
  return (
    <ol className="jp-MlwsTop" aria-label={trans.__('Most frequent values')}>
      {top.slice(0, 5).map(item => (
        <li key={String(item.value)} title={`${String(item.value)}: ${item.count}`}>
          <span className="jp-MlwsTop-bar" style={{ width: `${(item.count / most) * 100}%` }} />
          <span className="jp-MlwsTop-value">
            {item.value === '' ? trans.__('(empty)') : String(item.value)}
          </span>
          <span className="jp-MlwsTop-share">{share(item.count, nRows, locale)}</span>
        </li>
      ))}
    </ol>
  );
}

function Facts(props: { column: ColumnProfile; nRows: number }): JSX.Element {
  const { column, nRows } = props;
  const { trans, locale } = useLanguage();
  const facts = factsOf(column, nRows, trans, locale).filter(([, value]) => value !== '');
  return (
    <dl className="jp-MlwsColumnFacts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd title={value}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function factsOf(
  column: ColumnProfile,
  nRows: number,
  trans: TranslationBundle,
  locale: string,
): [string, string][] {
  const number = new Intl.NumberFormat(locale);
  const missing = column.n_missing
    ? `${number.format(column.n_missing)} (${share(column.n_missing, nRows, locale)})`
    : '0';
  const distinct =
    column.n_distinct === undefined || column.n_distinct === null
      ? ''
      : `${column.distinct_is_approximate ? '≈ ' : ''}${number.format(column.n_distinct)}`;
  const quantile = (key: string): string => side(column.quantiles?.[key], locale);
  return [
    [trans.__('Missing'), missing],
    [trans.__('Distinct'), distinct],
    [trans.__('Minimum'), side(column.min, locale)],
    [trans.__('25 %'), quantile('0.25')],
    [trans.__('Median'), quantile('0.5')],
    [trans.__('75 %'), quantile('0.75')],
    [trans.__('Maximum'), side(column.max, locale)],
    [trans.__('Mean'), side(column.mean, locale)],
    [trans.__('Deviation'), side(column.std, locale)],
    [trans.__('Skewness'), side(column.skewness, locale)],
    [trans.__('Kurtosis'), side(column.kurtosis, locale)],
    [trans.__('Zeros'), column.n_zero ? number.format(column.n_zero) : ''],
    [trans.__('Empty'), column.n_empty ? number.format(column.n_empty) : ''],
    [
      trans.__('Length'),
      column.max_length === undefined || column.max_length === null
        ? ''
        : `${column.min_length} – ${column.max_length}`,
    ],
  ];
}

/** How a version differs from an earlier one. */
export function Changes(props: { model: DataModel; version: VersionModel }): JSX.Element {
  const { model, version } = props;
  const { trans } = useLanguage();
  const { changes } = version;
  useEffect(() => {
    if (changes) {
      version.ensure(changes);
    }
  }, [version, changes]);
  const others = (model.versions.value ?? []).filter(
    asset => asset.version !== version.asset.version,
  );
  if (!changes) {
    return <Empty text={trans.__('This is the first version: there is nothing to compare.')} />;
  }
  return (
    <div className="jp-MlwsChanges">
      <Choice
        label={trans.__('Compared with version')}
        value={version.base?.version ?? ''}
        options={others.map(asset => [asset.version, asset.version] as const)}
        onChange={base => model.compareWith(base)}
      />
      <ChangesTable pending={changes} />
    </div>
  );
}

function ChangesTable(props: { pending: Pending }): JSX.Element {
  const { trans, locale } = useLanguage();
  const found = useAnalysis(props.pending)?.comparison;
  if (!found) {
    return <Working pending={props.pending} />;
  }
  const number = new Intl.NumberFormat(locale);
  const order = ['removed', 'added', 'retyped', 'changed', 'same'];
  const rows = [...found.columns].sort(
    (a, b) => order.indexOf(a.state) - order.indexOf(b.state) || (b.psi ?? 0) - (a.psi ?? 0),
  );
  const nChanged = rows.filter(row => row.state !== 'same').length;
  return (
    <>
      <p className="jp-MlwsNote">
        {trans.__(
          '%1 → %2 rows',
          number.format(found.n_rows_before),
          number.format(found.n_rows_after),
        )}
        {' · '}
        {nChanged === 0
          ? trans.__('No column has changed.')
          : trans._n('%1 column has changed', '%1 columns have changed', nChanged)}
      </p>
      <table className="jp-MlwsChanges-table">
        <thead>
          <tr>
            <th>{trans.__('Column')}</th>
            <th>{trans.__('Change')}</th>
            <th>{trans.__('Before and now')}</th>
            <th className="jp-mod-number" title={trans.__('Population stability index')}>
              PSI
            </th>
            <th className="jp-mod-number" title={trans.__('Jensen-Shannon distance')}>
              JS
            </th>
            <th className="jp-mod-number">{trans.__('Missing')}</th>
            <th className="jp-mod-number">{trans.__('Mean')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <ChangeRow key={row.name} row={row} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function ChangeRow(props: { row: ColumnChange }): JSX.Element {
  const { row } = props;
  const { trans, locale } = useLanguage();
  const words: Record<ColumnChange['state'], string> = {
    same: trans.__('Same'),
    changed: trans.__('Changed'),
    added: trans.__('Added'),
    removed: trans.__('Removed'),
    retyped: trans.__('Other type'),
  };
  const before = row.before ?? [];
  const bars = (row.after ?? []).map((value, at) => ({
    label: `${row.labels?.[at] ?? at}: ${percent(before[at], locale)} → ${percent(value, locale)}`,
    value,
    other: before[at] ?? 0,
  }));
  const types = row.type_before !== row.type_after;
  return (
    <tr data-column={row.name} data-state={row.state}>
      <th scope="row">{row.name}</th>
      <td>
        <span className={`jp-MlwsChange jp-mod-${row.state}`}>{words[row.state]}</span>
        {types && row.type_before && row.type_after && (
          <span className="jp-MlwsNote">
            {' '}
            {row.type_before} → {row.type_after}
          </span>
        )}
      </td>
      <td>
        {bars.length > 0 && (
          <Histogram
            bars={bars}
            label={trans.__('Shares before and now')}
            width={Math.min(260, Math.max(90, bars.length * 18))}
          />
        )}
      </td>
      <td className="jp-mod-number">{side(row.psi, locale)}</td>
      <td className="jp-mod-number">{side(row.js_distance, locale)}</td>
      <td className="jp-mod-number">
        {pair(row.missing_before, row.missing_after, percent, locale)}
      </td>
      <td className="jp-mod-number">{pair(row.mean_before, row.mean_after, side, locale)}</td>
    </tr>
  );
}

function pair(
  before: number | null | undefined,
  after: number | null | undefined,
  show: (value: number | null | undefined, locale: string) => string,
  locale: string,
): string {
  const [was, now] = [show(before, locale), show(after, locale)];
  return was === now ? now : `${was} → ${now}`;
}

function percent(value: number | null | undefined, locale: string): string {
  return value === null || value === undefined
    ? ''
    : new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }).format(value);
}

export function share(count: number, of: number, locale: string): string {
  return percent(of ? count / of : 0, locale);
}

/** A number, a text, or a moment without what is zero in it. */
function side(value: number | string | null | undefined, locale: string): string {
  return typeof value === 'string'
    ? value.replace(/^(\d{4}-\d\d-\d\d)T(?:00:00:00$)?/, '$1 ').trimEnd()
    : metric(value, locale);
}

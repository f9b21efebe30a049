// Columns of the runs table, and the picker that chooses them.
import '../../style/pages.css';
import '../../style/runs.css';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { MetricSpread, Run } from '../api/client';
import { type Builtin, type ColumnKind, columnChoices, type IColumnChoice } from '../model/columns';
import { deltaTo } from '../model/metrics';
import type { IGroupRow, IMoreRow, IRow, IRunRow } from '../model/rows';
import type { RunsModel } from '../model/runs';
import { quoteKey } from '../model/search';
import { colourOf } from '../ui/chart';
import { useLanguage } from '../ui/context';
import { Button, Check, Search } from '../ui/controls';
import { metric } from '../ui/format';
import { StatusChip } from '../ui/status';
import type { IColumn } from '../ui/table';
import { Ago, Elapsed } from '../ui/time';

/** More columns of metrics, params and tags than these are not drawn; the page says so. */
const MOST_COLUMNS = 40;

type RunColumn = IColumn<IRow>;

/** What a column says of runs; of groups it says nothing. */
type OfRun = Omit<IColumn<IRunRow>, 'id' | 'title'>;

/** A column of runs as one of all rows. */
function ofRows(id: string, title: string, column: OfRun): RunColumn {
  const { render, titleOf, ...rest } = column;
  return {
    ...rest,
    id,
    title,
    render: row => ('run' in row ? render(row) : null),
    titleOf: titleOf && (row => ('run' in row ? titleOf(row) : '')),
  };
}

/** Columns of the table, and how many of the chosen ones found no room. */
export function useColumns(model: RunsModel): [readonly RunColumn[], number] {
  const { trans, locale } = useLanguage();
  const { columns: chosen, onlyDiffering, withCharts } = model.look.value;
  const { keys } = model;
  const { baseline, isGrouped } = model;
  const choices = useMemo(
    () => columnChoices(keys, chosen, onlyDiffering).filter(choice => choice.isShown),
    [keys, chosen, onlyDiffering],
  );
  // The same columns stay the same objects while only values change, so that rows are not drawn again.
  const key = JSON.stringify(choices.map(choice => choice.id));
  const colours = JSON.stringify(
    model.charted.map(run => [run.run_id, model.colourOf(run.run_id)]),
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the keys stand for the choices and colours.
  return useMemo(() => {
    const own = choices.filter(choice => choice.kind === 'builtin');
    const logged = choices.filter(choice => choice.kind !== 'builtin');
    const columns = [
      ...own.map(choice => builtinColumn(choice.key as Builtin, model, trans)),
      ...logged
        .slice(0, MOST_COLUMNS)
        .map(choice => loggedColumn(choice, baseline, isGrouped, locale, trans)),
    ];
    const nLeft = Math.max(0, logged.length - MOST_COLUMNS);
    return [withCharts ? [eyeColumn(model, trans), ...columns] : columns, nLeft];
  }, [model, key, colours, withCharts, baseline, isGrouped, trans, locale]);
}

function eyeColumn(model: RunsModel, trans: TranslationBundle): RunColumn {
  return ofRows('eye', '', {
    width: 30,
    render: ({ run }) => {
      const colour = model.colourOf(run.run_id);
      return (
        <button
          type="button"
          className="jp-MlwsEye"
          tabIndex={-1}
          aria-pressed={colour !== undefined}
          title={trans.__('In charts (e)')}
          onClick={event => {
            event.stopPropagation();
            model.toggleEye(run.run_id);
          }}
        >
          <span style={colour === undefined ? undefined : { background: colourOf(colour) }} />
        </button>
      );
    },
  });
}

function text(value: string): JSX.Element {
  return <span className="jp-MlwsTable-text">{value}</span>;
}

function builtinColumn(id: Builtin, model: RunsModel, trans: TranslationBundle): RunColumn {
  const columns: Record<Builtin, OfRun> = {
    status: {
      width: 116,
      sortKey: 'attributes.status',
      render: ({ run }) => <StatusChip status={run.status} />,
    },
    name: {
      width: 200,
      sortKey: 'attributes.run_name',
      render: row => <Name row={row} model={model} />,
      titleOf: ({ run }) => run.name,
    },
    experiment: { width: 110, render: ({ run }) => text(run.experiment_name) },
    created: {
      width: 92,
      sortKey: 'attributes.start_time',
      render: ({ run }) => <Ago time={run.created_at} />,
    },
    duration: {
      width: 84,
      align: 'end',
      render: ({ run }) => (
        <Elapsed status={run.status} startedAt={run.started_at} endedAt={run.ended_at} />
      ),
    },
    user: { width: 80, sortKey: 'attributes.user_id', render: ({ run }) => text(run.user) },
    type: { width: 84, render: ({ run }) => text(run.type) },
    run_id: { width: 120, render: ({ run }) => text(run.run_id), titleOf: ({ run }) => run.run_id },
  };
  const column = ofRows(id, titleOfBuiltin(id, trans), columns[id]);
  if (id !== 'name') {
    return column;
  }
  return {
    ...column,
    render: row => ('run' in row ? column.render(row) : <GroupName row={row} model={model} />),
  };
}

function titleOfBuiltin(id: Builtin, trans: TranslationBundle): string {
  const titles: Record<Builtin, string> = {
    status: trans.__('State'),
    name: trans.__('Name'),
    experiment: trans.__('Experiment'),
    created: trans.__('Created'),
    duration: trans.__('Duration'),
    user: trans.__('User'),
    type: trans.__('Type'),
    run_id: trans.__('Id'),
  };
  return titles[id];
}

/** What the runs of a group have in common, or that there are more of them. */
function GroupName(props: { row: IGroupRow | IMoreRow; model: RunsModel }): JSX.Element {
  const { trans } = useLanguage();
  const { row, model } = props;
  if ('more' in row) {
    return (
      <button
        type="button"
        className="jp-MlwsLink jp-MlwsRuns-more"
        tabIndex={-1}
        onClick={event => {
          event.stopPropagation();
          model.groups.more(row.more);
        }}
      >
        {trans._n('Show more (%1 left)', 'Show more (%1 left)', row.nLeft)}
      </button>
    );
  }
  const { group, isOpen } = row;
  return (
    <>
      <FoldMark isOpen={isOpen} onFold={open => model.groups.fold(group, open)} />
      <strong className="jp-MlwsTable-text">{group.value ?? trans.__('(none)')}</strong>
      <span className="jp-MlwsCount">{group.n_runs}</span>
    </>
  );
}

function FoldMark(props: { isOpen: boolean; onFold: (isOpen: boolean) => void }): JSX.Element {
  const { trans } = useLanguage();
  const { isOpen, onFold } = props;
  return (
    <button
      type="button"
      className="jp-MlwsFold"
      tabIndex={-1}
      title={isOpen ? trans.__('Fold') : trans.__('Unfold')}
      onClick={event => {
        event.stopPropagation();
        onFold(!isOpen);
      }}
    >
      <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
    </button>
  );
}

/** The name of a run, below its parent, with what unfolds those below it. */
function Name(props: { row: IRunRow; model: RunsModel }): JSX.Element {
  const { trans } = useLanguage();
  const { row, model } = props;
  const { run, depth, nNested, isOpen } = row;
  return (
    <>
      {depth > 0 && <span style={{ flex: 'none', width: depth * 18 }} />}
      {nNested > 0 && <FoldMark isOpen={isOpen} onFold={open => model.fold(run.run_id, open)} />}
      {text(run.name)}
      {nNested > 0 && <span className="jp-MlwsCount">{nNested}</span>}
      {model.baseline?.run_id === run.run_id && (
        <span className="jp-MlwsCount jp-mod-baseline">{trans.__('baseline')}</span>
      )}
    </>
  );
}

function loggedColumn(
  choice: IColumnChoice,
  baseline: Run | null,
  isGrouped: boolean,
  locale: string,
  trans: TranslationBundle,
): RunColumn {
  const { id, kind, key } = choice;
  const sortKey = `${kind}.${quoteKey(key)}`;
  if (kind === 'metrics') {
    const column = ofRows(id, key, {
      sortKey,
      width: baseline || isGrouped ? 164 : 110,
      align: 'end',
      render: ({ run }) => (
        <>
          {metric(run.metrics?.[key], locale)}
          {baseline && (
            <Delta
              delta={
                baseline.run_id === run.run_id
                  ? null
                  : deltaTo(run.metrics?.[key], baseline.metrics?.[key])
              }
            />
          )}
        </>
      ),
      titleOf: ({ run }) =>
        baseline
          ? trans.__('%1, baseline %2', run.metrics?.[key] ?? '–', baseline.metrics?.[key] ?? '–')
          : String(run.metrics?.[key] ?? ''),
    });
    const spreadOf = (row: IRow): MetricSpread | undefined =>
      'group' in row ? row.group.metrics?.[key] : undefined;
    return {
      ...column,
      render: row => {
        const spread = spreadOf(row);
        return spread ? <Spread spread={spread} /> : column.render(row);
      },
      titleOf: row => {
        const spread = spreadOf(row);
        return spread
          ? trans.__('Mean %1, least %2, greatest %3', spread.mean, spread.min, spread.max)
          : (column.titleOf?.(row) ?? '');
      },
    };
  }
  const textOf = (run: Run): string => (kind === 'tags' ? run.tags : run.params)?.[key] ?? '';
  return ofRows(id, key, {
    sortKey,
    width: 100,
    render: ({ run }) => text(textOf(run)),
    titleOf: ({ run }) => textOf(run),
  });
}

/** Mean of a metric in a group, with least and greatest. */
function Spread(props: { spread: MetricSpread }): JSX.Element {
  const { locale } = useLanguage();
  const { mean, min, max } = props.spread;
  return (
    <>
      {metric(mean, locale)}
      <span className="jp-MlwsSpread">
        {metric(min, locale)} – {metric(max, locale)}
      </span>
    </>
  );
}

function Delta(props: { delta: number | null }): JSX.Element {
  const { locale } = useLanguage();
  const { delta } = props;
  return (
    <span className="jp-MlwsBaselineDelta">
      {delta !== null &&
        (delta === 0 ? '=' : `${delta > 0 ? '▲' : '▼'} ${metric(Math.abs(delta), locale)}`)}
    </span>
  );
}

/** A button that opens the list of all columns, to be searched and ticked. */
export function ColumnPicker(props: { model: RunsModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const [isOpen, setOpen] = useState(false);
  const holder = useRef<HTMLSpanElement>(null);
  const close = (): void => {
    setOpen(false);
    holder.current?.querySelector('button')?.focus();
  };
  useEffect(() => {
    if (!isOpen) {
      return undefined;
    }
    holder.current?.querySelector<HTMLElement>('input')?.focus();
    const onPointer = (event: PointerEvent): void => {
      if (!holder.current?.contains(event.target as Node)) {
        setOpen(false);
      }
    };
    document.addEventListener('pointerdown', onPointer);
    return () => document.removeEventListener('pointerdown', onPointer);
  }, [isOpen]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes wherever in it the focus is.
    <span
      ref={holder}
      className="jp-MlwsPicker"
      onKeyDown={event => {
        if (event.key === 'Escape' && isOpen) {
          event.stopPropagation();
          close();
        }
      }}
    >
      <Button aria-expanded={isOpen} aria-haspopup="dialog" onClick={() => setOpen(!isOpen)}>
        {trans.__('Columns')}
      </Button>
      {isOpen && <ColumnList model={model} />}
    </span>
  );
}

function ColumnList(props: { model: RunsModel }): JSX.Element {
  const { look } = props.model;
  const { trans } = useLanguage();
  const [sought, setSought] = useState('');
  const { columns: chosen, onlyDiffering } = look.value;
  const low = sought.trim().toLowerCase();
  const nameOf = (choice: IColumnChoice): string =>
    choice.kind === 'builtin' ? titleOfBuiltin(choice.key as Builtin, trans) : choice.key;
  const found = columnChoices(props.model.keys, chosen, onlyDiffering).filter(choice =>
    nameOf(choice).toLowerCase().includes(low),
  );
  const groups: [ColumnKind, string][] = [
    ['builtin', trans.__('General')],
    ['metrics', trans.__('Metrics')],
    ['params', trans.__('Parameters')],
    ['tags', trans.__('Tags')],
  ];
  return (
    <div className="jp-MlwsPicker-list" role="dialog" aria-label={trans.__('Columns')}>
      <Search label={trans.__('Search columns')} value={sought} onChange={setSought} />
      <Check
        label={trans.__('Only columns that differ')}
        checked={onlyDiffering}
        onChange={value => {
          look.value = { ...look.value, onlyDiffering: value };
        }}
      />
      <div className="jp-MlwsPicker-groups">
        {groups.map(([kind, title]) => {
          const choices = found.filter(choice => choice.kind === kind);
          return (
            choices.length > 0 && (
              <fieldset key={kind}>
                <legend>{title}</legend>
                {choices.map(choice => (
                  <Check
                    key={choice.id}
                    label={nameOf(choice)}
                    checked={choice.isShown}
                    onChange={isShown => {
                      look.value = { ...look.value, columns: { ...chosen, [choice.id]: isShown } };
                    }}
                  />
                ))}
              </fieldset>
            )
          );
        })}
        {found.length === 0 && <p className="jp-MlwsNote">{trans.__('No such column.')}</p>}
      </div>
      <Button
        minimal
        onClick={() => {
          look.value = { ...look.value, columns: {}, widths: {} };
        }}
      >
        {trans.__('Reset columns')}
      </Button>
    </div>
  );
}

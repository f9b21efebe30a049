// The runs page: every run that fits a filter, and how their metrics went.
import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Run } from '../api/client';
import type { RunsModel } from '../model/runs';
import { quoteKey } from '../model/search';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Check, CopyButton, Search, Toolbar } from '../ui/controls';
import { metric } from '../ui/format';
import { useDelayed, useResource, useSignal } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { StatusChip } from '../ui/status';
import { type IColumn, Table } from '../ui/table';
import { Ago, Elapsed } from '../ui/time';
import { ConnectionMark } from './connection';
import { execute, openRunMenu, targetOfRun, usePage } from './page';
import { SeriesCharts } from './series';

/** More columns than these are not drawn; the table says so. */
const MOST_COLUMNS = 40;

export function RunsPage(props: { model: RunsModel }): JSX.Element {
  const { model } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const { value, error, isLoading } = useResource(model.runs);
  useSignal(model.queryChanged);
  const [onlyDiffering, setOnlyDiffering] = useState(true);
  const [withCharts, setWithCharts] = useState(false);
  const { query } = model;
  const isBusy = useDelayed(isLoading);
  const isFilterWrong = error?.code === 'INVALID';
  const [columns, nHidden] = useColumns(model, onlyDiffering);
  const onEnd = useCallback(() => void model.runs.more(), [model]);

  useEffect(() => {
    model.withCharts = withCharts;
  }, [model, withCharts]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the page's keys work wherever in it the focus is.
    <div
      className="jp-MlwsPage jp-MlwsRuns"
      onKeyDown={event => {
        if (event.key === '/' && !(event.target instanceof HTMLInputElement)) {
          event.preventDefault();
          event.currentTarget.querySelector<HTMLElement>('.jp-MlwsRuns-filter')?.focus();
        }
      }}
    >
      {isBusy && <div className="jp-MlwsPage-busy" />}
      <Toolbar
        label={trans.__('Runs')}
        end={
          <>
            {nHidden > 0 && (
              <span className="jp-MlwsNote">
                {trans._n('%1 column not shown', '%1 columns not shown', nHidden)}
              </span>
            )}
            <Check
              label={trans.__('Only columns that differ')}
              checked={onlyDiffering}
              onChange={setOnlyDiffering}
            />
            <Check
              label={trans.__('Archived')}
              checked={query.archived}
              onChange={archived => model.ask({ archived })}
            />
            <Check label={trans.__('Charts')} checked={withCharts} onChange={setWithCharts} />
            <ConnectionMark />
            <Button
              minimal
              icon={refreshIcon}
              title={trans.__('Read again')}
              onClick={() => void model.runs.refresh()}
            />
          </>
        }
      >
        <FilterBox model={model} isWrong={isFilterWrong} />
      </Toolbar>
      {isFilterWrong && (
        <p className="jp-MlwsRuns-wrong" id="mlws-filter-error" role="alert">
          {error.problems.map(problem => problem.message).join(' ') || error.message}
        </p>
      )}
      {error && !isFilterWrong && (
        <ErrorStrip error={error} onRetry={() => void model.runs.refresh()} />
      )}
      {!value && !error && <Skeleton rows={10} />}
      {value?.length === 0 && <NoRuns model={model} />}
      {value && value.length > 0 && (
        <div className="jp-MlwsRuns-split">
          <Table
            label={trans.__('Runs')}
            columns={columns}
            rows={value}
            rowKey={run => run.run_id}
            sort={query.orderBy ? { key: query.orderBy, descending: query.descending } : undefined}
            onSort={sort => model.ask({ orderBy: sort.key, descending: sort.descending })}
            onOpen={run => execute(page, CommandIDs.openRun, { run_id: run.run_id })}
            onMenu={(run, x, y) => openRunMenu(page, targetOfRun(run), x, y)}
            onEnd={onEnd}
            hasMore={model.runs.hasMore}
            isBusy={isBusy}
          />
          {withCharts && <Charts model={model} />}
        </div>
      )}
    </div>
  );
}

function FilterBox(props: { model: RunsModel; isWrong: boolean }): JSX.Element {
  const { model, isWrong } = props;
  const { trans } = useLanguage();
  const [text, setText] = useState(model.query.text);
  const timer = useRef<number>();
  const asked = model.query.text;
  // A new filter can come from outside too: a link, a command.
  useEffect(() => setText(asked), [asked]);
  const change = (next: string): void => {
    setText(next);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => model.ask({ text: next }), 350);
  };
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return (
    <Search
      className="jp-MlwsRuns-filter"
      label={trans.__('Filter runs')}
      placeholder={trans.__('Filter: name, failed, @me, or metrics.accuracy > 0.9')}
      value={text}
      onChange={change}
      aria-invalid={isWrong}
      aria-describedby={isWrong ? 'mlws-filter-error' : undefined}
      onKeyDown={event => {
        if (event.key === 'Enter') {
          window.clearTimeout(timer.current);
          model.ask({ text });
        }
      }}
    />
  );
}

function NoRuns(props: { model: RunsModel }): JSX.Element {
  const page = usePage();
  const { trans } = useLanguage();
  const { query } = props.model;
  if (query.text) {
    return (
      <Empty text={trans.__('No run fits the filter.')}>
        <Button onClick={() => props.model.ask({ text: '' })}>{trans.__('Clear filter')}</Button>
      </Empty>
    );
  }
  if (query.archived) {
    return <Empty text={trans.__('Nothing is archived.')} />;
  }
  const code = 'import mlflow\nwith mlflow.start_run():\n    mlflow.log_metric("loss", 0.1)';
  return (
    <Empty
      text={trans.__(
        'A run is one execution with its parameters, metrics and files. Log one from any notebook:',
      )}
    >
      <div className="jp-MlwsSnippet">
        <pre>{code}</pre>
        <CopyButton text={code} />
      </div>
      <Button primary onClick={() => execute(page, CommandIDs.openExample)}>
        {trans.__('Try the example')}
      </Button>
    </Empty>
  );
}

function Charts(props: { model: RunsModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.series);
  useResource(model.runs);
  const names = new Map(model.charted.map(run => [run.run_id, run.name]));
  return (
    <aside className="jp-MlwsRuns-charts" aria-label={trans.__('Charts')}>
      {error && <ErrorStrip error={error} onRetry={() => void model.series.refresh()} />}
      {!value && !error && <Skeleton rows={6} />}
      {value && (
        <SeriesCharts
          series={value}
          metrics={model.chartedMetrics}
          nameOf={id => names.get(id) ?? id}
          startOf={() => undefined}
        />
      )}
    </aside>
  );
}

/** Columns of the table, and how many of those that differ found no room. */
function useColumns(model: RunsModel, onlyDiffering: boolean): [readonly IColumn<Run>[], number] {
  const { trans, locale } = useLanguage();
  const runs = model.runs.items;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the names of columns come from the runs.
  const names = useMemo(() => model.columns(onlyDiffering), [model, runs, onlyDiffering]);
  const key = JSON.stringify(names);
  // biome-ignore lint/correctness/useExhaustiveDependencies: columns of the same names are the same.
  return useMemo(() => columnsOf(names, trans, locale), [key, trans, locale]);
}

function columnsOf(
  names: { metrics: string[]; params: string[] },
  trans: TranslationBundle,
  locale: string,
): [readonly IColumn<Run>[], number] {
  const fixed: IColumn<Run>[] = [
    {
      id: 'status',
      title: trans.__('State'),
      width: 116,
      sortKey: 'attributes.status',
      render: run => <StatusChip status={run.status} />,
    },
    {
      id: 'name',
      title: trans.__('Name'),
      width: 200,
      sortKey: 'attributes.run_name',
      render: run => <span className="jp-MlwsTable-text">{run.name}</span>,
      titleOf: run => run.name,
    },
    {
      id: 'experiment',
      title: trans.__('Experiment'),
      width: 110,
      render: run => <span className="jp-MlwsTable-text">{run.experiment_name}</span>,
    },
    {
      id: 'created',
      title: trans.__('Created'),
      width: 92,
      sortKey: 'attributes.start_time',
      render: run => <Ago time={run.created_at} />,
    },
    {
      id: 'duration',
      title: trans.__('Duration'),
      width: 84,
      align: 'end',
      render: run => (
        <Elapsed status={run.status} startedAt={run.started_at} endedAt={run.ended_at} />
      ),
    },
    {
      id: 'user',
      title: trans.__('User'),
      width: 80,
      sortKey: 'attributes.user_id',
      render: run => <span className="jp-MlwsTable-text">{run.user}</span>,
    },
  ];
  const metrics = names.metrics.map(
    (name): IColumn<Run> => ({
      id: `metrics.${name}`,
      title: name,
      width: 110,
      align: 'end',
      sortKey: `metrics.${quoteKey(name)}`,
      render: run => metric(run.metrics?.[name], locale),
      titleOf: run => String(run.metrics?.[name] ?? ''),
    }),
  );
  const params = names.params.map(
    (name): IColumn<Run> => ({
      id: `params.${name}`,
      title: name,
      width: 100,
      sortKey: `params.${quoteKey(name)}`,
      render: run => <span className="jp-MlwsTable-text">{run.params?.[name] ?? ''}</span>,
      titleOf: run => run.params?.[name] ?? '',
    }),
  );
  const shown = [...metrics, ...params];
  return [[...fixed, ...shown.slice(0, MOST_COLUMNS)], Math.max(0, shown.length - MOST_COLUMNS)];
}

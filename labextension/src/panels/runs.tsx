// The runs page: every run that fits a filter, and how their metrics went.
import { refreshIcon } from '@jupyterlab/ui-components';
import { memo, useCallback, useMemo, useState } from 'react';
import type { IRunRow } from '../model/rows';
import type { IRunsLook, RunsModel } from '../model/runs';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Check, CopyButton, Toolbar } from '../ui/controls';
import { useDelayed, useResource, useSignal } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { Table } from '../ui/table';
import { ConnectionMark } from './connection';
import { execute, openRunMenu, targetOfRun, usePage } from './page';
import { BulkBar } from './runs-bulk';
import { ColumnPicker, useColumns } from './runs-columns';
import { FilterBox, FilterFault } from './runs-filter';
import { SeriesCharts } from './series';

export function RunsPage(props: { model: RunsModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { error, isLoading } = useResource(model.runs);
  useSignal(model.queryChanged);
  useSignal(model.changed);
  const [isTagging, setTagging] = useState(false);
  const isBusy = useDelayed(isLoading);
  const { shown } = model;
  const isFilterWrong = error?.code === 'INVALID';
  const isChosen = model.selectedRuns.length > 0;

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
      <RunsToolbar model={model} isFilterWrong={isFilterWrong} />
      {isFilterWrong && <FilterFault filter={model.filter} error={error} />}
      {error && !isFilterWrong && (
        <ErrorStrip error={error} onRetry={() => void model.runs.refresh()} />
      )}
      {!shown && !error && <Skeleton rows={10} />}
      {shown?.length === 0 && <NoRuns model={model} />}
      {shown && shown.length > 0 && (
        <div className="jp-MlwsRuns-split">
          <div className="jp-MlwsRuns-table">
            {model.nNew > 0 && (
              <Button primary className="jp-MlwsRuns-new" onClick={() => model.showNew()}>
                {trans._n('%1 new', '%1 new', model.nNew)}
              </Button>
            )}
            <RunsTable model={model} isBusy={isBusy} onTag={() => setTagging(true)} />
            {isChosen && <BulkBar model={model} isTagging={isTagging} onTag={setTagging} />}
          </div>
          {model.look.value.withCharts && (
            <>
              <Divider model={model} />
              <Charts model={model} />
            </>
          )}
        </div>
      )}
    </div>
  );
}

const LEAST_SHARE = 20;
const MOST_SHARE = 80;

/** Between table and charts: dragged, or moved by the arrows. */
function Divider(props: { model: RunsModel }): JSX.Element {
  const { look } = props.model;
  const { trans } = useLanguage();
  const share = look.value.chartsWidth;
  const move = (to: number): void => {
    const chartsWidth = Math.round(Math.max(LEAST_SHARE, Math.min(MOST_SHARE, to)));
    look.value = { ...look.value, chartsWidth };
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule cannot be moved.
    <div
      className="jp-MlwsDivider"
      role="separator"
      tabIndex={0}
      aria-label={trans.__('Width of the charts')}
      aria-orientation="vertical"
      aria-valuenow={share}
      aria-valuemin={LEAST_SHARE}
      aria-valuemax={MOST_SHARE}
      onKeyDown={event => {
        const by = { ArrowLeft: 3, ArrowRight: -3 }[event.key];
        if (by !== undefined) {
          event.preventDefault();
          move(share + by);
        }
      }}
      onPointerDown={event => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={event => {
        const whole = event.currentTarget.parentElement?.getBoundingClientRect();
        if (whole && event.currentTarget.hasPointerCapture(event.pointerId)) {
          move(((whole.right - event.clientX) / whole.width) * 100);
        }
      }}
    />
  );
}

function RunsToolbar(props: { model: RunsModel; isFilterWrong: boolean }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const look = model.look.value;
  const set = (change: Partial<IRunsLook>): void => {
    model.look.value = { ...look, ...change };
  };
  return (
    <Toolbar
      label={trans.__('Runs')}
      end={
        <>
          <Check
            label={trans.__('Nested')}
            checked={look.isNested}
            onChange={isNested => set({ isNested })}
          />
          <Check
            label={trans.__('Archived')}
            checked={model.query.archived}
            onChange={archived => model.ask({ archived })}
          />
          <Check
            label={trans.__('Charts')}
            checked={look.withCharts}
            onChange={withCharts => set({ withCharts })}
          />
          <ColumnPicker model={model} />
          <ConnectionMark />
          <Button
            minimal
            icon={refreshIcon}
            title={trans.__('Read again')}
            onClick={() => void model.readAgain()}
          />
        </>
      }
    >
      <FilterBox model={model} isWrong={props.isFilterWrong} />
    </Toolbar>
  );
}

function RunsTable(props: { model: RunsModel; isBusy: boolean; onTag: () => void }): JSX.Element {
  const { model } = props;
  const page = usePage();
  const { trans } = useLanguage();
  useSignal(model.hovered.changed);
  const [columns, nLeft] = useColumns(model);
  const { rows, query, look } = model;
  const onEnd = useCallback(() => void model.runs.more(), [model]);
  const onTop = useCallback(
    (isAtTop: boolean) => {
      model.isAtTop = isAtTop;
    },
    [model],
  );
  const isTree = rows.some(row => row.nNested > 0);
  const letters: Record<string, (row: IRunRow) => void> = {
    b: ({ run }) => model.toggleBaseline(run),
    e: ({ run }) => model.toggleEye(run.run_id),
    t: ({ run }) => {
      if (model.selectedRuns.length === 0) {
        model.select(new Set([run.run_id]));
      }
      props.onTag();
    },
  };
  return (
    <>
      <Table<IRunRow>
        label={trans.__('Runs')}
        columns={columns}
        rows={rows}
        rowKey={row => row.run.run_id}
        sort={query.orderBy ? { key: query.orderBy, descending: query.descending } : undefined}
        onSort={sort => model.ask({ orderBy: sort.key, descending: sort.descending })}
        onOpen={({ run }) => execute(page, CommandIDs.openRun, { run_id: run.run_id })}
        onMenu={({ run }, x, y) => openRunMenu(page, targetOfRun(run), x, y)}
        onEnd={onEnd}
        hasMore={model.runs.hasMore}
        isBusy={props.isBusy}
        selected={model.selected}
        onSelect={ids => model.select(ids)}
        onKey={(key, row) => {
          const act = letters[key];
          act?.(row);
          return act !== undefined;
        }}
        levelOf={
          isTree
            ? row => ({ level: row.depth + 1, isOpen: row.nNested > 0 ? row.isOpen : undefined })
            : undefined
        }
        onFold={({ run }, isOpen) => model.fold(run.run_id, isOpen)}
        widths={look.value.widths}
        onResize={(id, width) => {
          const { [id]: _, ...widths } = look.value.widths;
          look.value = {
            ...look.value,
            widths: width === null ? widths : { ...widths, [id]: width },
          };
        }}
        litKey={model.hovered.value}
        onHover={id => {
          model.hovered.value = id;
        }}
        onTop={onTop}
        topKey={model.answers}
      />
      {nLeft > 0 && (
        <p className="jp-MlwsRuns-note">
          {trans._n('%1 column not shown', '%1 columns not shown', nLeft)}
        </p>
      )}
    </>
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

const Charts = memo(function Charts(props: { model: RunsModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.series);
  useSignal(model.changed);
  const { charted } = model;
  const names = useMemo(() => new Map(charted.map(run => [run.run_id, run.name])), [charted]);
  const nameOf = useCallback((id: string) => names.get(id) ?? id, [names]);
  const colourOfRun = useCallback((id: string) => model.colourOf(id), [model]);
  // A closed eye takes its lines away at once, before points are read anew.
  const series = useMemo(() => (value ?? []).filter(one => names.has(one.run_id)), [value, names]);
  return (
    <aside
      className="jp-MlwsRuns-charts"
      aria-label={trans.__('Charts')}
      style={{ flexBasis: `${model.look.value.chartsWidth}%` }}
    >
      {error && <ErrorStrip error={error} onRetry={() => void model.series.refresh()} />}
      {!value && !error && <Skeleton rows={6} />}
      {value && charted.length === 0 && (
        <Empty text={trans.__('No run is charted. Switch on the eye of a run in the table (e).')} />
      )}
      {value && charted.length > 0 && (
        <SeriesCharts
          series={series}
          metrics={model.chartedMetrics}
          nameOf={nameOf}
          colourOf={colourOfRun}
          lit={model.hovered}
          startOf={startUnknown}
        />
      )}
    </aside>
  );
});

/** Each run starts at its first point. */
function startUnknown(): undefined {
  return undefined;
}

// The runs page: every run that fits a filter, and how their metrics went.
import '../../style/pages.css';
import { refreshIcon } from '@jupyterlab/ui-components';
import { useCallback, useState } from 'react';
import type { Run } from '../api/client';
import { keyOf } from '../model/cards';
import { type IRow, rowId } from '../model/rows';
import type { IRunsLook, RunsModel } from '../model/runs';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Check, Choice, CopyButton, Toolbar } from '../ui/controls';
import { useDelayed, useResource, useSignal } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { Table } from '../ui/table';
import { ConnectionMark } from './connection';
import { execute, openRunMenu, targetOfRun, usePage } from './page';
import { type Asking, BulkBar, compare } from './runs-bulk';
import { ChartCards } from './runs-cards';
import { ColumnPicker, useColumns } from './runs-columns';
import { ExportButton } from './runs-export';
import { FilterBox, FilterFault } from './runs-filter';
import { FolderRail } from './runs-folders';
import { ViewTabs } from './runs-views';

export function RunsPage(props: { model: RunsModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { error, isLoading } = useResource(model.runs);
  useSignal(model.queryChanged);
  useSignal(model.changed);
  const [asking, setAsking] = useState<Asking>(null);
  const grouping = useResource(model.groups.groups);
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
      <ViewTabs model={model} />
      <RunsToolbar model={model} isFilterWrong={isFilterWrong} />
      {isFilterWrong && <FilterFault filter={model.filter} error={error} />}
      {error && !isFilterWrong && (
        <ErrorStrip error={error} onRetry={() => void model.runs.refresh()} />
      )}
      {model.isGrouped && grouping.error && !isFilterWrong && (
        <ErrorStrip error={grouping.error} onRetry={() => void model.groups.groups.refresh()} />
      )}
      {!shown && !error && <Skeleton rows={10} />}
      {shown?.length === 0 && (
        <div className="jp-MlwsRuns-split">
          <FolderRail model={model} />
          <NoRuns model={model} />
        </div>
      )}
      {shown && shown.length > 0 && (
        <div className="jp-MlwsRuns-split">
          <FolderRail model={model} />
          <div className="jp-MlwsRuns-table">
            {model.nNew > 0 && (
              <Button primary className="jp-MlwsRuns-new" onClick={() => model.showNew()}>
                {trans._n('%1 new', '%1 new', model.nNew)}
              </Button>
            )}
            <RunsTable model={model} isBusy={isBusy} onAsk={setAsking} />
            {isChosen && <BulkBar model={model} asking={asking} onAsk={setAsking} />}
          </div>
          {model.look.value.withCharts && (
            <>
              <Divider model={model} />
              <ChartCards model={model} />
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
  const page = usePage();
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
          <Choice
            label={trans.__('Group by')}
            value={model.query.groupBy}
            options={groupings(model, trans)}
            onChange={groupBy => model.ask({ groupBy })}
          />
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
          <Button
            title={trans.__('Bring MLflow runs in…')}
            onClick={() => execute(page, CommandIDs.bringRuns)}
          >
            {trans.__('Bring in…')}
          </Button>
          <ExportButton model={model} />
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

/** By what the runs can be grouped. */
function groupings(
  model: RunsModel,
  trans: ReturnType<typeof useLanguage>['trans'],
): [string, string][] {
  const { groupBy } = model.query;
  const own: [string, string][] = [
    ['attributes.user', trans.__('User')],
    ['attributes.status', trans.__('State')],
    ['attributes.type', trans.__('Type')],
  ];
  const params = model.charts.names.params.map(name => [`params.${name}`, name]);
  const known = [...params, ...own] as [string, string][];
  const isKnown = !groupBy || known.some(([id]) => id === groupBy);
  // A view may group by what none of the runs has that are shown now.
  const chosen: [string, string][] = isKnown ? [] : [[groupBy, keyOf(groupBy)]];
  return [['', trans.__('nothing')], ...chosen, ...known];
}

function RunsTable(props: {
  model: RunsModel;
  isBusy: boolean;
  onAsk: (asking: Asking) => void;
}): JSX.Element {
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
  const isTree = rows.some(row => 'group' in row || ('run' in row && row.nNested > 0));
  const ask = (run: Run, asking: Asking): void => {
    if (model.selectedRuns.length === 0) {
      model.select(new Set([run.run_id]));
    }
    props.onAsk(asking);
  };
  const letters: Record<string, (run: Run) => void> = {
    b: run => model.toggleBaseline(run),
    e: run => model.toggleEye(run.run_id),
    t: run => ask(run, 'tag'),
    m: run => ask(run, 'folder'),
    c: run => compare(page, model.selectedRuns.length > 0 ? model.selectedRuns : [run]),
  };
  return (
    <>
      <Table<IRow>
        label={trans.__('Runs')}
        columns={columns}
        rows={rows}
        rowKey={rowId}
        sort={query.orderBy ? { key: query.orderBy, descending: query.descending } : undefined}
        onSort={sort => model.ask({ orderBy: sort.key, descending: sort.descending })}
        onOpen={row => {
          if ('run' in row) {
            execute(page, CommandIDs.openRun, { run_id: row.run.run_id });
          } else if ('group' in row) {
            model.groups.fold(row.group, !row.isOpen);
          } else {
            model.groups.more(row.more);
          }
        }}
        onMenu={(row, x, y) => {
          if ('run' in row) {
            openRunMenu(page, targetOfRun(row.run), x, y);
          }
        }}
        onEnd={onEnd}
        hasMore={!model.isGrouped && model.runs.hasMore}
        isBusy={props.isBusy}
        selected={model.selected}
        onSelect={ids => model.select(ids)}
        canSelect={isRun}
        onKey={(key, row) => {
          const act = 'run' in row ? letters[key] : undefined;
          if ('run' in row) {
            act?.(row.run);
          }
          return act !== undefined;
        }}
        levelOf={isTree ? levelOf : undefined}
        onFold={(row, isOpen) => {
          if ('run' in row) {
            model.fold(row.run.run_id, isOpen);
          } else if ('group' in row) {
            model.groups.fold(row.group, isOpen);
          }
        }}
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
  if (query.folder && !query.text) {
    return (
      <Empty text={trans.__('No run is in this folder.')}>
        <Button onClick={() => props.model.ask({ folder: '' })}>{trans.__('All runs')}</Button>
      </Empty>
    );
  }
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
      <Button onClick={() => execute(page, CommandIDs.bringRuns)}>
        {trans.__('Bring MLflow runs in…')}
      </Button>
    </Empty>
  );
}

function isRun(row: IRow): boolean {
  return 'run' in row;
}

function levelOf(row: IRow): { level: number; isOpen?: boolean } {
  if ('run' in row) {
    return { level: row.depth + 1, isOpen: row.nNested > 0 ? row.isOpen : undefined };
  }
  return 'group' in row ? { level: 1, isOpen: row.isOpen } : { level: 2 };
}

// All trials of a sweep as a table: the best is marked, brushed axes filter it.
import type { TranslationBundle } from '@jupyterlab/translation';
import { useMemo, useState } from 'react';
import { isFinal } from '../model/states';
import {
  drawnNames,
  type ITrialSort,
  type Sweep,
  type SweepModel,
  sorted,
  type Trial,
  type TrialState,
  wordOf,
} from '../model/sweep';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Choice } from '../ui/controls';
import { durationOf } from '../ui/duration';
import { metric } from '../ui/format';
import { useNow, useSignal } from '../ui/hooks';
import { StatusIcon } from '../ui/status';
import { type IColumn, Table } from '../ui/table';
import { execute, openRunMenu, usePage } from './page';

type Shown = TrialState | 'all';

export function stateWord(state: TrialState, trans: TranslationBundle): string {
  switch (state) {
    case 'waiting':
      return trans.__('Waiting');
    case 'running':
      return trans.__('Running');
    case 'completed':
      return trans.__('Completed');
    case 'failed':
      return trans.__('Failed');
    case 'canceled':
      return trans.__('Canceled');
    case 'stopped':
      return trans.__('Stopped early');
  }
}

const STATES: readonly TrialState[] = [
  'running',
  'completed',
  'stopped',
  'failed',
  'canceled',
  'waiting',
];

export function Trials(props: {
  model: SweepModel;
  sweep: Sweep;
  brushed: ReadonlySet<string> | null;
}): JSX.Element {
  const { model, sweep, brushed } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  useSignal(model.hovered.changed);
  const now = useNow(1000, !isFinal(sweep.status));
  const [sort, setSort] = useState<ITrialSort>({ key: 'number', descending: true });
  const [shown, setShown] = useState<Shown>('all');
  const names = useMemo(() => drawnNames(sweep), [sweep]);
  const rows = useMemo(() => {
    const found = sweep.trials.filter(
      trial => (shown === 'all' || trial.state === shown) && (brushed?.has(trial.name) ?? true),
    );
    return sorted(found, sort);
  }, [sweep, sort, shown, brushed]);
  const columns = useMemo<IColumn<Trial>[]>(
    () => [
      {
        id: 'number',
        title: trans.__('Trial'),
        width: 80,
        sortKey: 'number',
        render: trial => (
          <span data-trial={trial.name}>
            {trial.number}
            {trial.name === sweep.best && (
              <span className="jp-MlwsTag jp-MlwsSweep-best">{trans.__('best')}</span>
            )}
          </span>
        ),
      },
      {
        id: 'state',
        title: trans.__('State'),
        width: 130,
        sortKey: 'state',
        render: trial => (
          <span className="jp-MlwsSweep-state" data-state={trial.state}>
            <StatusIcon status={trial.status} />
            {stateWord(trial.state, trans)}
          </span>
        ),
        titleOf: trial => trial.stopped || trial.error || stateWord(trial.state, trans),
      },
      {
        id: 'value',
        title: sweep.primary_metric,
        width: 100,
        align: 'end',
        sortKey: 'value',
        render: trial => metric(trial.value, locale),
        titleOf: trial => String(trial.value ?? ''),
      },
      ...names.map<IColumn<Trial>>(name => ({
        id: `values.${name}`,
        title: name,
        width: 110,
        align: 'end',
        sortKey: `values.${name}`,
        render: trial => shownValue(trial.values[name], locale),
        titleOf: trial => (name in trial.values ? wordOf(trial.values[name]) : ''),
      })),
      {
        id: 'time',
        title: trans.__('Duration'),
        width: 90,
        align: 'end',
        sortKey: 'time',
        render: trial => (trial.started_at ? durationOf(trial, now) : ''),
      },
    ],
    [names, sweep.best, sweep.primary_metric, trans, locale, now],
  );
  return (
    <section className="jp-MlwsSweep-trials" aria-label={trans.__('Trials')}>
      <header className="jp-MlwsSweep-bar">
        <h3>{trans._n('%1 trial', '%1 trials', rows.length)}</h3>
        <Choice<Shown>
          label={trans.__('Show')}
          value={shown}
          options={[
            ['all', trans.__('All')],
            ...STATES.map(state => [state, stateWord(state, trans)] as const),
          ]}
          onChange={setShown}
        />
      </header>
      <Table<Trial>
        label={trans.__('Trials')}
        columns={columns}
        rows={rows}
        rowKey={trial => trial.name}
        sort={sort}
        onSort={setSort}
        onOpen={trial => execute(page, CommandIDs.openRun, { run_id: trial.name })}
        onMenu={(trial, x, y) => openRunMenu(page, targetOf(trial), x, y)}
        litKey={model.hovered.value}
        onHover={key => {
          model.hovered.value = key;
        }}
      />
    </section>
  );
}

function shownValue(value: unknown, locale: string): string {
  return value == null ? '' : typeof value === 'number' ? metric(value, locale) : wordOf(value);
}

function targetOf(trial: Trial) {
  return {
    run_id: trial.name,
    name: trial.name,
    type: trial.notebook ? 'notebook' : 'command',
    status: trial.status,
    archived: false,
    user: '',
  };
}

// The page of an AutoML job: its leaderboard, what was found in the data, and what matters.
import '../../style/sweep.css';
import '../../style/automl.css';
import { useMemo, useRef, useState } from 'react';
import {
  type AutoMLModel,
  type Contender,
  canStop,
  isLost,
  type Leaderboard,
  leftSeconds,
  otherMetrics,
  ranked,
} from '../model/automl';
import { isFinal } from '../model/states';
import { bestSoFar } from '../model/sweep';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Check, ProgressBar } from '../ui/controls';
import { durationOf } from '../ui/duration';
import { duration, metric } from '../ui/format';
import { useNow, useResource } from '../ui/hooks';
import { Boundary, Empty, ErrorStrip, type IShownError, Skeleton } from '../ui/states';
import { StatusChip, StatusIcon, statusWord } from '../ui/status';
import { type IColumn, Table } from '../ui/table';
import { Explained } from './automl-explained';
import { Plots } from './automl-plots';
import { ConnectionMark } from './connection';
import { execute, openRunMenu, usePage } from './page';
import { Card, Weights } from './search-parts';
import { BestPlot } from './sweep-plots';
import { stateWord } from './sweep-trials';

export function AutoMLPage(props: { model: AutoMLModel }): JSX.Element {
  const { model } = props;
  const { value, error } = useResource(model.board);
  const retry = (): void => void model.board.refresh();
  const [chosen, setChosen] = useState<string | null>(null);
  const body = useRef<HTMLDivElement>(null);
  const look = (name: string): void => {
    setChosen(name);
    body.current?.querySelector('.jp-MlwsPlots')?.scrollIntoView({ block: 'start' });
  };
  if (!value) {
    return (
      <div className="jp-MlwsPage">
        {error ? <ErrorStrip error={error} onRetry={retry} /> : <Skeleton rows={8} />}
      </div>
    );
  }
  return (
    <div className="jp-MlwsPage jp-MlwsAutoML" data-automl={value.name}>
      <Head model={model} board={value} />
      {error && <ErrorStrip error={error} onRetry={retry} />}
      {value.error && <ErrorStrip error={{ message: value.error }} />}
      <div className="jp-MlwsSweep-body" ref={body}>
        <Boundary>
          <Cards model={model} board={value} />
        </Boundary>
        <Trials board={value} look={look} />
        <Boundary>
          <Plots model={model} board={value} chosen={chosen} choose={setChosen} />
        </Boundary>
      </div>
    </div>
  );
}

function Head(props: { model: AutoMLModel; board: Leaderboard }): JSX.Element {
  const { model, board } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  const [failure, setFailure] = useState<IShownError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const now = useNow(1000, !isFinal(board.status));
  const nDone = board.trials.filter(t => t.state !== 'waiting' && t.state !== 'running').length;
  const progress = trans.__('%1 of %2 trials', nDone, board.max_total_trials);
  const left = leftSeconds(board, now);
  const best = board.trials.find(trial => trial.name === board.best);
  const args = { run_id: board.name };
  const stop = (): void => {
    setFailure(null);
    setBusy(true);
    model
      .stop()
      .catch((error: IShownError) => setFailure(error))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <header className="jp-MlwsRunHead">
        <StatusChip status={board.status} />
        <span className="jp-MlwsRunHead-name">
          <h2 title={board.display_name}>{board.display_name}</h2>
        </span>
        <span className="jp-MlwsRunHead-time" title={trans.__('Duration')}>
          {durationOf(board, now)}
        </span>
        <span className="jp-MlwsRunHead-progress">
          <ProgressBar done={nDone} total={board.max_total_trials} label={progress} />
          <span className="jp-MlwsNote">{progress}</span>
        </span>
        <span className="jp-MlwsRunHead-actions">
          <ConnectionMark />
          {!isFinal(board.status) && (
            <>
              <Button
                primary
                disabled={isBusy || !canStop(board)}
                title={
                  board.best
                    ? trans.__('Try no more; the job completes with the best so far')
                    : trans.__('No trial has a score yet.')
                }
                onClick={stop}
              >
                {board.stopped ? trans.__('Stopping…') : trans.__('Stop and keep best')}
              </Button>
              <Button
                danger
                disabled={board.status === 'CancelRequested'}
                onClick={() => execute(page, CommandIDs.cancelJob, args)}
              >
                {trans.__('Cancel')}
              </Button>
            </>
          )}
          {best && page.commands.hasCommand(CommandIDs.registerModel) && (
            <Button
              primary={isFinal(board.status)}
              title={trans.__('Keep the best model as a version of a registered one')}
              onClick={() => execute(page, CommandIDs.registerModel, { run_id: best.name })}
            >
              {trans.__('Register best…')}
            </Button>
          )}
          <Button minimal onClick={() => execute(page, CommandIDs.openRun, args)}>
            {trans.__('Run page')}
          </Button>
        </span>
      </header>
      {failure && <ErrorStrip error={failure} />}
      <p className="jp-MlwsSweep-facts">
        <span>{taskOf(board, trans)}</span>
        <span>
          {board.goal === 'minimize'
            ? trans.__('Least %1', board.primary_metric)
            : trans.__('Greatest %1', board.primary_metric)}
          {': '}
          {best ? (
            <button
              type="button"
              className="jp-MlwsSweep-link"
              data-best={best.name}
              onClick={() => execute(page, CommandIDs.openRun, { run_id: best.name })}
            >
              {metric(board.best_value, locale)} · {best.algorithm}
            </button>
          ) : (
            '–'
          )}
        </span>
        <span>{trans.__('At the same time: %1', board.max_concurrent_trials)}</span>
        {board.test && (
          <span>
            {trans.__('On the test data')}
            {': '}
            <button
              type="button"
              className="jp-MlwsSweep-link"
              data-test={board.test.name}
              onClick={() => execute(page, CommandIDs.openRun, { run_id: board.test?.name ?? '' })}
            >
              {board.test.status === 'Completed'
                ? metric(board.test_metrics?.[board.primary_metric], locale)
                : statusWord(board.test.status, trans)}
            </button>
          </span>
        )}
        {left !== null && <span>{trans.__('Time left: %1', duration(left * 1000))}</span>}
      </p>
    </>
  );
}

function Cards(props: { model: AutoMLModel; board: Leaderboard }): JSX.Element {
  const { model, board } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const history = useMemo(() => bestSoFar(board), [board]);
  const { exploration, explanation, guardrails = [] } = board;
  const opener = (notebook: { name: string } | null | undefined, label: string) =>
    notebook && (
      <Button
        minimal
        onClick={() => execute(page, CommandIDs.openNotebook, { name: notebook.name })}
      >
        {label}
      </Button>
    );
  return (
    <div className="jp-MlwsChartCards jp-MlwsSweep-charts">
      <Card title={trans.__('Best so far')} id="best">
        {history.x.length > 0 ? (
          <BestPlot history={history} metric={board.primary_metric} />
        ) : (
          <Empty text={trans.__('No trial has a score yet.')} />
        )}
      </Card>
      <Card
        title={trans.__('What was found in the data')}
        id="guardrails"
        tools={opener(exploration, trans.__('Open notebook'))}
      >
        {guardrails.length > 0 ? (
          <ul className="jp-MlwsGuardrails">
            {guardrails.map(rail => (
              <li key={`${rail.name} ${rail.text}`} data-state={rail.state}>
                <strong>{rail.name}</strong>
                <span className="jp-MlwsTag">{railWord(rail.state, trans)}</span>
                <p>{rail.text}</p>
              </li>
            ))}
          </ul>
        ) : (
          <Empty text={trans.__('The data is being looked at.')} />
        )}
      </Card>
      {board.task !== 'forecasting' && (
        <Card
          title={trans.__('What the best model goes by')}
          id="importance"
          tools={opener(explanation, trans.__('Open notebook'))}
        >
          <Weights
            weights={board.importances ?? []}
            emptyText={trans.__('It is known when the best model was explained, at the end.')}
          />
        </Card>
      )}
      {explanation?.status === 'Completed' && <Explained model={model} name={explanation.name} />}
    </div>
  );
}

function taskOf(board: Leaderboard, trans: ReturnType<typeof useLanguage>['trans']): string {
  switch (board.task) {
    case 'classification':
      return trans.__('Classification of %1', board.target);
    case 'forecasting':
      return trans.__('Forecast of %1', board.target);
    default:
      return trans.__('Regression of %1', board.target);
  }
}

function railWord(state: string, trans: ReturnType<typeof useLanguage>['trans']): string {
  switch (state) {
    case 'Passed':
      return trans.__('Passed');
    case 'Done':
      return trans.__('Mended');
    case 'Alerted':
      return trans.__('To look at');
    default:
      return state;
  }
}

function Trials(props: { board: Leaderboard; look: (name: string) => void }): JSX.Element {
  const { board, look } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  const now = useNow(1000, !isFinal(board.status));
  const [withLost, setWithLost] = useState(false);
  const all = useMemo(() => ranked(board), [board]);
  const others = useMemo(() => otherMetrics(board), [board]);
  const nLost = all.filter(isLost).length;
  const rows = withLost ? all : all.filter(trial => !isLost(trial));
  const columns: IColumn<Contender>[] = [
    {
      id: 'algorithm',
      title: trans.__('Algorithm'),
      width: 210,
      render: trial => (
        <span data-trial={trial.name}>
          {trial.algorithm}
          {trial.name === board.best && (
            <span className="jp-MlwsTag jp-MlwsSweep-best">{trans.__('best')}</span>
          )}
        </span>
      ),
      titleOf: trial =>
        Object.entries(trial.values ?? {})
          .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
          .join('\n') || trial.algorithm,
    },
    {
      id: 'value',
      title: board.primary_metric,
      width: 130,
      align: 'end',
      render: trial => metric(trial.value, locale),
      titleOf: trial => String(trial.value ?? ''),
    },
    {
      id: 'state',
      title: trans.__('State'),
      width: 130,
      render: trial => (
        <span className="jp-MlwsSweep-state" data-state={trial.state}>
          <StatusIcon status={trial.status} />
          {stateWord(trial.state, trans)}
        </span>
      ),
      titleOf: trial => trial.error || stateWord(trial.state, trans),
    },
    {
      id: 'time',
      title: trans.__('Duration'),
      width: 90,
      align: 'end',
      render: trial => (trial.started_at ? durationOf(trial, now) : ''),
    },
    {
      id: 'notebook',
      title: trans.__('Notebook'),
      width: 110,
      render: trial =>
        trial.started_at ? (
          <Button
            minimal
            title={trans.__('The notebook that has trained and scored it')}
            onClick={event => {
              event.stopPropagation();
              execute(page, CommandIDs.openNotebook, { name: trial.name });
            }}
          >
            {trans.__('Open')}
          </Button>
        ) : (
          ''
        ),
    },
    {
      id: 'plots',
      title: trans.__('Plots'),
      width: 80,
      render: trial =>
        trial.value != null && (
          <Button
            minimal
            title={trans.__('How good it is, in pictures')}
            onClick={event => {
              event.stopPropagation();
              look(trial.name);
            }}
          >
            {trans.__('Show')}
          </Button>
        ),
    },
    ...others.map<IColumn<Contender>>(name => ({
      id: `metrics.${name}`,
      title: name,
      width: 120,
      align: 'end',
      render: trial => metric(trial.metrics?.[name], locale),
    })),
  ];
  return (
    <section className="jp-MlwsSweep-trials" aria-label={trans.__('Leaderboard')}>
      <header className="jp-MlwsSweep-bar">
        <h3>{trans.__('Leaderboard')}</h3>
        {nLost > 0 && (
          <Check
            label={trans.__('Show what failed (%1)', nLost)}
            checked={withLost}
            onChange={setWithLost}
          />
        )}
      </header>
      {rows.length === 0 ? (
        <Empty text={trans.__('The first trials start when the data was looked at.')} />
      ) : (
        <Table<Contender>
          label={trans.__('Leaderboard')}
          columns={columns}
          rows={rows}
          rowKey={trial => trial.name}
          onOpen={trial => execute(page, CommandIDs.openRun, { run_id: trial.name })}
          onMenu={(trial, x, y) =>
            openRunMenu(
              page,
              {
                run_id: trial.name,
                name: trial.algorithm,
                type: 'notebook',
                status: trial.status,
                archived: false,
                user: '',
              },
              x,
              y,
            )
          }
        />
      )}
    </section>
  );
}

// The sweep page: how far the search is, what it has found, and every trial.
import '../../style/sweep.css';
import { ellipsesIcon } from '@jupyterlab/ui-components';
import { useCallback, useMemo, useState } from 'react';
import { isFinal } from '../model/states';
import {
  bestSoFar,
  columnsOf,
  drawnNames,
  type Sweep,
  type SweepModel,
  standing,
} from '../model/sweep';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Choice, ProgressBar } from '../ui/controls';
import { durationOf } from '../ui/duration';
import { metric } from '../ui/format';
import { useNow, useResource } from '../ui/hooks';
import { Boundary, Empty, ErrorStrip, type IShownError, Skeleton } from '../ui/states';
import { StatusChip } from '../ui/status';
import { ConnectionMark } from './connection';
import { execute, openRunMenu, usePage } from './page';
import { Axes } from './parallel';
import { Card, Weights } from './search-parts';
import { BestPlot, SlicePlot, SurfacePlot } from './sweep-plots';
import { Trials } from './sweep-trials';

/** How many trials the buttons add. */
const N_MORE = 20;

export function SweepPage(props: { model: SweepModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.sweep);
  const [brushed, setBrushed] = useState<ReadonlySet<string> | null>(null);
  const retry = (): void => void model.sweep.refresh();
  if (!value) {
    return (
      <div className="jp-MlwsPage">
        {error ? <ErrorStrip error={error} onRetry={retry} /> : <Skeleton rows={8} />}
      </div>
    );
  }
  return (
    <div className="jp-MlwsPage jp-MlwsSweep" data-sweep={value.name}>
      <Head model={model} sweep={value} />
      {error && <ErrorStrip error={error} onRetry={retry} />}
      {value.error && <ErrorStrip error={{ message: value.error }} />}
      <div className="jp-MlwsSweep-body">
        {value.trials.length === 0 ? (
          <Empty text={trans.__('The first trials are about to start.')} />
        ) : (
          <>
            <Boundary>
              <Charts model={model} sweep={value} onBrushed={setBrushed} />
            </Boundary>
            <Trials model={model} sweep={value} brushed={brushed} />
          </>
        )}
      </div>
    </div>
  );
}

function Head(props: { model: SweepModel; sweep: Sweep }): JSX.Element {
  const { model, sweep } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  const [failure, setFailure] = useState<IShownError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const now = useNow(1000, !isFinal(sweep.status));
  const { nDone, canAdd, canNarrow, canResume } = standing(sweep);
  const progress = trans.__('%1 of %2 trials', nDone, sweep.max_total_trials);
  const args = { run_id: sweep.name };
  const attempt = (act: () => Promise<void>): void => {
    setFailure(null);
    setBusy(true);
    act()
      .catch((error: IShownError) => setFailure(error))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <header className="jp-MlwsRunHead">
        <StatusChip status={sweep.status} />
        <span className="jp-MlwsRunHead-name">
          <h2 title={sweep.display_name}>{sweep.display_name}</h2>
        </span>
        <span className="jp-MlwsRunHead-time" title={trans.__('Duration')}>
          {durationOf(sweep, now)}
        </span>
        <span className="jp-MlwsRunHead-progress">
          <ProgressBar done={nDone} total={sweep.max_total_trials} label={progress} />
          <span className="jp-MlwsNote">{progress}</span>
        </span>
        <span className="jp-MlwsRunHead-actions">
          <ConnectionMark />
          {!isFinal(sweep.status) && (
            <Button
              danger
              disabled={sweep.status === 'CancelRequested'}
              onClick={() => execute(page, CommandIDs.cancelJob, args)}
            >
              {trans.__('Cancel')}
            </Button>
          )}
          {canResume && (
            <Button
              disabled={isBusy}
              title={trans.__('Try again what failed or was canceled, and what is left')}
              onClick={() => attempt(() => model.resume())}
            >
              {trans.__('Resume')}
            </Button>
          )}
          <Button
            disabled={isBusy || !canNarrow}
            title={trans.__('%1 more trials, only around the best so far', N_MORE)}
            onClick={() => attempt(() => model.narrow(N_MORE))}
          >
            {trans.__('Narrow around best')}
          </Button>
          <Button
            primary={isFinal(sweep.status)}
            disabled={isBusy || !canAdd}
            title={trans.__('What was tried is kept and learnt from')}
            onClick={() => attempt(() => model.addTrials(N_MORE))}
          >
            {trans.__('Add %1 trials', N_MORE)}
          </Button>
          <Button minimal onClick={() => execute(page, CommandIDs.openRun, args)}>
            {trans.__('Run page')}
          </Button>
          <Button
            minimal
            icon={ellipsesIcon}
            title={trans.__('More actions')}
            aria-haspopup="menu"
            onClick={event => {
              const box = event.currentTarget.getBoundingClientRect();
              const target = {
                run_id: sweep.name,
                name: sweep.display_name,
                type: 'sweep',
                status: sweep.status,
                archived: false,
                user: '',
              };
              openRunMenu(page, target, box.left, box.bottom);
            }}
          />
        </span>
      </header>
      {failure && <ErrorStrip error={failure} />}
      <p className="jp-MlwsSweep-facts">
        <span>
          {sweep.goal === 'minimize'
            ? trans.__('Least %1', sweep.primary_metric)
            : trans.__('Greatest %1', sweep.primary_metric)}
          {': '}
          {sweep.best ? (
            <button
              type="button"
              className="jp-MlwsSweep-link"
              data-best={sweep.best}
              onClick={() => execute(page, CommandIDs.openRun, { run_id: sweep.best ?? '' })}
            >
              {metric(sweep.best_value, locale)}
            </button>
          ) : (
            '–'
          )}
        </span>
        <span>{trans.__('Sampling: %1', sweep.sampling)}</span>
        {sweep.policy && <span>{trans.__('Early termination: %1', sweep.policy)}</span>}
        <span>{trans.__('At the same time: %1', sweep.max_concurrent_trials)}</span>
        {(sweep.narrowed ?? 0) > 0 && (
          <span>{trans.__('Narrowed around the best: %1', sweep.narrowed ?? 0)}</span>
        )}
      </p>
    </>
  );
}

interface IChartsProps {
  model: SweepModel;
  sweep: Sweep;
  onBrushed: (ids: ReadonlySet<string> | null) => void;
}

function Charts(props: IChartsProps): JSX.Element {
  const { model, sweep } = props;
  const { trans } = useLanguage();
  const names = useMemo(() => drawnNames(sweep), [sweep]);
  const columns = useMemo(() => columnsOf(sweep, names), [sweep, names]);
  const history = useMemo(() => bestSoFar(sweep), [sweep]);
  const [order, setOrder] = useState<readonly string[] | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [second, setSecond] = useState<string | null>(null);
  const { value: weights } = useResource(model.weights);
  const all = useMemo(
    () => [...names.map(name => `params.${name}`), `metrics.${sweep.primary_metric}`],
    [names, sweep.primary_metric],
  );
  const axes = useMemo(
    () =>
      order && order.length === all.length && order.every(name => all.includes(name)) ? order : all,
    [order, all],
  );
  const { onBrushed } = props;
  const brush = useCallback((ids: ReadonlySet<string> | null) => onBrushed(ids), [onBrushed]);
  if (columns.run_ids.length === 0) {
    return (
      <Empty
        text={trans.__(
          'No trial has logged %1 yet. Trials log it with mlflow.log_metric.',
          sweep.primary_metric,
        )}
      />
    );
  }
  const first = chosen ?? weights?.[0]?.name ?? names[0] ?? '';
  const other = second ?? names.find(name => name !== first) ?? '';
  const options = names.map(name => [name, name] as const);
  return (
    <div className="jp-MlwsChartCards jp-MlwsSweep-charts">
      <Card title={trans.__('Best so far')} id="best">
        <BestPlot history={history} metric={sweep.primary_metric} />
      </Card>
      <Card title={trans.__('Importance of what was drawn')} id="importance">
        <Weights
          weights={weights}
          emptyText={trans.__('It is known once four trials have completed.')}
        />
      </Card>
      <Card
        title={trans.__('Slice')}
        id="slice"
        tools={
          <Choice
            label={trans.__('Parameter')}
            value={first}
            options={options}
            onChange={setChosen}
          />
        }
      >
        <SlicePlot columns={columns} name={first} metric={sweep.primary_metric} />
      </Card>
      {names.length > 1 && (
        <Card
          title={trans.__('Contour')}
          id="contour"
          tools={
            <Choice
              label={trans.__('Over %1 and', first)}
              value={other}
              options={options.filter(([name]) => name !== first)}
              onChange={setSecond}
            />
          }
        >
          <SurfacePlot columns={columns} x={first} y={other} metric={sweep.primary_metric} />
        </Card>
      )}
      <Card title={trans.__('Parallel coordinates')} id="parallel" isWide>
        <Axes runs={columns} columns={axes} look={model} onOrder={setOrder} onBrushed={brush} />
      </Card>
    </div>
  );
}

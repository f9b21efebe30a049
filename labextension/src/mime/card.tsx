// A run as a small card: live where its workspace can be reached, else as it was.
import { useEffect, useState } from 'react';
import type { Run, Series } from '../api/client';
import { Resource } from '../model/resource';
import { isFinal } from '../model/states';
import { CommandIDs, type IWorkspace } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { duration, metric } from '../ui/format';
import { useNow, useResource } from '../ui/hooks';
import { StatusChip } from '../ui/status';
import { type CardRun, shownMetrics, sparkline } from './payload';

/** Metrics a card has room for. */
const N_METRICS = 4;
const SPARK = { width: 96, height: 22 };

export interface IRunCardProps {
  run: CardRun;
  workspace: IWorkspace;
  execute: (command: string, args: Record<string, string>) => void;
}

export function RunCard(props: IRunCardProps): JSX.Element {
  const { run: printed, workspace, execute } = props;
  const { trans, locale } = useLanguage();
  const { value, error } = useResource(useRun(workspace, printed.run_id));
  const run: CardRun = value ?? printed;
  const isLive = value !== null;
  const isOver = isFinal(run.status);
  const metrics = shownMetrics(run.metrics ?? {}, N_METRICS);
  const label = trans.__('Run %1', run.name);
  return (
    <section className="jp-MlwsCard" aria-label={label} data-live={isLive}>
      <header>
        <StatusChip status={run.status} />
        <span className="jp-MlwsCard-name" title={run.run_id}>
          {run.name}
        </span>
        <span className="jp-MlwsCard-experiment">{run.experiment_name}</span>
        <Elapsed run={run} />
        {isLive && (
          <Button minimal onClick={() => execute(CommandIDs.openRun, { run_id: run.run_id })}>
            {trans.__('Open')}
          </Button>
        )}
        {isLive && !isOver && run.type !== 'mlflow' && (
          <Button minimal onClick={() => execute(CommandIDs.cancelJob, { run_id: run.run_id })}>
            {trans.__('Cancel')}
          </Button>
        )}
      </header>
      {metrics.length > 0 && (
        <dl className="jp-MlwsCard-metrics">
          {metrics.map(([key, latest]) => (
            <div key={key}>
              <dt title={key}>{key}</dt>
              <dd>
                {metric(latest, locale)}
                {isLive && <Spark workspace={workspace} run={run} metricKey={key} />}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {error && !isLive && (
        <p className="jp-MlwsCard-note">
          {trans.__('As it was when this cell ran: the run cannot be reached now.')}
        </p>
      )}
    </section>
  );
}

function Elapsed(props: { run: CardRun }): JSX.Element | null {
  const { run } = props;
  const now = useNow(1000, Boolean(run.started_at) && !run.ended_at);
  if (!run.started_at) {
    return null;
  }
  const end = run.ended_at ? Date.parse(run.ended_at) : now;
  return <span className="jp-MlwsCard-time">{duration(end - Date.parse(run.started_at))}</span>;
}

function Spark(props: {
  workspace: IWorkspace;
  run: CardRun;
  metricKey: string;
}): JSX.Element | null {
  const { workspace, run, metricKey } = props;
  const { trans } = useLanguage();
  const { value } = useResource(useSeries(workspace, run, metricKey));
  const values = (value?.[0]?.values ?? []).map(Number);
  const line = sparkline(values, SPARK.width, SPARK.height);
  return line ? (
    <svg
      className="jp-MlwsCard-spark"
      viewBox={`-1 -1 ${SPARK.width + 2} ${SPARK.height + 2}`}
      role="img"
      aria-label={trans.__('%1 over its steps', metricKey)}
    >
      <path d={line} fill="none" />
    </svg>
  ) : null;
}

/** The run, followed while the card is shown. */
function useRun(workspace: IWorkspace, runId: string): Resource<Run> {
  const [resource] = useState(() => workspace.models.run(runId));
  useEffect(() => () => resource.dispose(), [resource]);
  return resource;
}

/** The points of a metric, read again when its latest value is another. */
function useSeries(
  workspace: IWorkspace,
  run: CardRun,
  metricKey: string,
): Resource<readonly Series[]> {
  const [resource] = useState(
    () =>
      new Resource<readonly Series[]>(signal =>
        workspace.client.call(
          'runs.series',
          { run_ids: [run.run_id], keys: [metricKey], max_points: SPARK.width },
          { signal },
        ),
      ),
  );
  const latest = run.metrics?.[metricKey];
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new value means new points
  useEffect(() => void resource.refresh(), [resource, latest]);
  return resource;
}

// The newest runs, and the best by the chosen metric: a section of the panel.
import type { Run } from '../api/client';
import { mainMetric } from '../model/metrics';
import { families } from '../model/rows';
import { matches } from '../model/search';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { exactTime, metric, relativeTime } from '../ui/format';
import { useNow, useResource, useSignal } from '../ui/hooks';
import { List } from '../ui/list';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { StatusIcon } from '../ui/status';
import { More } from './activity';
import { useIsDown } from './connection';
import { execute, openRunMenu, targetOfRun, usePage } from './page';

export function RecentRuns(props: { search: string }): JSX.Element {
  const page = usePage();
  const { models, settings } = page.workspace;
  const { trans, locale } = useLanguage();
  const isDown = useIsDown();
  const { value, error } = useResource(models.recentRuns);
  const best = useResource(models.bestRun).value;
  useSignal(settings.changed);
  const now = useNow(30_000);
  const me = models.info.value?.user ?? '';
  const listed = props.search ? (value ?? []) : families(value ?? []);
  const found = listed.filter(run => matches(run, props.search, me));
  const others = found.filter(run => run.run_id !== best?.run_id);
  const first = best && matches(best, props.search, me) ? [best] : [];
  const shown = [...first, ...others].slice(0, settings.values.panelRows);

  return (
    <div className="jp-MlwsSection">
      {error && !isDown && (
        <ErrorStrip error={error} onRetry={() => void models.recentRuns.refresh()} />
      )}
      {!value && (!error || isDown) && <Skeleton />}
      {value && shown.length === 0 && (
        <Empty
          text={
            props.search
              ? trans.__('No recent run fits the search.')
              : trans.__('Runs appear here: jobs, and whatever logs with MLflow.')
          }
        >
          {props.search ? (
            <Button onClick={() => execute(page, CommandIDs.openRuns, { search: props.search })}>
              {trans.__('Search all runs')}
            </Button>
          ) : (
            <Button onClick={() => execute(page, CommandIDs.openExample)}>
              {trans.__('Try the example')}
            </Button>
          )}
        </Empty>
      )}
      {shown.length > 0 && (
        <List
          label={trans.__('Runs')}
          items={shown}
          itemKey={run => run.run_id}
          render={run => <RunRow run={run} now={now} isBest={run.run_id === best?.run_id} />}
          titleOf={run =>
            `${run.name}\n${run.experiment_name}\n${exactTime(run.created_at, locale)}`
          }
          onOpen={run => execute(page, CommandIDs.openRun, { run_id: run.run_id })}
          onMenu={(run, x, y) => openRunMenu(page, targetOfRun(run), x, y)}
        />
      )}
      {value && (found.length > shown.length || models.recentRuns.hasMore) && (
        <More label={trans.__('Open all')} />
      )}
    </div>
  );
}

function RunRow(props: { run: Run; now: number; isBest: boolean }): JSX.Element {
  const { run } = props;
  const { trans, locale } = useLanguage();
  const { settings } = usePage().workspace;
  const name = mainMetric(run, settings.values.primaryMetric);
  return (
    <div className="jp-MlwsRow" data-run={run.run_id}>
      <StatusIcon status={run.status} withTitle />
      <span className="jp-MlwsRow-name">
        {props.isBest && (
          <span
            className="jp-MlwsRow-star"
            role="img"
            aria-label={trans.__('Best')}
            title={trans.__('Best')}
          >
            ★
          </span>
        )}
        {run.name}
      </span>
      {name && (
        <span className="jp-MlwsRow-metric" title={name}>
          {metric(run.metrics?.[name], locale)}
        </span>
      )}
      <span className="jp-MlwsRow-time">{relativeTime(run.created_at, props.now, locale)}</span>
    </div>
  );
}

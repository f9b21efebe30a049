// What is running and what waits: a section of the panel, and the popup of the status bar.
import { stopIcon } from '@jupyterlab/ui-components';
import type { Job } from '../api/client';
import { matches } from '../model/search';
import { isWaiting } from '../model/states';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, ProgressBar } from '../ui/controls';
import { duration } from '../ui/format';
import { useNow, useResource, useSignal } from '../ui/hooks';
import { List } from '../ui/list';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { StatusIcon, statusWord } from '../ui/status';
import { useIsDown } from './connection';
import { execute, openRunMenu, targetOfJob, usePage } from './page';

/** Running and queued jobs; at most `rows`, and only those that fit `search`. */
export function Activity(props: { search?: string; rows?: number }): JSX.Element {
  const page = usePage();
  const { models, settings } = page.workspace;
  const { trans } = useLanguage();
  const isDown = useIsDown();
  const { value, error } = useResource(models.jobs);
  useSignal(settings.changed);
  const rows = props.rows ?? settings.values.panelRows;
  const me = models.info.value?.user ?? '';
  const active = models.activeJobs.filter(job =>
    matches({ ...job, name: job.display_name }, props.search ?? '', me),
  );
  const running = active.filter(job => !isWaiting(job.status));
  // The oldest of those that wait starts first.
  const waiting = active.filter(job => isWaiting(job.status)).reverse();
  const shown = [...running, ...waiting].slice(0, rows);

  return (
    <div className="jp-MlwsSection">
      {error && !isDown && <ErrorStrip error={error} onRetry={() => void models.jobs.refresh()} />}
      {!value && (!error || isDown) && <Skeleton />}
      {value && shown.length === 0 && (
        <Empty
          text={
            props.search
              ? trans.__('Nothing that runs fits the search.')
              : trans.__('Nothing is running.')
          }
        >
          {!props.search && (
            <Button onClick={() => execute(page, CommandIDs.runDialog)}>
              {trans.__('Run a notebook…')}
            </Button>
          )}
        </Empty>
      )}
      {shown.length > 0 && (
        <List
          label={trans.__('Activity')}
          items={shown}
          itemKey={job => job.name}
          render={job => <ActivityRow job={job} place={waiting.indexOf(job) + 1} />}
          titleOf={job => hoverText(job)}
          onOpen={job => execute(page, CommandIDs.openRun, { run_id: job.name })}
          onMenu={(job, x, y) => openRunMenu(page, targetOfJob(job), x, y)}
        />
      )}
      {active.length > shown.length && (
        <More
          label={trans._n('%1 more', '%1 more', active.length - shown.length)}
          filter="attributes.status IN ('Running', 'Queued')"
        />
      )}
    </div>
  );
}

function ActivityRow(props: { job: Job; place: number }): JSX.Element {
  const { job, place } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const now = useNow(1000);
  const since = job.started_at ?? job.creation_context.created_at;
  const elapsed = now - new Date(since).getTime();
  const { progress } = job;
  return (
    <div className="jp-MlwsActivityRow" data-job={job.name}>
      <div className="jp-MlwsRow">
        <StatusIcon status={job.status} withTitle />
        <span className="jp-MlwsRow-name">{job.display_name}</span>
        <span className="jp-MlwsRow-time">{duration(elapsed)}</span>
        <Button
          minimal
          className="jp-MlwsRow-action"
          icon={stopIcon}
          title={trans.__('Cancel')}
          disabled={job.status === 'CancelRequested'}
          onClick={event => {
            event.stopPropagation();
            execute(page, CommandIDs.cancelJob, { run_id: job.name });
          }}
        />
      </div>
      <div className="jp-MlwsRow jp-mod-second">
        {progress ? (
          <>
            <ProgressBar
              done={progress.done}
              total={progress.total}
              label={trans.__('%1 of %2 cells', progress.done, progress.total)}
            />
            <span className="jp-MlwsRow-note">
              {trans.__('%1 of %2 cells', progress.done, progress.total)}
            </span>
          </>
        ) : (
          <span className="jp-MlwsRow-note">
            {place > 0
              ? trans.__('%1, place %2', statusWord(job.status, trans), place)
              : trans.__('%1 on %2', statusWord(job.status, trans), job.compute)}
          </span>
        )}
      </div>
    </div>
  );
}

/** Leads to the runs page. */
export function More(props: { label: string; filter?: string }): JSX.Element {
  const page = usePage();
  return (
    <button
      type="button"
      className="jp-MlwsMore"
      onClick={() =>
        execute(page, CommandIDs.openRuns, props.filter ? { filter: props.filter } : {})
      }
    >
      {props.label}
    </button>
  );
}

function hoverText(job: Job): string {
  const inputs = Object.entries((job.inputs as Record<string, unknown> | undefined) ?? {});
  const lines = inputs.slice(0, 8).map(([name, value]) => `${name} = ${inputText(value)}`);
  return [job.display_name, job.experiment_name, ...lines].join('\n');
}

/** A job's input in a few words: its value, or where its data lies. */
export function inputText(value: unknown): string {
  if (value !== null && typeof value === 'object') {
    const input = value as { value?: unknown; path?: unknown };
    const text = String(input.value ?? input.path ?? JSON.stringify(value));
    // Of local data that was copied into the workspace, the hash says nothing to people.
    return text.replace(/^snapshot:[0-9a-f]{16,}\//, '');
  }
  return String(value);
}

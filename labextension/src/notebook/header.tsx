// The strip above an executed notebook: what ran, how it stands, what can be done with it.
import type { Job } from '../api/client';
import { isObject } from '../jobform/values';
import type { Resource } from '../model/resource';
import { isFinal } from '../model/states';
import { useLanguage } from '../ui/context';
import { Button, ProgressBar, Toolbar } from '../ui/controls';
import { duration } from '../ui/format';
import { useNow, useResource, useSignal } from '../ui/hooks';
import { ErrorStrip } from '../ui/states';
import { StatusChip } from '../ui/status';
import type { Follower } from './follower';

/** What the buttons do; a button without one is not shown. */
export interface IHeaderActions {
  openRun?: () => void;
  openTab?: () => void;
  openSource?: () => void;
  openAsCopy?: () => void;
  runAgain?: () => void;
}

export interface IHeaderProps {
  job: Resource<Job>;
  follower: Follower;
  actions: (job: Job | null) => IHeaderActions;
  /** Whether a page around the notebook shows status and parameters already. */
  isInPage?: boolean;
}

export function ExecutedHeader(props: IHeaderProps): JSX.Element {
  const { follower, isInPage } = props;
  const { trans } = useLanguage();
  const { value: job, error } = useResource(props.job);
  useSignal(follower.changed);
  const { error: notebookError } = useResource(follower.execution);
  const actions = props.actions(job);
  const isLive = job !== null && !isFinal(job.status);
  const failed = follower.cells.find(cell => cell.state === 'failed');

  return (
    <div className="jp-MlwsExecuted-header">
      <Toolbar
        label={trans.__('Executed notebook')}
        end={
          <>
            {isLive && (
              <Button
                minimal
                aria-pressed={follower.isFollowing}
                onClick={() => {
                  follower.isFollowing = !follower.isFollowing;
                }}
              >
                {trans.__('Follow')}
              </Button>
            )}
            {failed && (
              <Button minimal danger onClick={() => follower.reveal(failed.cell_id)}>
                {trans.__('Go to failed cell')}
              </Button>
            )}
            {!isInPage && <Action onClick={actions.openRun}>{trans.__('Open run')}</Action>}
            <Action onClick={actions.openTab}>{trans.__('Open in a tab')}</Action>
            <Action onClick={actions.openSource}>{trans.__('Source')}</Action>
            <Action onClick={actions.openAsCopy}>{trans.__('Open as copy')}</Action>
            {!isInPage && <Action onClick={actions.runAgain}>{trans.__('Run again…')}</Action>}
          </>
        }
      >
        {job && !isInPage && <StatusChip status={job.status} />}
        {job && !isInPage && <Elapsed job={job} />}
        {isLive && job.progress && (
          <ProgressBar
            done={job.progress.done}
            total={job.progress.total}
            label={trans.__('%1 of %2 cells', job.progress.done, job.progress.total)}
          />
        )}
        {job && !isInPage && <Values job={job} />}
      </Toolbar>
      {job?.error && !isInPage && (
        <div className="jp-MlwsExecuted-error" role="alert">
          {job.error.message}
        </div>
      )}
      {error && <ErrorStrip error={error} onRetry={() => void props.job.refresh()} />}
      {notebookError &&
        (notebookError.status === 404 && isLive ? (
          <div className="jp-MlwsExecuted-waiting" role="status">
            {trans.__('The notebook has not started yet.')}
          </div>
        ) : (
          <ErrorStrip error={notebookError} onRetry={() => void follower.execution.refresh()} />
        ))}
    </div>
  );
}

function Action(props: { onClick?: () => void; children: string }): JSX.Element | null {
  return props.onClick ? (
    <Button minimal onClick={props.onClick}>
      {props.children}
    </Button>
  ) : null;
}

function Elapsed(props: { job: Job }): JSX.Element | null {
  const { job } = props;
  const now = useNow(1000, !isFinal(job.status));
  if (!job.started_at) {
    return null;
  }
  const end = job.ended_at ? Date.parse(job.ended_at) : now;
  return <span className="jp-MlwsExecuted-time">{duration(end - Date.parse(job.started_at))}</span>;
}

/** The values that the notebook was given. */
function Values(props: { job: Job }): JSX.Element | null {
  const { trans } = useLanguage();
  const inputs = isObject(props.job.inputs) ? Object.entries(props.job.inputs) : [];
  if (inputs.length === 0) {
    return null;
  }
  return (
    <ul className="jp-MlwsExecuted-values" aria-label={trans.__('Parameters')}>
      {inputs.map(([name, value]) => (
        <li key={name}>
          {name} <b>{shown(value)}</b>
        </li>
      ))}
    </ul>
  );
}

function shown(value: unknown): string {
  const given = isObject(value) && 'type' in value ? (value.path ?? value.value) : value;
  return typeof given === 'string' ? given : JSON.stringify(given);
}

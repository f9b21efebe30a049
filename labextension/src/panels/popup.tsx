// The item in the status bar, and the popup it opens.

import { isWaiting } from '../model/states';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { useSignal } from '../ui/hooks';
import { StatusIcon } from '../ui/status';
import { Activity } from './activity';
import { execute, usePage } from './page';

/** How many run, wait, and failed without being seen; nothing while there is nothing. */
export function StatusItem(props: { onClick: () => void }): JSX.Element {
  const { workspace } = usePage();
  const { trans } = useLanguage();
  const { models, attention } = workspace;
  useSignal(models.jobs.changed);
  useSignal(attention.changed);
  const active = models.activeJobs;
  const nWaiting = active.filter(job => isWaiting(job.status)).length;
  const nRunning = active.length - nWaiting;
  const nFailed = attention.failed.length;
  const title = [
    trans._n('%1 job running', '%1 jobs running', nRunning),
    trans._n('%1 job queued', '%1 jobs queued', nWaiting),
    trans._n('%1 failure not seen', '%1 failures not seen', nFailed),
  ].join(', ');
  return (
    <button
      type="button"
      className="jp-MlwsStatusItem-button"
      title={title}
      aria-label={title}
      onClick={props.onClick}
    >
      {active.length + nFailed === 0 && <span>{trans.__('ML')}</span>}
      {nRunning > 0 && (
        <span>
          <StatusIcon status="Running" />
          {nRunning}
        </span>
      )}
      {nWaiting > 0 && (
        <span>
          <StatusIcon status="Queued" />
          {nWaiting}
        </span>
      )}
      {nFailed > 0 && (
        <span>
          <StatusIcon status="Failed" />
          {nFailed}
        </span>
      )}
    </button>
  );
}

export function ActivityPopup(): JSX.Element {
  const page = usePage();
  const { trans } = useLanguage();
  return (
    <div className="jp-MlwsPopup">
      <header className="jp-MlwsPopup-head">
        <strong>{trans.__('Activity')}</strong>
        <Button minimal onClick={() => execute(page, CommandIDs.openPanel)}>
          {trans.__('Show panel')}
        </Button>
      </header>
      <Activity rows={6} />
      <Broken />
    </div>
  );
}

/** The newest failures, seen or not. */
function Broken(): JSX.Element | null {
  const page = usePage();
  const { trans } = useLanguage();
  const { models, attention } = page.workspace;
  useSignal(models.jobs.changed);
  const failed = (models.jobs.items ?? [])
    .filter(job => job.status === 'Failed' && attention.isMine(job))
    .slice(0, 3);
  if (failed.length === 0) {
    return null;
  }
  return (
    <>
      <h3 className="jp-MlwsPopup-title">{trans.__('Failed last')}</h3>
      {failed.map(job => (
        <button
          key={job.name}
          type="button"
          className="jp-MlwsPopup-row"
          title={job.error?.message}
          onClick={() => execute(page, CommandIDs.openRun, { run_id: job.name, tab: 'overview' })}
        >
          <StatusIcon status="Failed" withTitle />
          <span className="jp-MlwsRow-name">{job.display_name}</span>
        </button>
      ))}
    </>
  );
}

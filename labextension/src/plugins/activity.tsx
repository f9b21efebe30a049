// What runs and what ended, wherever one is: status bar, running panel, notifications.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { IRunningSessionManagers, type IRunningSessions } from '@jupyterlab/running';
import { IStateDB } from '@jupyterlab/statedb';
import { IStatusBar, type Popup, showPopup } from '@jupyterlab/statusbar';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Job } from '../api/client';
import type { ISeen } from '../model/attention';
import { isWaiting } from '../model/states';
import { type IPage, PageWidget } from '../panels/page';
import { ActivityPopup, StatusItem } from '../panels/popup';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { durationOf } from '../ui/duration';
import { statusWord } from '../ui/status';
import { workspaceIcon } from './icons';

const SEEN = 'mlws:seen';

export const activity: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:activity',
  description: 'Running and ended jobs in the status bar, the running panel and notifications.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [IStatusBar, IRunningSessionManagers, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    statusBar: IStatusBar | null,
    running: IRunningSessionManagers | null,
    state: IStateDB | null,
  ) => {
    const page: IPage = { workspace, commands: app.commands, actions, notebookView: null };
    workspace.models.ensure(workspace.models.info);
    workspace.models.ensure(workspace.models.jobs);
    if (state) {
      keepSeen(workspace, state);
    }
    if (statusBar) {
      addStatusItem(page, statusBar);
    }
    running?.add(runningJobs(page));
    workspace.attention.ended.connect((_, job) => notify(page, job));
  },
};

/** What was seen is kept from one visit to the next. */
function keepSeen(workspace: IWorkspace, state: IStateDB): void {
  const { attention } = workspace;
  void state.fetch(SEEN).then(kept => {
    if (kept) {
      attention.restore(kept as unknown as ISeen);
    }
    let last = attention.seen;
    attention.changed.connect(() => {
      if (attention.seen !== last) {
        last = attention.seen;
        void state.save(SEEN, { ...last } as ReadonlyPartialJSONObject);
      }
    });
  });
}

function addStatusItem(page: IPage, statusBar: IStatusBar): void {
  let popup: Popup | null = null;
  const toggle = (): void => {
    if (popup && !popup.isDisposed) {
      popup.dispose();
      return;
    }
    popup = showPopup({
      body: new PageWidget(page, () => <ActivityPopup />),
      anchor: item,
      align: 'left',
      hasDynamicSize: true,
    });
    page.workspace.attention.seeAll();
  };
  const item = new PageWidget(page, () => <StatusItem onClick={toggle} />);
  item.addClass('jp-MlwsStatusItem');
  statusBar.registerStatusItem('mlws:activity', { item, align: 'left', rank: 3 });
}

/** The section of the running panel: shutting down a job is canceling it. */
function runningJobs(page: IPage): IRunningSessions.IManager {
  const { trans, models } = page.workspace;
  const cancel = (job: Job): void =>
    void page.commands.execute(CommandIDs.cancelJob, { run_id: job.name });
  return {
    name: trans.__('ML jobs'),
    running: () =>
      models.activeJobs.map(job => ({
        icon: () => workspaceIcon,
        label: () => job.display_name,
        labelTitle: () => `${job.display_name}\n${job.experiment_name}`,
        detail: () =>
          isWaiting(job.status) ? statusWord(job.status, trans) : durationOf(job, Date.now()),
        open: () => void page.commands.execute(CommandIDs.openRun, { run_id: job.name }),
        shutdown: () => cancel(job),
      })),
    refreshRunning: () => void models.jobs.refresh(),
    runningChanged: models.jobs.changed,
    shutdownAll: () => models.activeJobs.forEach(cancel),
    shutdownLabel: trans.__('Cancel the job'),
    shutdownAllLabel: trans.__('Cancel all'),
    shutdownAllConfirmationText: trans.__('Cancel all running and queued jobs?'),
  };
}

/** Say that a job has ended, as the settings want it. */
function notify(page: IPage, job: Job): void {
  const { trans, settings, attention } = page.workspace;
  const { notify: which, notifyWhose } = settings.values;
  const isFailed = job.status === 'Failed';
  if (
    job.parent_job_name ||
    which === 'none' ||
    (which === 'failed' && !isFailed) ||
    (notifyWhose === 'mine' && !attention.isMine(job))
  ) {
    return;
  }
  const open = (args: ReadonlyPartialJSONObject): void =>
    void page.commands.execute(CommandIDs.openRun, { run_id: job.name, ...args });
  if (isFailed) {
    Notification.error(
      job.error?.message
        ? trans.__('%1 failed: %2', job.display_name, job.error.message)
        : trans.__('%1 failed.', job.display_name),
      {
        autoClose: false,
        actions: [
          {
            label: trans.__('Open error'),
            displayType: 'accent',
            callback: () => open({ tab: 'overview' }),
          },
          {
            label: trans.__('Retry'),
            callback: () => void page.commands.execute(CommandIDs.retryJob, { run_id: job.name }),
          },
        ],
      },
    );
  } else if (job.status === 'Completed') {
    Notification.success(trans.__('%1 is done.', job.display_name), {
      autoClose: 8000,
      actions: [{ label: trans.__('Open'), callback: () => open({}) }],
    });
  }
}

// What can be done with runs and jobs, as commands: buttons, menus and the palette all call these.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Clipboard, Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Job } from '../api/client';
import { isFinal } from '../model/states';
import { CommandIDs, IRunActions, type IRunTarget, IWorkspace } from '../tokens';
import { notifyError } from './notify';
import { addPipelineExport } from './pipelineexport';

/** Schema of commands that take one run. */
export const RUN_ARGS = {
  args: {
    type: 'object',
    properties: { run_id: { type: 'string', description: 'The id of the run' } },
    required: ['run_id'],
  },
} as const;

const isJob = (target: IRunTarget): boolean => target.type !== 'mlflow';

export const commands: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:commands',
  description: 'Commands for runs and jobs: cancel, retry, archive, copy.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  activate: (app: JupyterFrontEnd, workspace: IWorkspace, actions: IRunActions) => {
    addCommands(app.commands, workspace);
    addPipelineExport(app.commands, workspace);
    const ended = (target: IRunTarget): boolean => isFinal(target.status);
    actions.add({
      id: 'cancel',
      command: CommandIDs.cancelJob,
      rank: 100,
      isVisible: target => isJob(target) && !ended(target),
    });
    actions.add({
      id: 'retry',
      command: CommandIDs.retryJob,
      rank: 110,
      isVisible: target => isJob(target) && ['Failed', 'Canceled'].includes(target.status),
    });
    actions.add({
      id: 'again',
      command: CommandIDs.rerun,
      rank: 120,
      isVisible: target => isJob(target),
    });
    actions.add({
      id: 'export-pipeline',
      command: CommandIDs.exportPipeline,
      rank: 200,
      isVisible: target => target.type === 'pipeline',
    });
    actions.add({ id: 'copy-id', command: CommandIDs.copyRunId, rank: 300, isVisible: () => true });
    actions.add({
      id: 'copy-link',
      command: CommandIDs.copyRunLink,
      rank: 310,
      isVisible: () => true,
    });
    actions.add({
      id: 'archive',
      command: CommandIDs.archiveRun,
      rank: 500,
      isVisible: target => ended(target) && !target.archived,
    });
    actions.add({
      id: 'restore',
      command: CommandIDs.restoreRun,
      rank: 510,
      isVisible: target => target.archived,
    });
    actions.add({
      id: 'delete',
      command: CommandIDs.deleteRuns,
      rank: 520,
      isVisible: target => target.archived && (!isJob(target) || ended(target)),
    });
  },
};

function addCommands(registry: CommandRegistry, workspace: IWorkspace): void {
  const { trans, client, models, settings } = workspace;
  const runId = (args: { run_id?: unknown }): string => String(args.run_id ?? '');
  const attempt = async (title: string, act: () => Promise<unknown>): Promise<boolean> => {
    try {
      await act();
      return true;
    } catch (error) {
      notifyError(workspace, title, error);
      return false;
    }
  };

  registry.addCommand(CommandIDs.cancelJob, {
    label: trans.__('Cancel'),
    caption: trans.__('Ask that the job stops; all its processes end'),
    describedBy: RUN_ARGS,
    isEnabled: args => runId(args) !== '',
    execute: async args => {
      const name = runId(args);
      await attempt(trans.__('The job could not be canceled.'), async () => {
        const job = await client.call('jobs.get', { name });
        if (await confirmed(job, settings.values.confirmCancelAfter)) {
          await client.call('jobs.cancel', { name });
          await models.jobs.refresh();
        }
      });
    },
  });

  const confirmed = async (job: Job, afterMinutes: number): Promise<boolean> => {
    const ran = job.started_at ? Date.now() - new Date(job.started_at).getTime() : 0;
    if (ran < afterMinutes * 60_000) {
      return true;
    }
    const answer = await showDialog({
      title: trans.__('Cancel “%1”?', job.display_name),
      body: trans.__('What it has logged so far is kept.'),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Let it run') }),
        Dialog.warnButton({ label: trans.__('Cancel the job') }),
      ],
    });
    return answer.button.accept;
  };

  registry.addCommand(CommandIDs.retryJob, {
    label: trans.__('Retry'),
    caption: trans.__('Start a new attempt of the same job'),
    describedBy: RUN_ARGS,
    isEnabled: args => runId(args) !== '',
    execute: async args => {
      const name = runId(args);
      await attempt(trans.__('The job could not be started again.'), () =>
        client.call('jobs.retry', { name }),
      );
      await models.jobs.refresh();
    },
  });

  registry.addCommand(CommandIDs.rerun, {
    label: trans.__('Run again…'),
    caption: trans.__('Fill the run dialog with this job'),
    describedBy: RUN_ARGS,
    isEnabled: args => runId(args) !== '' && registry.hasCommand(CommandIDs.runDialog),
    execute: args => registry.execute(CommandIDs.runDialog, { from_job: runId(args) }),
  });

  registry.addCommand(CommandIDs.copyRunId, {
    label: trans.__('Copy id'),
    describedBy: RUN_ARGS,
    isEnabled: args => runId(args) !== '',
    execute: args => Clipboard.copyToSystem(runId(args)),
  });

  registry.addCommand(CommandIDs.copyRunLink, {
    label: trans.__('Copy link'),
    describedBy: RUN_ARGS,
    isEnabled: args => runId(args) !== '',
    execute: args => {
      const line = typeof args.line === 'number' ? `/logs/L${args.line}` : '';
      Clipboard.copyToSystem(linkTo(`runs/${runId(args)}${line}`));
      Notification.info(
        line
          ? trans.__('A link to line %1 is copied.', args.line)
          : trans.__('The link is copied.'),
        { autoClose: 3000 },
      );
    },
  });

  registry.addCommand(CommandIDs.archiveRun, {
    label: trans.__('Archive'),
    caption: trans.__('Hide the run from lists'),
    describedBy: RUN_ARGS,
    isEnabled: args => runId(args) !== '',
    execute: async args => {
      const run_id = runId(args);
      const done = await attempt(trans.__('The run could not be archived.'), () =>
        client.call('runs.archive', { run_id }),
      );
      if (done) {
        Notification.info(trans.__('The run is archived.'), {
          autoClose: 8000,
          actions: [
            {
              label: trans.__('Undo'),
              callback: () => void registry.execute(CommandIDs.restoreRun, { run_id }),
            },
          ],
        });
      }
    },
  });

  registry.addCommand(CommandIDs.restoreRun, {
    label: trans.__('Restore'),
    caption: trans.__('Show the archived run in lists again'),
    describedBy: RUN_ARGS,
    isEnabled: args => runId(args) !== '',
    execute: async args => {
      await attempt(trans.__('The run could not be restored.'), () =>
        client.call('runs.restore', { run_id: runId(args) }),
      );
    },
  });

  registry.addCommand(CommandIDs.deleteRuns, {
    label: trans.__('Delete for good…'),
    caption: trans.__('Delete archived runs with their metrics and files'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          ...RUN_ARGS.args.properties,
          run_ids: { type: 'array', items: { type: 'string' }, description: 'Ids of the runs' },
        },
      },
    },
    isEnabled: args => runIds(args).length > 0,
    execute: async args => {
      const { deleteForGood } = await import('../panels/rundelete');
      return deleteForGood(workspace, runIds(args));
    },
  });
}

/** The delete command's runs: `run_ids`, or `run_id` alone. */
function runIds(args: ReadonlyPartialJSONObject): readonly string[] {
  const { run_id, run_ids } = args;
  return (Array.isArray(run_ids) ? run_ids : [run_id]).filter(
    (id): id is string => typeof id === 'string' && id !== '',
  );
}

/** Address that opens a page in this JupyterLab; `where` is such as `runs/ID`. */
export function linkTo(where: string): string {
  const lab = URLExt.join(PageConfig.getBaseUrl(), PageConfig.getOption('appUrl') || 'lab');
  return `${lab}?mlws=${encodeURIComponent(where)}`;
}

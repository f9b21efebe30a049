// Schedules: their page, their section of the panel, and *Schedule…* wherever something can be run.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  InputDialog,
  Notification,
  showDialog,
} from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { SOURCE_PROPERTY } from '../jobform/form';
import type { IScheduleSource, SchedulesModel } from '../model/schedules';
import { isPipeline, isSchedulable, RunFile } from '../notebook/file';
import { type IPage, PageWidget } from '../panels/page';
import { CommandIDs, INotebookView, IRunActions, IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';
import { notifyError } from './notify';
import { OpenPages } from './openpages';

const NAME_ARGS = {
  args: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
} as const;

const DIALOG_ARGS = {
  args: {
    type: 'object',
    properties: {
      name: { type: 'string', description: 'Name of a schedule to edit' },
      path: { type: 'string', description: 'Contents path of the notebook, script or pipeline' },
      run_id: { type: 'string', description: 'Name of an earlier job' },
      selected: { type: 'boolean', description: 'Take the file selected in the file browser' },
      job: { type: 'object', description: 'The job as the run dialog was filled in, for a path' },
      import_data: { type: 'object', description: 'A data import, as its YAML says it' },
    },
  },
} as const;

export const schedules: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:schedules',
  description: 'Schedules: page, panel section and editor.',
  autoStart: true,
  requires: [IWorkspace, IRunActions, IDocumentManager],
  optional: [INotebookView, ILayoutRestorer, ICommandPalette, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    documents: IDocumentManager,
    notebookView: INotebookView | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    browsers: IFileBrowserFactory | null,
  ): void => {
    const { trans } = workspace;
    const page: IPage = {
      workspace,
      commands: app.commands,
      actions,
      notebookView,
      rendermime: null,
    };
    addPage(app, page, restorer);
    void addSection(page);
    addEditor(app, workspace, documents, browsers);
    addActions(app, workspace);
    actions.add({
      id: 'schedule',
      command: CommandIDs.scheduleDialog,
      rank: 60,
      isVisible: target => target.type !== 'mlflow',
    });
    for (const command of [CommandIDs.openSchedules, CommandIDs.scheduleDialog]) {
      palette?.addItem({ command, category: trans.__('ML Workspace') });
    }
  },
};

function addPage(app: JupyterFrontEnd, page: IPage, restorer: ILayoutRestorer | null): void {
  const { trans, client, models } = page.workspace;
  const open = new OpenPages<SchedulesModel>(app.shell, page, restorer, {
    namespace: 'mlws-schedules',
    command: CommandIDs.openSchedules,
  });
  app.commands.addCommand(CommandIDs.openSchedules, {
    label: trans.__('Open Schedules'),
    caption: trans.__('What starts by the clock, when next, and how it went'),
    icon: workspaceIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: async () => {
      await open.show('mlws-schedules', async () => {
        const [{ SchedulesModel }, { SchedulesPage }] = await Promise.all([
          import('../model/schedules'),
          import('../panels/schedules'),
        ]);
        models.ensure(models.info);
        const model = new SchedulesModel(client, models);
        return {
          model,
          draw: () => <SchedulesPage model={model} />,
          title: () => trans.__('Schedules'),
        };
      });
    },
  });
}

async function addSection(page: IPage): Promise<void> {
  const { trans, client, models } = page.workspace;
  const [{ SchedulesModel }, { SchedulesSection }] = await Promise.all([
    import('../model/schedules'),
    import('../panels/schedules'),
  ]);
  page.workspace.addPanel({
    id: 'schedules',
    title: trans.__('Schedules'),
    rank: 400,
    startsFolded: true,
    openCommand: CommandIDs.openSchedules,
    create: () => {
      const model = new SchedulesModel(client, models);
      const widget = new PageWidget(page, () => <SchedulesSection model={model} />);
      widget.disposed.connect(() => model.dispose());
      return widget;
    },
  });
}

function addEditor(
  app: JupyterFrontEnd,
  workspace: IWorkspace,
  documents: IDocumentManager,
  browsers: IFileBrowserFactory | null,
): void {
  const { client, trans } = workspace;
  const { contents } = app.serviceManager;
  const pathOf = (args: ReadonlyPartialJSONObject): string | undefined => {
    const selected = [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])];
    const widget = app.shell.currentWidget;
    const current = widget ? documents.contextForWidget(widget)?.path : undefined;
    const chosen = selected.length === 1 ? selected[0]?.path : undefined;
    const path = args.selected ? chosen : (args.path ?? current);
    return typeof path === 'string' && isSchedulable(path, contents) ? path : undefined;
  };
  const sourceOf = async (args: ReadonlyPartialJSONObject): Promise<IScheduleSource | null> => {
    if (typeof args.name === 'string') {
      const schedule = await client.call('schedules.get', { name: args.name });
      return {
        title: schedule.display_name,
        name: schedule.name,
        schedule,
        create: given =>
          client.call('schedules.create_or_update', {
            schedule: {
              ...given,
              ...(schedule.create_job && { create_job: schedule.create_job }),
              ...(schedule.import_data && { import_data: schedule.import_data }),
              ...(schedule.create_monitor && { create_monitor: schedule.create_monitor }),
            },
          }),
      };
    }
    if (args.import_data) {
      const import_data = args.import_data as Record<string, unknown>;
      const name = String(import_data.name);
      return {
        title: trans.__('import of %1', name),
        name: `import-${name}`,
        schedule: null,
        create: given =>
          client.call('schedules.create_or_update', { schedule: { ...given, import_data } }),
      };
    }
    if (typeof args.run_id === 'string') {
      const job = await client.call('jobs.get', { name: args.run_id });
      return {
        title: job.display_name,
        name: job.display_name,
        schedule: null,
        create: given =>
          client.call('schedules.create_or_update', {
            schedule: { ...given, create_job: `azureml:${job.name}` },
          }),
      };
    }
    const path = pathOf(args);
    if (!path) {
      return null;
    }
    const file = new RunFile(path, documents, contents, client);
    await file.describe();
    const stem = PathExt.basename(path).replace(/(\.pipeline)?\.\w+$/, '');
    return {
      title: PathExt.basename(path),
      name: stem,
      schedule: null,
      create: async given => {
        if (file.isDirty) {
          await file.save();
        }
        const job = {
          ...((args.job ?? {}) as Record<string, unknown>),
          // The designer shows the runs of its own file.
          ...(isPipeline(path) && { properties: { [SOURCE_PROPERTY]: file.path } }),
        };
        return client.schedule(file.path, { ...given, create_job: job });
      },
    };
  };
  app.commands.addCommand(CommandIDs.scheduleDialog, {
    label: args =>
      typeof args.name === 'string' ? trans.__('Edit schedule…') : trans.__('Schedule…'),
    caption: trans.__('Run it by the clock, again and again'),
    icon: workspaceIcon,
    describedBy: DIALOG_ARGS,
    isVisible: args => !args.selected || pathOf(args) !== undefined,
    execute: async args => {
      try {
        const source = await sourceOf(args);
        if (!source) {
          Notification.warning(
            trans.__('Open a notebook, a Python file or a pipeline to schedule it.'),
            {
              autoClose: 8000,
            },
          );
          return null;
        }
        const [{ ScheduleDraft }, { openScheduleEditor }] = await Promise.all([
          import('../model/schedules'),
          import('../panels/schedule-editor'),
        ]);
        const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
        const made = await openScheduleEditor(workspace, new ScheduleDraft(client, source, zone));
        if (made && !source.schedule) {
          Notification.success(trans.__('%1 is scheduled.', made.display_name), {
            autoClose: 8000,
            actions: [
              {
                label: trans.__('Open Schedules'),
                callback: () => void app.commands.execute(CommandIDs.openSchedules),
              },
            ],
          });
        }
        return made?.name ?? null;
      } catch (error) {
        notifyError(workspace, trans.__('This cannot be scheduled.'), error);
        return null;
      }
    },
  });
}

function addActions(app: JupyterFrontEnd, workspace: IWorkspace): void {
  const { client, trans } = workspace;
  const { commands } = app;
  commands.addCommand(CommandIDs.triggerSchedule, {
    label: trans.__('Run now'),
    describedBy: NAME_ARGS,
    execute: async args => {
      try {
        const fire = await client.call('schedules.trigger', { name: String(args.name) });
        const run_id = fire.job ?? '';
        Notification.success(trans.__('%1 was submitted.', run_id), {
          autoClose: 8000,
          actions: [
            {
              label: trans.__('Open'),
              callback: () => void commands.execute(CommandIDs.openRun, { run_id }),
            },
          ],
        });
      } catch (error) {
        notifyError(workspace, trans.__('The schedule could not be run.'), error);
      }
    },
  });
  commands.addCommand(CommandIDs.backfillSchedule, {
    label: trans.__('Back-fill…'),
    describedBy: NAME_ARGS,
    execute: async args => {
      const name = String(args.name);
      const since = await InputDialog.getText({
        title: trans.__('Back-fill %1: since when?', name),
        label: trans.__(
          'All its fire times from this moment until now are made up for, one by one.',
        ),
        placeholder: '2026-01-01T00:00',
        okLabel: trans.__('Count them'),
      });
      if (!since.button.accept || !since.value) {
        return;
      }
      const start_time = since.value;
      try {
        const planned = await client.call('schedules.backfill', {
          name,
          start_time,
          dry_run: true,
        });
        const count = planned.times.length;
        const sure = await showDialog({
          title: trans._n('Start %1 run?', 'Start %1 runs?', count),
          body: trans.__('They run one after the other, oldest first.'),
          buttons: [
            Dialog.cancelButton({ label: trans.__('Cancel') }),
            Dialog.okButton({ label: trans.__('Back-fill') }),
          ],
        });
        if (sure.button.accept) {
          await client.call('schedules.backfill', { name, start_time });
        }
      } catch (error) {
        notifyError(workspace, trans.__('The back-fill was refused.'), error);
      }
    },
  });
  commands.addCommand(CommandIDs.deleteSchedule, {
    label: trans.__('Delete'),
    describedBy: NAME_ARGS,
    execute: async args => {
      const name = String(args.name);
      const sure = await showDialog({
        title: trans.__('Delete schedule “%1”?', name),
        body: trans.__('It fires no more; the jobs that it has started stay.'),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Cancel') }),
          Dialog.warnButton({ label: trans.__('Delete') }),
        ],
      });
      if (!sure.button.accept) {
        return;
      }
      try {
        await client.call('schedules.disable', { name });
        await client.call('schedules.delete', { name });
      } catch (error) {
        notifyError(workspace, trans.__('The schedule could not be deleted.'), error);
      }
    },
  });
}

// What notebooks and scripts get: *Run as job…*, and the parts that cells have in jobs.
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry, Notification } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ToolbarButton } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Job } from '../api/client';
import { type IRunFile, JobForm } from '../jobform/form';
import { markEdges, tagWord } from '../notebook/edges';
import { isRunnable, RunFile } from '../notebook/file';
import { runJobIcon } from '../notebook/icons';
import { SnapshotFile } from '../notebook/snapshot';
import { tagButton } from '../notebook/tagbutton';
import { setTag, TAG_COMMAND, TAGS, tagOf } from '../notebook/tags';
import { CommandIDs, IWorkspace } from '../tokens';
import { notifyError } from './notify';

const RUN_DIALOG_ARGS = {
  type: 'object',
  properties: {
    path: { type: 'string', description: 'Contents path of the notebook or script.' },
    from_job: { type: 'string', description: 'Name of the job to run again, with its code.' },
    selected: { type: 'boolean', description: 'Take the file selected in the file browser.' },
  },
} as const;

const TAG_ARGS = {
  type: 'object',
  properties: { tag: { type: 'string', enum: [...TAGS] } },
  required: ['tag'],
} as const;

export const runDialog: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:notebook',
  description: 'Run as job, from the notebook toolbar, menus, file browser and palette.',
  autoStart: true,
  requires: [IWorkspace, IDocumentManager],
  optional: [ICommandPalette, IFileBrowserFactory, IToolbarWidgetRegistry],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    documents: IDocumentManager,
    palette: ICommandPalette | null,
    browsers: IFileBrowserFactory | null,
    toolbars: IToolbarWidgetRegistry | null,
  ): void => {
    const { client, trans } = workspace;
    const { contents } = app.serviceManager;

    const selectedPath = (): string | undefined => {
      const selected = [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])];
      return selected.length === 1 ? selected[0]?.path : undefined;
    };
    const currentPath = (): string | undefined => {
      const widget = app.shell.currentWidget;
      return widget ? documents.contextForWidget(widget)?.path : undefined;
    };
    const pathOf = (args: ReadonlyPartialJSONObject): string | undefined => {
      const path = args.selected ? selectedPath() : (args.path ?? currentPath());
      return typeof path === 'string' && isRunnable(path, contents) ? path : undefined;
    };
    const fileOf = async (args: ReadonlyPartialJSONObject): Promise<IRunFile | null> => {
      if (typeof args.from_job === 'string') {
        const job = await client.call('jobs.get', { name: args.from_job });
        return new SnapshotFile(job, client, trans);
      }
      const path = pathOf(args);
      if (!path) {
        return null;
      }
      const file = new RunFile(path, documents, contents, client);
      await file.describe();
      return file;
    };
    const tellSubmitted = (job: Job): void => {
      Notification.success(trans.__('%1 was submitted.', job.display_name || job.name), {
        autoClose: 8000,
        actions: [
          {
            label: trans.__('Open'),
            callback: () => void app.commands.execute(CommandIDs.openRun, { run_id: job.name }),
          },
        ],
      });
    };

    // A toolbar's button acts on its own notebook, whatever is the current one.
    const runButton = (panel: NotebookPanel): ToolbarButton =>
      new ToolbarButton({
        icon: runJobIcon,
        label: trans.__('Run as job'),
        tooltip: trans.__('Run a copy of this notebook as a job, with parameters of your choice'),
        onClick: () =>
          void app.commands.execute(CommandIDs.runDialog, { path: panel.context.path }),
      });

    app.commands.addCommand(CommandIDs.runDialog, {
      label: trans.__('Run as job…'),
      caption: trans.__('Run a copy of this file as a job, with parameters of your choice'),
      icon: runJobIcon,
      describedBy: { args: RUN_DIALOG_ARGS },
      isEnabled: args => typeof args.from_job === 'string' || pathOf(args) !== undefined,
      isVisible: args => !args.selected || pathOf(args) !== undefined,
      execute: async args => {
        try {
          const file = await fileOf(args);
          if (!file) {
            Notification.warning(trans.__('Open a notebook or a Python file to run it as a job.'), {
              autoClose: 8000,
            });
            return null;
          }
          const { openRunDialog } = await import('../panels/rundialog');
          const form = new JobForm({ client, file, trans });
          const onSchedule = (job: JobForm['job']): void => {
            const what = file.job
              ? { run_id: file.job.name }
              : { path: String(args.path ?? pathOf(args) ?? file.path), job: { ...job } };
            void app.commands.execute(CommandIDs.scheduleDialog, what as ReadonlyPartialJSONObject);
          };
          const job = await openRunDialog({ workspace, form, contents, onSchedule });
          if (job) {
            tellSubmitted(job);
          }
          return job?.name ?? null;
        } catch (error) {
          notifyError(workspace, trans.__('This cannot be run as a job.'), error);
          return null;
        }
      },
    });
    palette?.addItem({ command: CommandIDs.runDialog, category: trans.__('ML Workspace') });
    toolbars?.addFactory<NotebookPanel>('Notebook', 'mlws-run', panel => runButton(panel));
  },
};

export const cellTags: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:cell-tags',
  description: 'Marks cells as parameters, outputs or not for jobs.',
  autoStart: true,
  requires: [IWorkspace, INotebookTracker],
  optional: [ICommandPalette, IToolbarWidgetRegistry],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    notebooks: INotebookTracker,
    palette: ICommandPalette | null,
    toolbars: IToolbarWidgetRegistry | null,
  ): void => {
    const { trans } = workspace;
    const wanted = (args: ReadonlyPartialJSONObject) => TAGS.find(tag => tag === args.tag);
    const cell = () => notebooks.activeCell;

    app.commands.addCommand(TAG_COMMAND, {
      label: args => {
        const tag = wanted(args);
        return tag ? trans.__('Mark as: %1', tagWord(tag, trans)) : '';
      },
      describedBy: { args: TAG_ARGS },
      isToggleable: true,
      isToggled: args => {
        const active = cell();
        return active !== null && tagOf(active.model) === wanted(args);
      },
      isEnabled: () => cell()?.model.type === 'code' && !cell()?.readOnly,
      execute: args => {
        const active = cell();
        const tag = wanted(args);
        if (active && tag) {
          setTag(active.model, tagOf(active.model) === tag ? undefined : tag);
        }
      },
    });
    for (const tag of TAGS) {
      palette?.addItem({
        command: TAG_COMMAND,
        category: trans.__('Notebook Cell Operations'),
        args: { tag },
      });
    }
    toolbars?.addFactory<Cell>('Cell', 'mlws-tag', item => tagButton(item, app.commands, trans));
    notebooks.widgetAdded.connect((_, panel) => markEdges(panel, trans));
    notebooks.forEach(panel => {
      markEdges(panel, trans);
    });
  },
};

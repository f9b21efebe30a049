// The command that exports runs: a download, or a notebook in the open folder.
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Arguments } from '../api/client';
import { CommandIDs, type IWorkspace } from '../tokens';
import { notifyError } from './notify';

type ExportArguments = Arguments<'runs.export'>;

export function addExport(app: JupyterFrontEnd, workspace: IWorkspace): void {
  const { trans, client } = workspace;
  const labels: Record<string, string> = {
    csv: trans.__('Export as CSV'),
    parquet: trans.__('Export as Parquet'),
    notebook: trans.__('Notebook that loads them'),
  };

  /** Let the browser save the file as it arrives. */
  const download = (args: ExportArguments): void => {
    const link = document.createElement('a');
    link.href = client.url('runs.export', args);
    link.download = `runs.${args.format ?? 'csv'}`;
    link.click();
  };

  const openNotebook = async (args: ExportArguments): Promise<void> => {
    const { contents } = app.serviceManager;
    const text = await (await client.download('runs.export', args)).text();
    const made = await contents.newUntitled({ type: 'notebook', path: '' });
    await contents.save(made.path, {
      type: 'notebook',
      format: 'json',
      content: JSON.parse(text) as unknown,
    });
    await app.commands.execute('docmanager:open', { path: made.path });
  };

  app.commands.addCommand(CommandIDs.exportRuns, {
    label: args => labels[String(args.format)] ?? trans.__('Export runs'),
    caption: trans.__('Runs with their parameters, metrics and tags as a file'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          format: { type: 'string', enum: Object.keys(labels) },
          filter: { type: 'string', description: 'A filter such as metrics.accuracy > 0.9' },
          run_ids: { type: 'array', items: { type: 'string' } },
          view: { type: 'string', enum: ['active', 'archived', 'all'] },
        },
      },
    },
    execute: async args => {
      const { format = 'csv', filter, run_ids, view } = args as ExportArguments;
      const asked: ExportArguments = { format, filter, run_ids, view };
      try {
        if (format === 'notebook') {
          await openNotebook(asked);
        } else {
          // What is refused is told here: a link would save the refusal as the file.
          await client.call('runs.list', { filter: filter ?? '', max_results: 1 });
          download(asked);
        }
      } catch (error) {
        notifyError(workspace, trans.__('The runs could not be exported.'), error);
      }
    },
  });
}

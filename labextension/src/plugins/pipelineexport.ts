// The command that exports a pipeline job with the code and data that it was submitted with.
import { InputDialog } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import type { Arguments } from '../api/client';
import { CommandIDs, type IWorkspace } from '../tokens';
import { notifyError } from './notify';

type Format = NonNullable<Arguments<'pipelines.export'>['format']>;

const RELEASED_AFTER_MS = 60_000;

export function addPipelineExport(registry: CommandRegistry, workspace: IWorkspace): void {
  const { trans, client } = workspace;
  const formats: Record<Format, string> = {
    yaml: trans.__('Pipeline file that starts it again here'),
    azureml: trans.__('YAML for Azure ML'),
    python: trans.__('Python script'),
  };
  const known = Object.keys(formats) as Format[];

  /** What the person chooses; null when they leave. */
  const asked = async (): Promise<Format | null> => {
    const answer = await InputDialog.getItem({
      title: trans.__('Export pipeline'),
      label: trans.__('Its code, components and data come with it, as one zip file.'),
      items: known.map(format => formats[format]),
      okLabel: trans.__('Export'),
    });
    return known.find(format => formats[format] === answer.value) ?? null;
  };

  registry.addCommand(CommandIDs.exportPipeline, {
    label: trans.__('Export pipeline…'),
    caption: trans.__('The pipeline as it was submitted, with all that it came with'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          run_id: { type: 'string', description: 'The name of the pipeline job' },
          format: { type: 'string', enum: known, description: 'Asked for when it is not given' },
        },
        required: ['run_id'],
      },
    },
    isEnabled: args => typeof args.run_id === 'string' && args.run_id !== '',
    execute: async args => {
      const name = String(args.run_id);
      const format = known.find(id => id === args.format) ?? (await asked());
      if (!format) {
        return;
      }
      try {
        save(await client.download('pipelines.export', { name, format }), `${name}.zip`);
      } catch (error) {
        notifyError(workspace, trans.__('The pipeline was not exported.'), error);
      }
    },
  });
}

function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), RELEASED_AFTER_MS);
}

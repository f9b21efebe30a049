// Where things come from: the lineage page, and runs that are made again as they were.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { LineageModel } from '../model/lineage';
import { isFinal } from '../model/states';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { RUN_ARGS } from './commands';
import { workspaceIcon } from './icons';
import { notifyError } from './notify';
import { OpenPages } from './openpages';

export const lineage: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:lineage',
  description: 'The lineage page, and the reproduction of runs.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    restorer: ILayoutRestorer | null,
  ) => {
    addPage(app, workspace, actions, restorer);
    addReproduce(app, workspace);
    actions.add({
      id: 'reproduce',
      command: CommandIDs.reproduce,
      rank: 130,
      isVisible: target => target.type !== 'mlflow' && isFinal(target.status),
    });
    actions.add({
      id: 'lineage',
      command: CommandIDs.openLineage,
      rank: 200,
      isVisible: () => true,
    });
  },
};

/** The node that arguments name. */
function nodeOf(args: ReadonlyPartialJSONObject): string {
  return typeof args.run_id === 'string' ? `run:${args.run_id}` : String(args.node ?? '');
}

function addPage(
  app: JupyterFrontEnd,
  workspace: IWorkspace,
  actions: IRunActions,
  restorer: ILayoutRestorer | null,
): void {
  const { trans, client, models } = workspace;
  const page: IPage = { workspace, commands: app.commands, actions, notebookView: null };
  const open = new OpenPages<LineageModel>(app.shell, page, restorer, {
    namespace: 'mlws-lineage',
    command: CommandIDs.openLineage,
    args: model => ({ node: model.node }),
  });
  app.commands.addCommand(CommandIDs.openLineage, {
    label: trans.__('Show lineage'),
    caption: trans.__('What it was made of, what was made of it, and what depends on it'),
    icon: workspaceIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          node: { type: 'string', description: 'Such as data:NAME:VERSION or model:NAME' },
          run_id: { type: 'string', description: 'The id of a run' },
        },
      },
    },
    isEnabled: args => nodeOf(args) !== '',
    execute: async args => {
      const node = nodeOf(args);
      await open.show(`mlws-lineage-${node}`, async () => {
        const [{ LineageModel }, { LineagePage }] = await Promise.all([
          import('../model/lineage'),
          import('../panels/lineage'),
        ]);
        const model = new LineageModel(client, models, node);
        const title = (): string => {
          const { value } = model.graph;
          const root = value?.nodes.find(item => item.id === value.root);
          return trans.__('Lineage of %1', root?.label ?? model.node);
        };
        return {
          model,
          draw: () => <LineagePage model={model} />,
          title,
          entitled: model.graph.changed,
          moved: [model.changed],
        };
      });
    },
  });
}

function addReproduce(app: JupyterFrontEnd, workspace: IWorkspace): void {
  const { trans, client } = workspace;
  app.commands.addCommand(CommandIDs.reproduce, {
    label: trans.__('Reproduce…'),
    caption: trans.__('Run it again as it was, and compare bit for bit'),
    describedBy: RUN_ARGS,
    isEnabled: args => typeof args.run_id === 'string' && args.run_id !== '',
    execute: async args => {
      const name = String(args.run_id);
      try {
        const [plan, { Plan }] = await Promise.all([
          client.call('jobs.plan_reproduction', { name }),
          import('../panels/reproduction'),
        ]);
        const body = ReactWidget.create(<Plan plan={plan} trans={trans} />);
        body.addClass('jp-MlwsPanel');
        const answer = await showDialog({
          title: trans.__('Reproduce this run?'),
          body,
          buttons: [
            Dialog.cancelButton({ label: trans.__('Cancel') }),
            ...(plan.possible ? [Dialog.okButton({ label: trans.__('Reproduce') })] : []),
          ],
        });
        if (answer.button.accept && plan.possible) {
          const job = await client.call('jobs.reproduce', { name });
          await app.commands.execute(CommandIDs.openRun, { run_id: job.name });
        }
      } catch (error) {
        notifyError(workspace, trans.__('The run cannot be reproduced.'), error);
      }
    },
  });
}

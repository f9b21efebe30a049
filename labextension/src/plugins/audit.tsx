// The audit: its page and its command.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import type { AuditModel, IAuditQuery } from '../model/audit';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';
import { type IMadePage, OpenPages } from './openpages';

export const audit: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:audit',
  description: 'The audit page: who changed what and when.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
  ) => {
    const { trans, client, models } = workspace;
    const page: IPage = { workspace, commands: app.commands, actions, notebookView: null };
    const open = new OpenPages<AuditModel>(app.shell, page, restorer, {
      namespace: 'mlws-audit',
      command: CommandIDs.openAudit,
      args: model => ({ ...model.query }),
    });
    const fields = ['user', 'entity', 'action', 'since', 'until'] as const;
    app.commands.addCommand(CommandIDs.openAudit, {
      label: trans.__('Open Audit'),
      caption: trans.__('Who changed what and when'),
      icon: workspaceIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: Object.fromEntries(fields.map(field => [field, { type: 'string' }])),
        },
      },
      execute: async args => {
        const query: Partial<IAuditQuery> = {};
        for (const field of fields) {
          const value = args[field];
          if (typeof value === 'string') {
            query[field] = value;
          }
        }
        const make = async (): Promise<IMadePage<AuditModel>> => {
          const [{ AuditModel }, { AuditPage }] = await Promise.all([
            import('../model/audit'),
            import('../panels/audit'),
          ]);
          const model = new AuditModel(client, models, query);
          return {
            model,
            draw: () => <AuditPage model={model} />,
            title: () => trans.__('Audit'),
            moved: [model.changed],
          };
        };
        await open.show('mlws-audit', make, model => {
          if (Object.keys(query).length > 0) {
            model.ask(query);
          }
        });
      },
    });
    palette?.addItem({ command: CommandIDs.openAudit, category: trans.__('ML Workspace') });
  },
};

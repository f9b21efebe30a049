// The audit: its page and its command.
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import type { AuditModel, IAuditQuery } from '../model/audit';
import type { IPage } from '../panels/page';
import { CommandIDs, IRunActions, IWorkspace } from '../tokens';
import { workspaceIcon } from './icons';
import { Page } from './pages';

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
    const tracker = new WidgetTracker<Page<AuditModel>>({ namespace: 'mlws-audit' });
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
        const open = tracker.currentWidget;
        if (open) {
          app.shell.activateById(open.id);
          if (Object.keys(query).length > 0) {
            open.model.ask(query);
          }
          return;
        }
        const [{ AuditModel }, { AuditPage }] = await Promise.all([
          import('../model/audit'),
          import('../panels/audit'),
        ]);
        const model = new AuditModel(client, models, query);
        const widget = new Page(page, model, () => <AuditPage model={model} />);
        widget.id = 'mlws-audit';
        widget.title.label = trans.__('Audit');
        await tracker.add(widget);
        model.changed.connect(() => void tracker.save(widget));
        app.shell.add(widget, 'main', { type: 'ML Workspace' });
      },
    });
    void restorer?.restore(tracker, {
      command: CommandIDs.openAudit,
      args: widget => ({ ...widget.model.query }),
      name: () => 'audit',
    });
    palette?.addItem({ command: CommandIDs.openAudit, category: trans.__('ML Workspace') });
  },
};

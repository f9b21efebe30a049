// The compare page, its commands and links, and how it comes back after a reload.
import {
  ILayoutRestorer,
  IRouter,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { Clipboard, ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { CompareModel } from '../model/compare';
import type { IPage } from '../panels/page';
import { CommandIDs, INotebookView, IRunActions, IWorkspace } from '../tokens';
import { linkTo, RUN_ARGS } from './commands';
import { workspaceIcon } from './icons';
import { Page } from './openpages';
import { withoutLink } from './pages';

const ARGS = {
  args: {
    type: 'object',
    properties: {
      runs: {
        type: 'array',
        items: { type: 'string' },
        description: 'Ids of 2 to 20 runs; the first is the baseline',
      },
    },
  },
} as const;

export const compare: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:compare',
  description: 'The compare page.',
  autoStart: true,
  requires: [IWorkspace, IRunActions],
  optional: [INotebookView, ILayoutRestorer, IRouter, ICommandPalette, IRenderMimeRegistry],
  activate: (
    app: JupyterFrontEnd,
    workspace: IWorkspace,
    actions: IRunActions,
    notebookView: INotebookView | null,
    restorer: ILayoutRestorer | null,
    router: IRouter | null,
    palette: ICommandPalette | null,
    rendermime: IRenderMimeRegistry | null,
  ) => {
    const page: IPage = { workspace, commands: app.commands, actions, notebookView, rendermime };
    addPage(app, page, restorer);
    addActions(app, page);
    palette?.addItem({
      command: CommandIDs.openCompare,
      category: workspace.trans.__('ML Workspace'),
    });
    if (router) {
      addLink(app, router);
    }
  },
};

let opened = 0;

function addPage(app: JupyterFrontEnd, page: IPage, restorer: ILayoutRestorer | null): void {
  const { trans, client, models, settings } = page.workspace;
  const tracker = new WidgetTracker<Page<CompareModel>>({ namespace: 'mlws-compare' });
  app.commands.addCommand(CommandIDs.openCompare, {
    label: trans.__('Compare runs'),
    caption: trans.__('What is different between runs: metrics, code, packages, data, files'),
    icon: workspaceIcon,
    describedBy: ARGS,
    execute: async args => {
      const runs = idsIn(args.runs);
      const open = tracker.find(widget => sameSet(widget.model.runs.value, runs));
      if (open) {
        app.shell.activateById(open.id);
        return;
      }
      const [{ CompareModel }, { ComparePage }] = await Promise.all([
        import('../model/compare'),
        import('../panels/compare'),
      ]);
      models.ensure(models.info);
      const model = new CompareModel(client, models, settings, runs);
      const widget = new Page(page, model, () => <ComparePage model={model} />);
      widget.id = `mlws-compare-${opened++}`;
      const title = (): void => {
        const heads = model.facts.value?.value.runs ?? [];
        const names = model.runs.value.map(
          id => heads.find(head => head.run_id === id)?.name ?? id.slice(0, 8),
        );
        widget.title.label =
          names.length === 2 ? names.join(' ↔ ') : trans.__('Compare (%1)', names.length);
        widget.title.caption = names.join('\n');
      };
      title();
      await tracker.add(widget);
      model.facts.changed.connect(title);
      model.runs.changed.connect(() => void tracker.save(widget));
      app.shell.add(widget, 'main', { type: 'ML Workspace' });
    },
  });
  void restorer?.restore(tracker, {
    command: CommandIDs.openCompare,
    args: widget => ({ runs: [...widget.model.runs.value] }),
    name: widget => widget.id,
  });
}

function addActions(app: JupyterFrontEnd, page: IPage): void {
  const { trans } = page.workspace;
  app.commands.addCommand(CommandIDs.compareWith, {
    label: trans.__('Compare with…'),
    caption: trans.__('Choose a run and see what is different'),
    describedBy: RUN_ARGS,
    isEnabled: args => typeof args.run_id === 'string' && args.run_id !== '',
    execute: args => app.commands.execute(CommandIDs.openCompare, { runs: [String(args.run_id)] }),
  });
  app.commands.addCommand(CommandIDs.copyCompareLink, {
    label: trans.__('Copy link to the comparison'),
    describedBy: ARGS,
    isEnabled: args => idsIn(args.runs).length > 1,
    execute: args => Clipboard.copyToSystem(linkTo(`compare/${idsIn(args.runs).join(',')}`)),
  });
  page.actions.add({
    id: 'compare',
    command: CommandIDs.compareWith,
    rank: 200,
    isVisible: () => true,
  });
}

/** `?mlws=compare/A,B` opens the comparison of A and B. */
function addLink(app: JupyterFrontEnd, router: IRouter): void {
  const command = 'mlws:link-compare';
  app.commands.addCommand(command, {
    describedBy: { args: { type: 'object', properties: { search: { type: 'string' } } } },
    execute: args => {
      const runs = runsIn(String(args.search ?? ''));
      router.navigate(withoutLink(router.current), { skipRouting: true });
      // A link must not be waited for by the restoration that it waits for itself.
      void app.restored.then(() => app.commands.execute(CommandIDs.openCompare, { runs }));
    },
  });
  router.register({ command, pattern: /[?&]mlws=compare(%2F|\/|&|$)/i, rank: 20 });
}

/** The runs that a link compares. */
export function runsIn(search: string): string[] {
  const where = new URLSearchParams(search).get('mlws') ?? '';
  return idsIn(where.replace(/^compare\/?/, '').split(','));
}

/** What is a run's id of what was given. */
export function idsIn(given: unknown): string[] {
  return Array.isArray(given)
    ? given.filter((id): id is string => typeof id === 'string' && /^[\w-]+$/.test(id))
    : [];
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every(id => b.includes(id));
}

// What kinds of things and relations between them are called, and what opens a thing.
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LineageEdge, LineageNode } from '../api/client';
import { CommandIDs } from '../tokens';
import { execute, type IPage } from './page';

/** The word for a kind of thing. */
export function kindWord(kind: string, trans: TranslationBundle): string {
  switch (kind) {
    case 'run':
      return trans.__('Run');
    case 'data':
      return trans.__('Data');
    case 'dataset':
      return trans.__('Logged data');
    case 'model':
      return trans.__('Model');
    case 'logged_model':
      return trans.__('Logged model');
    case 'environment':
      return trans.__('Environment');
    case 'component':
      return trans.__('Component');
    case 'code':
      return trans.__('Code');
    default:
      return kind;
  }
}

/** What the source of an edge is to its target. */
export function relationWord(edge: LineageEdge, trans: TranslationBundle): string {
  switch (edge.relation) {
    case 'input':
      return trans.__('read by');
    case 'output':
      return trans.__('made');
    case 'code_of':
      return trans.__('code of');
    case 'environment_of':
      return trans.__('environment of');
    case 'secret_of':
      return trans.__('known to');
    case 'reused_as':
      return trans.__('reused as');
    case 'reproduced_by':
      return trans.__('reproduced by');
    case 'shared':
    case 'shared_as':
      return trans.__('shared as');
  }
}

/** How many of each kind, such as “2 runs, 1 model”. */
export function countsText(
  counts: Readonly<Record<string, number>>,
  trans: TranslationBundle,
  locale: string,
): string {
  const parts = Object.entries(counts).map(([kind, n]) =>
    trans.__('%1: %2', kindWord(kind, trans), n),
  );
  return new Intl.ListFormat(locale, { type: 'unit' }).format(parts);
}

/** Whether there is a page of it. */
export function canOpen(page: IPage, node: LineageNode): boolean {
  return !node.missing && page.commands.hasCommand(commandOf(node)?.[0] ?? '');
}

/** Open the page of a thing. */
export function openNode(page: IPage, node: LineageNode): void {
  const found = commandOf(node);
  if (found) {
    execute(page, ...found);
  }
}

function commandOf(node: LineageNode): [string, { [key: string]: string }] | null {
  const { name, version } = node;
  const args = { name, ...(version && { version }) };
  switch (node.kind) {
    case 'run':
      return [CommandIDs.openRun, { run_id: name }];
    case 'data':
      return [CommandIDs.openDataset, args];
    case 'model':
      return [CommandIDs.openModel, args];
    case 'component':
      return [CommandIDs.openComponents, args];
    case 'environment':
      return [CommandIDs.openEnvironments, { name }];
    default:
      return null;
  }
}

// Folders of runs: a run's folder is one of its tags; the tree is made of the paths that runs have.
import type { RunFolder } from '../api/client';
import { both, quoteText } from './search';

export const FOLDER_TAG = 'mlws.folder';

export interface IFolder {
  /** Such as `churn/old`. */
  path: string;
  /** The last part of the path. */
  name: string;
  /** 1 at the top. */
  level: number;
  /** Runs in it and in all below it. */
  nRuns: number;
}

/** The folders in the order of a tree; those that only hold folders are among them. */
export function folderTree(folders: readonly RunFolder[]): IFolder[] {
  const counts = new Map<string, number>();
  for (const { path, n_runs } of folders) {
    const parts = path.split('/');
    parts.forEach((_, at) => {
      const above = parts.slice(0, at + 1).join('/');
      counts.set(above, (counts.get(above) ?? 0) + n_runs);
    });
  }
  return [...counts]
    .map(([path, nRuns]) => {
      const parts = path.split('/');
      return { path, name: parts[parts.length - 1] ?? path, level: parts.length, nRuns };
    })
    .sort((a, b) => compare(a.path.split('/'), b.path.split('/')));
}

function compare(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at < 0 ? a.length - b.length : (a[at] ?? '').localeCompare(b[at] ?? '');
}

/** `filter`, and only runs in `folder` or below it. */
export function inFolder(filter: string, folder: string, folders: readonly RunFolder[]): string {
  if (!folder) {
    return filter;
  }
  const tag = `tags.\`${FOLDER_TAG}\``;
  const below = folders
    .map(({ path }) => path)
    .filter(path => path !== folder && path.startsWith(`${folder}/`));
  const test =
    below.length === 0
      ? `${tag} = ${quoteText(folder)}`
      : `${tag} IN (${[folder, ...below].map(quoteText).join(', ')})`;
  return both(filter, test);
}

/** A path as it is kept: no empty parts, no blanks around its parts; null when nothing is left. */
export function cleanPath(text: string): string | null {
  const parts = text
    .split('/')
    .map(part => part.trim())
    .filter(Boolean);
  return parts.length > 0 ? parts.join('/') : null;
}

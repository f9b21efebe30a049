// The tags of a cell that mean something to a job.
import type { ICellModel } from '@jupyterlab/cells';

/** What papermill, and a notebook job, call a cell. */
export const TAGS = ['parameters', 'outputs', 'skip-in-run'] as const;

/** Command that gives the active cell a tag or takes it away; its argument is `tag`. */
export const TAG_COMMAND = 'mlws:cell-tag';

export type Tag = (typeof TAGS)[number];

/** Tags in a cell's metadata; none where they are not a list of texts. */
export function tagsIn(metadata: unknown): string[] {
  const tags = (metadata as { tags?: unknown } | null | undefined)?.tags;
  return Array.isArray(tags) ? tags.filter(tag => typeof tag === 'string') : [];
}

/** The first of our tags that a cell has. */
export function tagOf(cell: Pick<ICellModel, 'getMetadata'>): Tag | undefined {
  const tags = tagsIn({ tags: cell.getMetadata('tags') });
  return TAGS.find(tag => tags.includes(tag));
}

/** Give a cell one of our tags and take the others away; none takes all away. Other tags stay. */
export function setTag(
  cell: Pick<ICellModel, 'getMetadata' | 'setMetadata' | 'deleteMetadata'>,
  tag: Tag | undefined,
): void {
  const others = tagsIn({ tags: cell.getMetadata('tags') }).filter(
    other => !TAGS.some(ours => ours === other),
  );
  const tags = tag ? [...others, tag] : others;
  if (tags.length > 0) {
    cell.setMetadata('tags', tags);
  } else {
    cell.deleteMetadata('tags');
  }
}

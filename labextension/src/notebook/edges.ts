// A thin labelled edge on cells that a tag gives a part in jobs.
import type { ICellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { type Tag, tagOf } from './tags';

/** The word for a tag. */
export function tagWord(tag: Tag, trans: TranslationBundle): string {
  switch (tag) {
    case 'parameters':
      return trans.__('parameters');
    case 'outputs':
      return trans.__('outputs');
    case 'skip-in-run':
      return trans.__('not in jobs');
  }
}

/** Keep the edges of a notebook's cells up to date until it is closed. */
export function markEdges(panel: NotebookPanel, trans: TranslationBundle): void {
  const { content } = panel;
  const watched = new WeakSet<ICellModel>();
  const draw = (): void => {
    for (const { model, node } of content.widgets) {
      const tag = tagOf(model);
      if (tag) {
        node.dataset.mlwsTag = tag;
        node.dataset.mlwsLabel = tagWord(tag, trans);
      } else {
        delete node.dataset.mlwsTag;
        delete node.dataset.mlwsLabel;
      }
      if (!watched.has(model)) {
        watched.add(model);
        model.metadataChanged.connect(draw);
      }
    }
  };
  void panel.context.ready.then(() => {
    if (!panel.isDisposed) {
      content.model?.cells.changed.connect(draw);
      draw();
    }
  });
}

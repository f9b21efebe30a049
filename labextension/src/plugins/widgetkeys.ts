// Keys in our widgets of notebooks: there a letter chooses, and does not delete the cell around it.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

/** All widgets that `mlws` shows in a cell have this class. */
const WIDGET = '.jp-MlwsWidget';
/** Lumino takes no key in an element with this attribute for a shortcut. */
const SUPPRESS = 'data-lm-suppress-shortcuts';

export const widgetKeys: JupyterFrontEndPlugin<void> = {
  id: '@mlws/labextension:widget-keys',
  description: 'Leaves plain keys to the widgets of notebooks that have the focus.',
  autoStart: true,
  activate: () => {
    // JupyterLab listens on the document; the window comes first.
    window.addEventListener('keydown', leave, true);
  },
};

/** Leave a key to the widget it is pressed in, unless it is a combination such as Ctrl+S or Shift+Enter. */
export function leave(event: KeyboardEvent): void {
  const { target } = event;
  if (!(target instanceof Element) || !target.closest(WIDGET)) {
    return;
  }
  const isCombined =
    event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === 'Enter');
  // On the element itself: the notebook's selectors match what has the focus.
  target.toggleAttribute(SUPPRESS, !isCombined);
}

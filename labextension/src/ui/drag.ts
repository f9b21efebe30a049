// Dragging what a list shows to somewhere else in JupyterLab.
import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';
import type { MouseEvent as ReactMouseEvent } from 'react';

const CELLS = 'application/vnd.jupyter.cells';
const LEAST_PX = 5;

/** Begin to drag lines of code once the pointer has moved; dropped on a notebook they are a cell. */
export function dragCode(event: ReactMouseEvent, code: string, label: string): void {
  if (event.button !== 0) {
    return;
  }
  const { clientX, clientY } = event;
  const stop = (): void => {
    document.removeEventListener('mousemove', move, true);
    document.removeEventListener('mouseup', stop, true);
  };
  const move = (now: MouseEvent): void => {
    if (Math.abs(now.clientX - clientX) + Math.abs(now.clientY - clientY) < LEAST_PX) {
      return;
    }
    stop();
    const mimeData = new MimeData();
    mimeData.setData(CELLS, [
      { cell_type: 'code', source: code, metadata: {}, outputs: [], execution_count: null },
    ]);
    mimeData.setData('text/plain', code);
    const dragImage = document.createElement('div');
    dragImage.className = 'jp-MlwsDragImage';
    dragImage.textContent = label;
    const drag = new Drag({
      mimeData,
      dragImage,
      supportedActions: 'copy',
      proposedAction: 'copy',
    });
    void drag.start(now.clientX, now.clientY).then(() => drag.dispose());
  };
  document.addEventListener('mousemove', move, true);
  document.addEventListener('mouseup', stop, true);
}

// Notebooks that are written for a person to go on with.
import type { ICell, INotebookContent } from '@jupyterlab/nbformat';

export function notebookOf(cells: ICell[]): INotebookContent {
  return {
    cells,
    metadata: {
      kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

export function markdown(id: string, source: string): ICell {
  return { cell_type: 'markdown', id, metadata: {}, source };
}

export function code(id: string, source: string, tags: string[] = []): ICell {
  return {
    cell_type: 'code',
    id,
    metadata: tags.length ? { tags } : {},
    source,
    outputs: [],
    execution_count: null,
  };
}

// The AutoML job of the wizard as a notebook that starts it.
import type { INotebookContent } from '@jupyterlab/nbformat';
import type { TranslationBundle } from '@jupyterlab/translation';
import { code, markdown, notebookOf } from './cells';

export function automlNotebook(
  trans: TranslationBundle,
  target: string,
  python: string,
): INotebookContent {
  return notebookOf([
    markdown(
      'about',
      [
        `# ${trans.__('Find the best model for %1', target)}`,
        trans.__(
          'The first cell starts the AutoML job and shows its log; the second shows its leaderboard.',
        ),
      ].join('\n\n'),
    ),
    code('job', python),
    code('leaderboard', LEADERBOARD),
  ]);
}

const LEADERBOARD = ['import jupyter_mlws as mlws', '', 'mlws.leaderboard(job)'].join('\n');

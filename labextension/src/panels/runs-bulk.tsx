// What can be done with several chosen runs at once.
import '../../style/pages.css';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { Run } from '../api/client';
import { cleanPath, FOLDER_TAG } from '../model/folders';
import type { RunsModel } from '../model/runs';
import { isFinal } from '../model/states';
import { notifyError } from '../plugins/notify';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { TextField } from '../ui/textfield';
import { execute, type IPage, usePage } from './page';
import { ExportButton } from './runs-export';

/** Pages are not opened for more runs than these at once. */
const MOST_OPENED = 10;
const UNDO_MS = 8000;

/** What the bar asks for: a tag, or a folder. */
export type Asking = 'tag' | 'folder' | null;

/** Runs that are jobs and have not ended. */
export function cancelable(runs: readonly Run[]): readonly Run[] {
  return runs.filter(run => run.type !== 'mlflow' && !isFinal(run.status));
}

/** `team=vision` as a tag; null when there is no name before the sign. */
export function tagIn(text: string): Record<string, string> | null {
  const [, key, value] = /^\s*([^=]*[^=\s])\s*=\s*(.*?)\s*$/.exec(text) ?? [];
  return key === undefined ? null : { [key]: value ?? '' };
}

/** The bar of actions below the table, while runs are chosen. */
export function BulkBar(props: {
  model: RunsModel;
  /** The field that is open. */
  asking: Asking;
  onAsk: (asking: Asking) => void;
}): JSX.Element {
  const { model, asking, onAsk } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const runs = model.selectedRuns;
  const toCancel = cancelable(runs);
  const toArchive = runs.filter(run => !run.archived);
  const toRestore = runs.filter(run => run.archived);
  return (
    <div className="jp-MlwsBulk" role="toolbar" aria-label={trans.__('Selected runs')}>
      <strong aria-live="polite">
        {trans._n('%1 run selected', '%1 runs selected', runs.length)}
      </strong>
      <Button
        disabled={runs.length > MOST_OPENED}
        title={runs.length > MOST_OPENED ? trans.__('At most %1 at once', MOST_OPENED) : undefined}
        onClick={() => {
          for (const run of runs) {
            execute(page, CommandIDs.openRun, { run_id: run.run_id });
          }
        }}
      >
        {trans.__('Open')}
      </Button>
      <Button
        disabled={!page.commands.hasCommand(CommandIDs.openCompare) || runs.length < 2}
        title={runs.length < 2 ? trans.__('Select two runs or more') : undefined}
        onClick={() => compare(page, runs)}
      >
        {trans.__('Compare')}
      </Button>
      {asking === 'tag' ? (
        <TextField
          label={trans.__('Tag as name=value')}
          placeholder={trans.__('name=value, Enter')}
          isRight={text => tagIn(text) !== null}
          onDone={text => {
            onAsk(null);
            const tags = text === null ? null : tagIn(text);
            if (tags) {
              void tag(page, model, runs, tags);
            }
          }}
        />
      ) : (
        <Button onClick={() => onAsk('tag')}>{trans.__('Tag…')}</Button>
      )}
      {asking === 'folder' ? (
        <TextField
          label={trans.__('Folder to move to')}
          placeholder={trans.__('folder/below, Enter')}
          options={(model.folders.value ?? []).map(folder => folder.path)}
          isRight={text => cleanPath(text) !== null}
          onDone={text => {
            onAsk(null);
            const folder = text === null ? null : cleanPath(text);
            if (folder) {
              void move(page, model, runs, folder);
            }
          }}
        />
      ) : (
        <Button onClick={() => onAsk('folder')}>{trans.__('Move…')}</Button>
      )}
      {runs.some(run => FOLDER_TAG in (run.tags ?? {})) && (
        <Button onClick={() => void move(page, model, runs, null)}>
          {trans.__('Out of folder')}
        </Button>
      )}
      <ExportButton model={model} runs={runs} />
      {toCancel.length > 0 && (
        <Button onClick={() => void cancel(page, toCancel)}>{trans.__('Cancel')}</Button>
      )}
      {toArchive.length > 0 && (
        <Button onClick={() => void archive(page, model, toArchive)}>{trans.__('Archive')}</Button>
      )}
      {toRestore.length > 0 && (
        <>
          <Button onClick={() => void restore(page, model, toRestore)}>
            {trans.__('Restore')}
          </Button>
          <Button onClick={() => void deleteForGood(page, model, toRestore)}>
            {trans.__('Delete for good…')}
          </Button>
        </>
      )}
      <Button minimal className="jp-MlwsBulk-end" onClick={() => model.select(new Set())}>
        {trans.__('Clear selection')}
      </Button>
    </div>
  );
}

/** Do `act` with each run; answers those it was done with, and tells of the first that refused. */
async function withEach(
  page: IPage,
  runs: readonly Run[],
  title: string,
  act: (run: Run) => Promise<unknown>,
): Promise<readonly Run[]> {
  const outcomes = await Promise.allSettled(runs.map(act));
  const refused = outcomes.find(outcome => outcome.status === 'rejected');
  if (refused) {
    notifyError(page.workspace, title, refused.reason);
  }
  return runs.filter((_, at) => outcomes[at]?.status === 'fulfilled');
}

async function archive(page: IPage, model: RunsModel, runs: readonly Run[]): Promise<void> {
  const { client, trans } = page.workspace;
  const done = await withEach(page, runs, trans.__('Not all runs could be archived.'), run =>
    client.call('runs.archive', { run_id: run.run_id }),
  );
  model.select(new Set());
  await model.readAgain();
  if (done.length > 0) {
    Notification.info(trans._n('%1 run is archived.', '%1 runs are archived.', done.length), {
      autoClose: UNDO_MS,
      actions: [{ label: trans.__('Undo'), callback: () => void restore(page, model, done) }],
    });
  }
}

async function restore(page: IPage, model: RunsModel, runs: readonly Run[]): Promise<void> {
  const { client, trans } = page.workspace;
  await withEach(page, runs, trans.__('Not all runs could be restored.'), run =>
    client.call('runs.restore', { run_id: run.run_id }),
  );
  model.select(new Set());
  // The page may have been closed before the toast was.
  if (!model.isDisposed) {
    await model.readAgain();
  }
}

/** Ask, and delete; what refuses to go is told and stays. */
async function deleteForGood(page: IPage, model: RunsModel, runs: readonly Run[]): Promise<void> {
  const run_ids = runs.map(run => run.run_id);
  if ((await page.commands.execute(CommandIDs.deleteRuns, { run_ids })) && !model.isDisposed) {
    model.select(new Set());
    await model.readAgain();
  }
}

async function tag(
  page: IPage,
  model: RunsModel,
  runs: readonly Run[],
  tags: Record<string, string>,
): Promise<void> {
  const { client, trans } = page.workspace;
  const done = await withEach(page, runs, trans.__('Not all runs could be tagged.'), run =>
    client.call('runs.update', { run_id: run.run_id, tags }),
  );
  await model.runs.refresh();
  if (done.length > 0) {
    Notification.info(trans._n('%1 run is tagged.', '%1 runs are tagged.', done.length), {
      autoClose: UNDO_MS,
    });
  }
}

/** Open the page that compares runs. */
export function compare(page: IPage, runs: readonly Run[]): void {
  execute(page, CommandIDs.openCompare, { runs: runs.map(run => run.run_id) });
}

/** Move runs to a folder; null: out of theirs. */
async function move(
  page: IPage,
  model: RunsModel,
  runs: readonly Run[],
  folder: string | null,
): Promise<void> {
  const { client, trans } = page.workspace;
  const inOne = runs.filter(run => folder !== null || FOLDER_TAG in (run.tags ?? {}));
  const done = await withEach(page, inOne, trans.__('Not all runs could be moved.'), run =>
    client.call('runs.update', {
      run_id: run.run_id,
      ...(folder === null ? { drop_tags: [FOLDER_TAG] } : { tags: { [FOLDER_TAG]: folder } }),
    }),
  );
  await model.readAgain();
  if (done.length > 0) {
    Notification.info(trans._n('%1 run is moved.', '%1 runs are moved.', done.length), {
      autoClose: UNDO_MS,
    });
  }
}

async function cancel(page: IPage, runs: readonly Run[]): Promise<void> {
  const { client, trans } = page.workspace;
  const answer = await showDialog({
    title: trans._n('Cancel %1 job?', 'Cancel %1 jobs?', runs.length),
    body: trans.__('What it has logged so far is kept.'),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Let it run') }),
      Dialog.warnButton({ label: trans.__('Cancel the job') }),
    ],
  });
  if (answer.button.accept) {
    await withEach(page, runs, trans.__('The job could not be canceled.'), run =>
      client.call('jobs.cancel', { name: run.run_id }),
    );
  }
}

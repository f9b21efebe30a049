// Deleting archived runs for good: what goes is told before it goes.
import '../../style/rundelete.css';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Client, Run } from '../api/client';
import { notifyError } from '../plugins/notify';
import type { IWorkspace } from '../tokens';
import { localeOf, bytes as sizeOf } from '../ui/format';

/** Of so many runs the files are counted before it is asked. */
const MOST_COUNTED = 20;
/** So many names stand in the dialog. */
const MOST_NAMED = 5;
/** Runs are deleted so many at a time. */
const AT_ONCE = 8;

interface IFiles {
  n: number;
  bytes: number;
}

/** Ask whether runs may go for good, and delete them; answers how many are gone. */
export async function deleteForGood(
  workspace: IWorkspace,
  runIds: readonly string[],
): Promise<number> {
  const { client, models, trans } = workspace;
  let body: JSX.Element;
  try {
    const counted = runIds.slice(0, MOST_COUNTED);
    const runs = await Promise.all(counted.map(run_id => client.call('runs.get', { run_id })));
    body = (
      <WhatGoes
        trans={trans}
        locale={localeOf(workspace.translator.languageCode)}
        names={runs.slice(0, MOST_NAMED).map((run: Run) => run.name)}
        n={runIds.length}
        files={runIds.length > MOST_COUNTED ? null : await filesOf(client, counted)}
        retentionDays={(await client.call('workspaces.show', {})).retention_days ?? null}
      />
    );
  } catch (error) {
    notifyError(workspace, trans.__('The run could not be read.'), error);
    return 0;
  }
  const answer = await showDialog({
    title: trans._n('Delete %1 run for good?', 'Delete %1 runs for good?', runIds.length),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans._n('Keep it', 'Keep them', runIds.length) }),
      Dialog.warnButton({ label: trans.__('Delete for good') }),
    ],
    // Enter alone deletes nothing.
    defaultButton: 0,
  });
  if (!answer.button.accept) {
    return 0;
  }
  const refused = await deleteAll(client, runIds);
  await models.recentRuns.refresh();
  const nGone = runIds.length - refused.length;
  if (refused.length > 0) {
    notifyError(workspace, trans.__('Not all runs could be deleted.'), refused[0]);
  }
  if (nGone > 0) {
    Notification.info(
      trans._n('%1 run is deleted for good.', '%1 runs are deleted for good.', nGone),
      { autoClose: 8000 },
    );
  }
  return nGone;
}

async function filesOf(client: Client, runIds: readonly string[]): Promise<IFiles> {
  const lists = await Promise.all(
    runIds.map(run_id => client.call('runs.list_artifacts', { run_id, recursive: true })),
  );
  const files = lists.flat().filter(file => !file.is_dir);
  return { n: files.length, bytes: files.reduce((sum, file) => sum + (file.size_bytes ?? 0), 0) };
}

/** Delete runs, a few at a time; answers why some were refused. */
async function deleteAll(client: Client, runIds: readonly string[]): Promise<unknown[]> {
  const refused: unknown[] = [];
  for (let at = 0; at < runIds.length; at += AT_ONCE) {
    const some = runIds.slice(at, at + AT_ONCE);
    const outcomes = await Promise.allSettled(
      some.map(run_id => client.call('runs.delete', { run_id })),
    );
    refused.push(...outcomes.flatMap(it => (it.status === 'rejected' ? [it.reason] : [])));
  }
  return refused;
}

/** The body of the dialog. */
export function WhatGoes(props: {
  trans: TranslationBundle;
  locale: string;
  /** Names of the first of the runs. */
  names: readonly string[];
  n: number;
  /** Null when there are too many runs to count them. */
  files: IFiles | null;
  /** Null for ever. */
  retentionDays: number | null;
}): JSX.Element {
  const { trans, names, n, files, retentionDays } = props;
  const nMore = n - names.length;
  return (
    <div className="jp-MlwsWhatGoes">
      <ul>
        {names.map((name, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: names may be equal, and the list never changes.
          <li key={at}>{name}</li>
        ))}
        {nMore > 0 && <li>{trans._n('and %1 more', 'and %1 more', nMore)}</li>}
      </ul>
      <p>
        {trans.__(
          'Parameters, metrics, tags, the log, files, and models that no other run has go. This cannot be undone; the audit log keeps that it was done.',
        )}
      </p>
      {files && (
        <p>
          {trans._n(
            '%1 file, %2: the space is free after the next collection.',
            '%1 files, %2: the space is free after the next collection.',
            files.n,
            sizeOf(files.bytes, props.locale),
          )}
        </p>
      )}
      <p className="jp-MlwsWhatGoes-kept">
        {retentionDays === null
          ? trans.__('Archived runs are kept until somebody deletes them.')
          : trans._n(
              'If you keep them, a collection deletes archived runs after %1 day.',
              'If you keep them, a collection deletes archived runs after %1 days.',
              retentionDays,
            )}
      </p>
    </div>
  );
}

// How commands say that something went wrong: a toast, never a dialog.
import { Clipboard, Notification } from '@jupyterlab/apputils';
import { ApiError } from '../api/client';
import type { IWorkspace } from '../tokens';

/** Show what a command could not do, as a toast with the details at hand. */
export function notifyError(workspace: IWorkspace, title: string, error: unknown): void {
  const { trans } = workspace;
  const message = error instanceof ApiError ? error.message : String(error);
  const details =
    error instanceof ApiError
      ? [error.code, error.status || '', error.requestId].filter(Boolean).join(' · ')
      : '';
  Notification.error(`${title} ${message}`, {
    autoClose: 10_000,
    actions: details
      ? [
          {
            label: trans.__('Copy details'),
            callback: () => Clipboard.copyToSystem(`${message}\n${details}`),
          },
        ]
      : [],
  });
}

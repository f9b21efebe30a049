// The state of a run: icon, word and colour, never colour alone.
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Status } from '../api/schema';
import { useLanguage } from './context';

/** How states look alike: `tone` picks colour and icon. */
const TONES: Record<Status, 'waiting' | 'busy' | 'good' | 'bad' | 'off'> = {
  NotStarted: 'waiting',
  Queued: 'waiting',
  Preparing: 'busy',
  Starting: 'busy',
  Running: 'busy',
  CancelRequested: 'off',
  Finalizing: 'busy',
  Completed: 'good',
  Failed: 'bad',
  Canceled: 'off',
};

/** The word for a state. */
export function statusWord(status: Status, trans: TranslationBundle): string {
  switch (status) {
    case 'NotStarted':
      return trans.__('Not started');
    case 'Queued':
      return trans.__('Queued');
    case 'Preparing':
      return trans.__('Preparing');
    case 'Starting':
      return trans.__('Starting');
    case 'Running':
      return trans.__('Running');
    case 'CancelRequested':
      return trans.__('Canceling');
    case 'Finalizing':
      return trans.__('Finishing');
    case 'Completed':
      return trans.__('Completed');
    case 'Failed':
      return trans.__('Failed');
    case 'Canceled':
      return trans.__('Canceled');
  }
}

const SHAPES = {
  waiting: (
    <>
      <circle cx="8" cy="8" r="6" fill="none" strokeWidth="1.5" />
      <path d="M8 4.8V8l2.2 1.6" fill="none" strokeWidth="1.5" strokeLinecap="round" />
    </>
  ),
  busy: (
    <>
      <circle cx="8" cy="8" r="6" fill="none" strokeWidth="2" opacity="0.25" />
      <path d="M8 2a6 6 0 0 1 6 6" fill="none" strokeWidth="2" strokeLinecap="round" />
    </>
  ),
  good: (
    <>
      <circle cx="8" cy="8" r="7" stroke="none" />
      <path
        className="jp-MlwsStatus-mark"
        d="M4.8 8.3l2.2 2.2 4.2-4.6"
        fill="none"
        strokeWidth="1.7"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </>
  ),
  bad: (
    <>
      <circle cx="8" cy="8" r="7" stroke="none" />
      <path
        className="jp-MlwsStatus-mark"
        d="M5.5 5.5l5 5m0-5l-5 5"
        fill="none"
        strokeWidth="1.7"
        strokeLinecap="round"
      />
    </>
  ),
  off: (
    <>
      <circle cx="8" cy="8" r="6.2" fill="none" strokeWidth="1.5" />
      <path d="M4 12l8-8" fill="none" strokeWidth="1.5" />
    </>
  ),
};

/** The icon of a state; its word is read aloud unless it stands beside it. */
export function StatusIcon(props: { status: Status; withTitle?: boolean }): JSX.Element {
  const { trans } = useLanguage();
  const word = statusWord(props.status, trans);
  const tone = TONES[props.status];
  return (
    <svg
      className={`jp-MlwsStatus-icon jp-mod-${tone}`}
      viewBox="0 0 16 16"
      role="img"
      aria-hidden={props.withTitle ? undefined : true}
      aria-label={props.withTitle ? word : undefined}
    >
      {props.withTitle && <title>{word}</title>}
      {SHAPES[tone]}
    </svg>
  );
}

/** Icon and word of a state. */
export function StatusChip(props: { status: Status }): JSX.Element {
  const { trans } = useLanguage();
  return (
    <span className={`jp-MlwsStatus jp-mod-${TONES[props.status]}`} data-status={props.status}>
      <StatusIcon status={props.status} />
      <span>{statusWord(props.status, trans)}</span>
    </span>
  );
}

// How a step of a pipeline stands: icon, word, time.
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Status } from '../api/schema';
import type { StepView } from '../designer/designer';
import { useLanguage } from '../ui/context';
import { duration } from '../ui/format';
import { useNow } from '../ui/hooks';
import { StatusIcon } from '../ui/status';

const ICONS: Readonly<Record<StepView['state'], Status>> = {
  waiting: 'NotStarted',
  queued: 'Queued',
  running: 'Running',
  completed: 'Completed',
  reused: 'Completed',
  failed: 'Failed',
  canceled: 'Canceled',
  skipped: 'Canceled',
};

/** The word for a step's state. */
export function stepWord(state: StepView['state'], trans: TranslationBundle): string {
  switch (state) {
    case 'waiting':
      return trans.__('Waiting');
    case 'queued':
      return trans.__('Queued');
    case 'running':
      return trans.__('Running');
    case 'completed':
      return trans.__('Completed');
    case 'reused':
      return trans.__('Reused');
    case 'failed':
      return trans.__('Failed');
    case 'canceled':
      return trans.__('Canceled');
    case 'skipped':
      return trans.__('Not run');
  }
}

/** State and duration of a step, with why on hover. */
export function StepMark(props: { view: StepView }): JSX.Element {
  const { view } = props;
  const { trans } = useLanguage();
  const now = useNow(1000, view.state === 'running');
  const seconds = secondsOf(view, now);
  const word = stepWord(view.state, trans);
  return (
    <span
      className="jp-MlwsStepMark"
      data-state={view.state}
      title={view.why || view.error || word}
    >
      <StatusIcon status={ICONS[view.state]} />
      <span>
        {view.state === 'reused' ? word : seconds === null ? word : duration(seconds * 1000)}
      </span>
    </span>
  );
}

/** Seconds that a step has taken; null when it has not started. */
export function secondsOf(view: StepView, nowMs: number): number | null {
  if (!view.started_at) {
    return null;
  }
  const end = view.ended_at ? Date.parse(view.ended_at) : nowMs;
  return Math.max(0, (end - Date.parse(view.started_at)) / 1000);
}

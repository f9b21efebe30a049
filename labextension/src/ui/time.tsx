// Times that tick by themselves, so that nothing around them is drawn again.
import { memo } from 'react';
import type { Status } from '../api/schema';
import { useLanguage } from './context';
import { durationOf } from './duration';
import { exactTime, relativeTime } from './format';
import { useNow } from './hooks';

/** How long a run took, or takes so far: then it ticks each second. */
export const Elapsed = memo(function Elapsed(props: {
  status: Status;
  startedAt: string | undefined;
  endedAt: string | undefined;
}): JSX.Element {
  const { status, startedAt, endedAt } = props;
  const now = useNow(1000, Boolean(startedAt) && !endedAt);
  return <>{durationOf({ status, started_at: startedAt, ended_at: endedAt }, now)}</>;
});

/** How long ago something was; the exact moment on hover. */
export const Ago = memo(function Ago(props: { time: string }): JSX.Element {
  const { locale } = useLanguage();
  const now = useNow(30_000);
  return (
    <time dateTime={props.time} title={exactTime(props.time, locale)}>
      {relativeTime(props.time, now, locale)}
    </time>
  );
});

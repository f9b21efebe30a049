// Whether what is shown is live, and what to do when it is not.
import { useLanguage } from '../ui/context';
import { Button, CopyButton } from '../ui/controls';
import { useDelayed, useResource, useSignal } from '../ui/hooks';
import { usePage } from './page';

/** Whether the connection is lost or was not made yet. */
export function useIsDown(): boolean {
  const { events } = usePage().workspace;
  useSignal(events.connectionChanged);
  return events.connection === 'connecting' || events.connection === 'reconnecting';
}

/** A dot, with a word beside it while what is shown is not live; `compact` leaves the word to the hover. */
export function ConnectionMark(props: { compact?: boolean }): JSX.Element {
  const { events } = usePage().workspace;
  const { trans, locale } = useLanguage();
  const isDown = useIsDown();
  const isShown = useDelayed(isDown, 600);
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(events.answeredAt);
  if (!isShown) {
    return (
      <output
        className="jp-MlwsConnection jp-mod-live"
        title={trans.__('Connected: what you see is live')}
      >
        <span className="jp-MlwsConnection-dot" aria-hidden="true" />
        <span className="jp-MlwsVisuallyHidden">{trans.__('Connected')}</span>
      </output>
    );
  }
  const words = events.answeredAt
    ? trans.__('Reconnecting, data from %1', time)
    : trans.__('Connecting');
  return (
    <output className="jp-MlwsConnection jp-mod-down" title={words}>
      <span className="jp-MlwsConnection-dot" aria-hidden="true" />
      <span className={props.compact ? 'jp-MlwsVisuallyHidden' : undefined}>{words}</span>
    </output>
  );
}

const INSTALL = 'pip install jupyter_mlws';

/** Why there is no connection, said once for the whole panel, with the way out. */
export function ConnectionNotice(): JSX.Element | null {
  const { workspace } = usePage();
  const { trans, locale } = useLanguage();
  const { events, models } = workspace;
  const isDown = useIsDown();
  const isShown = useDelayed(isDown, 600);
  const { value: service, error } = useResource(models.service);
  if (!isShown) {
    return null;
  }
  if (error?.status === 404) {
    return (
      <div className="jp-MlwsNotice" role="alert">
        <p>
          {trans.__('The server part of the ML workspace is missing. Install it beside Jupyter:')}
        </p>
        <div className="jp-MlwsNotice-line">
          <code>{INSTALL}</code>
          <CopyButton text={INSTALL} />
        </div>
      </div>
    );
  }
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(events.answeredAt);
  const message =
    service?.state === 'failed'
      ? trans.__('The workspace service could not start. %1', service.message)
      : error?.code === 'UNREACHABLE'
        ? trans.__('The Jupyter server cannot be reached.')
        : events.answeredAt
          ? trans.__('Reconnecting, data from %1', time)
          : trans.__('The workspace service is starting.');
  return (
    <div className="jp-MlwsNotice" role="alert">
      <p>{message}</p>
      <Button onClick={() => events.retry()}>{trans.__('Retry')}</Button>
    </div>
  );
}

// Whether what is shown is live, and what to do when it is not.
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { useResource, useSignal } from '../ui/hooks';
import { usePage } from './page';

/** A dot with a word; with the service's own message when it could not start. */
export function ConnectionMark(): JSX.Element {
  const { workspace } = usePage();
  const { trans, locale } = useLanguage();
  const { events, models } = workspace;
  useSignal(events.connectionChanged);
  const lab = useResource(models.service).value;
  const state = events.connection;
  const isDown = state === 'connecting' || state === 'reconnecting';
  if (!isDown) {
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
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(events.answeredAt);
  const word =
    lab?.state === 'failed'
      ? trans.__('Not running')
      : state === 'connecting'
        ? trans.__('Starting')
        : trans.__('Reconnecting');
  const hint =
    lab?.state === 'failed'
      ? lab.message
      : events.answeredAt
        ? trans.__('Reconnecting, data from %1', time)
        : trans.__('The workspace service is starting.');
  return (
    <output className="jp-MlwsConnection jp-mod-down" title={hint}>
      <span className="jp-MlwsConnection-dot" aria-hidden="true" />
      <span>{word}</span>
      <Button minimal onClick={() => events.retry()}>
        {trans.__('Retry')}
      </Button>
    </output>
  );
}

// Triggers & webhooks: what starts by a call or an event, who is told, and how that went.
import '../../style/schedules.css';
import '../../style/pages.css';
import { refreshIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import { ApiError } from '../api/client';
import type { AutomationModel, Delivery, IAutomation, Trigger, Webhook } from '../model/automation';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, CopyButton, Toolbar } from '../ui/controls';
import { useDelayed, useResource } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { Ago } from '../ui/time';
import { TriggerForm, WebhookForm } from './automation-forms';
import { ConnectionMark } from './connection';
import { execute, usePage } from './page';

type Form = 'trigger' | 'webhook' | null;

/** A token that was just made; it is shown this once. */
export interface IShownToken {
  name: string;
  url: string;
  token: string;
}

export function AutomationPage(props: { model: AutomationModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { value, error, isLoading } = useResource(model.all);
  const isBusy = useDelayed(isLoading);
  const [form, setForm] = useState<Form>(null);
  const [shown, setShown] = useState<IShownToken | null>(null);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  /** Do something that the service may refuse. */
  const act = (done: Promise<unknown>): void => {
    setRefusal(null);
    void model.after(done).catch((failure: unknown) => {
      setRefusal(
        failure instanceof ApiError ? failure : new ApiError(String(failure), 0, 'INTERNAL'),
      );
    });
  };
  return (
    <div className="jp-MlwsPage jp-MlwsAutomation">
      {isBusy && <div className="jp-MlwsPage-busy" />}
      <Toolbar
        label={trans.__('Triggers & webhooks')}
        end={
          <>
            <Button onClick={() => setForm(form === 'trigger' ? null : 'trigger')}>
              {trans.__('New trigger…')}
            </Button>
            <Button onClick={() => setForm(form === 'webhook' ? null : 'webhook')}>
              {trans.__('New webhook…')}
            </Button>
            <ConnectionMark />
            <Button
              minimal
              icon={refreshIcon}
              title={trans.__('Read again')}
              onClick={() => void model.all.refresh()}
            />
          </>
        }
      >
        <h2 className="jp-MlwsSchedules-title">{trans.__('Triggers & webhooks')}</h2>
      </Toolbar>
      <div className="jp-MlwsAutomation-content">
        {error && <ErrorStrip error={error} onRetry={() => void model.all.refresh()} />}
        {refusal && <ErrorStrip error={refusal} />}
        {shown && <Token shown={shown} onClose={() => setShown(null)} />}
        {!value && !error && <Skeleton rows={6} />}
        {value && form === 'trigger' && (
          <TriggerForm
            model={model}
            known={value}
            onDone={made => {
              setForm(null);
              setShown(made);
            }}
          />
        )}
        {value && form === 'webhook' && (
          <WebhookForm model={model} known={value} onDone={() => setForm(null)} />
        )}
        {value && <Lists model={model} all={value} act={act} onToken={setShown} />}
      </div>
    </div>
  );
}

function Token(props: { shown: IShownToken; onClose: () => void }): JSX.Element {
  const { name, url, token } = props.shown;
  const { trans } = useLanguage();
  const line = `curl -X POST ${url} -H "Authorization: Bearer ${token}" -H "Content-Type: application/json" -d '{"inputs": {}}'`;
  return (
    <section className="jp-MlwsAutomation-token" role="status">
      <p>{trans.__('The token of %1 is shown this once. This line calls it:', name)}</p>
      <div className="jp-MlwsSnippet">
        <pre>{line}</pre>
        <CopyButton text={line} />
      </div>
      <Button onClick={props.onClose}>{trans.__('I have kept it')}</Button>
    </section>
  );
}

interface IListProps {
  model: AutomationModel;
  all: IAutomation;
  act: (done: Promise<unknown>) => void;
  onToken: (shown: IShownToken) => void;
}

function Lists(props: IListProps): JSX.Element {
  const { all } = props;
  const { trans } = useLanguage();
  return (
    <>
      <section aria-label={trans.__('Triggers')}>
        <h3>{trans.__('Triggers')}</h3>
        {all.triggers.length === 0 ? (
          <Empty
            text={trans.__(
              'A trigger starts a job when its address is called, or when something has happened: new data, a model, the end of a job.',
            )}
          />
        ) : (
          <ul className="jp-MlwsSchedules-list">
            {all.triggers.map(trigger => (
              <TriggerRow key={trigger.name} trigger={trigger} {...props} />
            ))}
          </ul>
        )}
      </section>
      <section aria-label={trans.__('Webhooks')}>
        <h3>{trans.__('Webhooks')}</h3>
        {all.webhooks.length === 0 ? (
          <Empty
            text={trans.__(
              'A webhook tells others what has happened: a service by CloudEvents, a chat, or people by mail.',
            )}
          />
        ) : (
          <ul className="jp-MlwsSchedules-list">
            {all.webhooks.map(webhook => (
              <WebhookRow key={webhook.name} webhook={webhook} {...props} />
            ))}
          </ul>
        )}
      </section>
      {all.deliveries.length > 0 && <Log {...props} />}
    </>
  );
}

function Switch(props: {
  name: string;
  isOn: boolean;
  onChange: (on: boolean) => void;
}): JSX.Element {
  const { trans } = useLanguage();
  return (
    <button
      type="button"
      role="switch"
      className="jp-MlwsSwitch"
      aria-checked={props.isOn}
      aria-label={trans.__('Enabled: %1', props.name)}
      title={props.isOn ? trans.__('Switch off') : trans.__('Switch on')}
      onClick={() => props.onChange(!props.isOn)}
    />
  );
}

function TriggerRow(props: IListProps & { trigger: Trigger }): JSX.Element {
  const { trigger, model, act, onToken } = props;
  const { client } = model;
  const page = usePage();
  const { trans } = useLanguage();
  const { name } = trigger;
  const last = trigger.recent?.[0];
  const renew = async (): Promise<void> => {
    const made = await client.call('triggers.renew_token', { name });
    onToken({ name, url: made.url ?? '', token: made.token ?? '' });
  };
  return (
    <li className="jp-MlwsSchedules-row jp-mod-automation" data-trigger={name}>
      <Switch
        name={name}
        isOn={trigger.is_enabled}
        onChange={on => act(client.call(on ? 'triggers.enable' : 'triggers.disable', { name }))}
      />
      <div className="jp-MlwsSchedules-what">
        <strong>{name}</strong>
        <span
          className="jp-MlwsSchedules-sentence"
          title={trigger.url ?? trigger.path ?? undefined}
        >
          {trigger.type === 'http' ? trigger.url : trigger.events?.join(', ')}
          {trigger.path && ` ${trigger.path}`}
          {trigger.schedule && ` → ${trigger.schedule}`}
        </span>
      </div>
      <div className="jp-MlwsSchedules-next">
        {last ? (
          <>
            <Ago time={last.time} />
            {last.job ? (
              <Button
                minimal
                onClick={() => execute(page, CommandIDs.openRun, { run_id: last.job ?? '' })}
              >
                {last.status ?? trans.__('Open')}
              </Button>
            ) : (
              <span className="jp-MlwsAutomation-bad">{last.reason}</span>
            )}
          </>
        ) : (
          <span>{trans.__('not started yet')}</span>
        )}
      </div>
      <div className="jp-MlwsSchedules-actions">
        {trigger.type === 'http' && (
          <Button minimal onClick={() => act(renew())}>
            {trans.__('New token')}
          </Button>
        )}
        <Button minimal onClick={() => act(client.call('triggers.delete', { name }))}>
          {trans.__('Delete')}
        </Button>
      </div>
    </li>
  );
}

function WebhookRow(props: IListProps & { webhook: Webhook }): JSX.Element {
  const { webhook, model, act } = props;
  const { client } = model;
  const { trans } = useLanguage();
  const { name } = webhook;
  return (
    <li className="jp-MlwsSchedules-row jp-mod-automation" data-webhook={name}>
      <Switch
        name={name}
        isOn={webhook.is_enabled ?? true}
        onChange={on => act(client.call(on ? 'webhooks.enable' : 'webhooks.disable', { name }))}
      />
      <div className="jp-MlwsSchedules-what">
        <strong>{name}</strong>
        <span className="jp-MlwsSchedules-sentence">
          {webhook.events.join(', ')} → {webhook.url ?? webhook.emails?.join(', ')}
        </span>
      </div>
      <div className="jp-MlwsSchedules-next">
        <span>{trans._n('%1 pending', '%1 pending', webhook.pending ?? 0)}</span>
        {webhook.dead !== undefined && webhook.dead > 0 && (
          <span className="jp-MlwsAutomation-bad">
            {trans._n('%1 given up', '%1 given up', webhook.dead)}
          </span>
        )}
      </div>
      <div className="jp-MlwsSchedules-actions">
        <Button onClick={() => act(client.call('webhooks.test', { name }))}>
          {trans.__('Send a test')}
        </Button>
        <Button minimal onClick={() => act(client.call('webhooks.delete', { name }))}>
          {trans.__('Delete')}
        </Button>
      </div>
    </li>
  );
}

function Log(props: IListProps): JSX.Element {
  const { all, model, act } = props;
  const { trans } = useLanguage();
  const words: Record<Delivery['state'], string> = {
    pending: trans.__('pending'),
    delivered: trans.__('delivered'),
    dead: trans.__('given up'),
  };
  return (
    <section aria-label={trans.__('Deliveries')}>
      <h3>{trans.__('Deliveries')}</h3>
      <table className="jp-MlwsAutomation-log">
        <thead>
          <tr>
            <th>{trans.__('When')}</th>
            <th>{trans.__('Webhook')}</th>
            <th>{trans.__('Event')}</th>
            <th>{trans.__('State')}</th>
            <th>{trans.__('Tries')}</th>
            <th>{trans.__('Last answer')}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {all.deliveries.map(delivery => {
            const last = delivery.attempts?.[delivery.attempts.length - 1];
            return (
              <tr key={delivery.id} data-delivery={delivery.id}>
                <td>
                  <Ago time={delivery.created_at} />
                </td>
                <td>{delivery.webhook}</td>
                <td title={delivery.subject}>{delivery.event}</td>
                <td className={delivery.state === 'dead' ? 'jp-MlwsAutomation-bad' : undefined}>
                  {words[delivery.state]}
                </td>
                <td>{delivery.attempts?.length ?? 0}</td>
                <td className="jp-MlwsAutomation-answer" title={last?.error}>
                  {last?.error || last?.status_code || ''}
                </td>
                <td>
                  <Button
                    minimal
                    onClick={() =>
                      act(model.client.call('deliveries.redeliver', { id: delivery.id }))
                    }
                  >
                    {trans.__('Send again')}
                  </Button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

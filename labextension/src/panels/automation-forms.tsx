// New triggers and webhooks: a form above the lists, each mistake at its field.
import '../../style/schedules.css';
import '../../style/rundialog.css';
import { type ReactNode, useState } from 'react';
import { ApiError } from '../api/client';
import type { AutomationModel, IAutomation } from '../model/automation';
import { useLanguage } from '../ui/context';
import { Button, Check } from '../ui/controls';
import { ErrorStrip } from '../ui/states';
import type { IShownToken } from './automation';
import { Field } from './rundialog-fields';

interface IFormProps<T> {
  model: AutomationModel;
  known: IAutomation;
  onDone: (made: T) => void;
}

/** What the service said of the last try, by field. */
function useRefusal(): [
  Readonly<Record<string, string>>,
  ApiError | null,
  (error: unknown) => void,
] {
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  const take = (error: unknown): void => {
    const failed = error === null || error instanceof ApiError;
    setRefusal(failed ? error : new ApiError(String(error), 0, 'INTERNAL'));
  };
  const problems = Object.fromEntries(
    (refusal?.problems ?? []).map(problem => [problem.field, problem.message]),
  );
  const hasPlace = Object.keys(problems).some(field => field !== '');
  return [problems, hasPlace ? null : refusal, take];
}

function Frame(props: {
  label: string;
  failure: ApiError | null;
  submit: string;
  onSubmit: () => void;
  children: ReactNode;
}): JSX.Element {
  return (
    <form
      className="jp-MlwsRun jp-MlwsAutomation-form"
      aria-label={props.label}
      onSubmit={event => {
        event.preventDefault();
        props.onSubmit();
      }}
    >
      {props.failure && <ErrorStrip error={props.failure} />}
      {props.children}
      <div>
        <Button primary type="submit">
          {props.submit}
        </Button>
      </div>
    </form>
  );
}

function Text(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  problem?: string;
  help?: string;
  type?: string;
}): JSX.Element {
  return (
    <Field label={props.label} problem={props.problem} help={props.help}>
      {ids => (
        <input
          {...ids}
          className="jp-mod-styled"
          type={props.type ?? 'text'}
          autoComplete="off"
          spellCheck={false}
          value={props.value}
          onChange={event => props.onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

function Events(props: {
  known: IAutomation;
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
  problem?: string;
}): JSX.Element {
  const { known, chosen, onChange } = props;
  const { trans } = useLanguage();
  return (
    <Field label={trans.__('Events')} problem={props.problem}>
      {ids => (
        <fieldset {...ids} className="jp-MlwsAutomation-events">
          {Object.keys(known.events).map(event => (
            <span key={event} title={known.events[event]}>
              <Check
                label={event}
                checked={chosen.includes(event)}
                onChange={on =>
                  onChange(on ? [...chosen, event] : chosen.filter(other => other !== event))
                }
              />
            </span>
          ))}
        </fieldset>
      )}
    </Field>
  );
}

export function TriggerForm(props: IFormProps<IShownToken | null>): JSX.Element {
  const { model, known, onDone } = props;
  const { trans } = useLanguage();
  const [name, setName] = useState('');
  const [type, setType] = useState<'http' | 'event'>('http');
  const [schedule, setSchedule] = useState(known.schedules[0] ?? '');
  const [events, setEvents] = useState<string[]>([]);
  const [path, setPath] = useState('');
  const [problems, failure, take] = useRefusal();
  const waitsForFiles = type === 'event' && events.includes('file.arrived');
  const submit = async (): Promise<void> => {
    take(null);
    const trigger = {
      name,
      type,
      schedule,
      ...(type === 'event' && { events }),
      ...(waitsForFiles && { path }),
    };
    try {
      const made = await model.after(model.client.call('triggers.create_or_update', { trigger }));
      onDone(made.token ? { name, url: made.url ?? '', token: made.token } : null);
    } catch (error) {
      take(error);
    }
  };
  return (
    <Frame
      label={trans.__('New trigger')}
      failure={failure}
      submit={trans.__('Create trigger')}
      onSubmit={() => void submit()}
    >
      <Text label={trans.__('Name')} value={name} onChange={setName} problem={problems.name} />
      <Field label={trans.__('Starts by')}>
        {ids => (
          <select
            {...ids}
            className="jp-mod-styled"
            value={type}
            onChange={event => setType(event.target.value as typeof type)}
          >
            <option value="http">{trans.__('a call of its address')}</option>
            <option value="event">{trans.__('an event')}</option>
          </select>
        )}
      </Field>
      <Field
        label={trans.__('Job of schedule')}
        problem={problems.schedule}
        help={trans.__('Other jobs: mlws trigger create -f FILE')}
      >
        {ids => (
          <select
            {...ids}
            className="jp-mod-styled"
            value={schedule}
            onChange={event => setSchedule(event.target.value)}
          >
            {known.schedules.map(one => (
              <option key={one}>{one}</option>
            ))}
          </select>
        )}
      </Field>
      {type === 'event' && (
        <Events known={known} chosen={events} onChange={setEvents} problem={problems.events} />
      )}
      {waitsForFiles && (
        <Text
          label={trans.__('Files')}
          value={path}
          onChange={setPath}
          problem={problems.path}
          help={trans.__('Such as azureml://datastores/NAME/paths/incoming/*.csv')}
        />
      )}
    </Frame>
  );
}

export function WebhookForm(props: IFormProps<void>): JSX.Element {
  const { model, known, onDone } = props;
  const { trans } = useLanguage();
  const [name, setName] = useState('');
  const [format, setFormat] = useState('cloudevents');
  const [url, setUrl] = useState('');
  const [secret, setSecret] = useState('');
  const [events, setEvents] = useState<string[]>(['job.failed']);
  const [problems, failure, take] = useRefusal();
  const submit = async (): Promise<void> => {
    take(null);
    const webhook = { name, format, url, events, ...(secret && { secret }) };
    try {
      await model.after(model.client.call('webhooks.create_or_update', { webhook }));
      onDone();
    } catch (error) {
      take(error);
    }
  };
  return (
    <Frame
      label={trans.__('New webhook')}
      failure={failure}
      submit={trans.__('Create webhook')}
      onSubmit={() => void submit()}
    >
      <Text label={trans.__('Name')} value={name} onChange={setName} problem={problems.name} />
      <Field label={trans.__('Format')} help={trans.__('Mails: mlws webhook create -f FILE')}>
        {ids => (
          <select
            {...ids}
            className="jp-mod-styled"
            value={format}
            onChange={event => setFormat(event.target.value)}
          >
            <option value="cloudevents">CloudEvents 1.0</option>
            <option value="slack">Slack</option>
            <option value="teams">Teams</option>
          </select>
        )}
      </Field>
      <Text label={trans.__('Address')} value={url} onChange={setUrl} problem={problems.url} />
      <Text
        label={trans.__('Secret')}
        value={secret}
        onChange={setSecret}
        problem={problems.secret}
        type="password"
        help={trans.__('Signs what is sent; it is not shown again')}
      />
      <Events known={known} chosen={events} onChange={setEvents} problem={problems.events} />
    </Frame>
  );
}

// Secrets: set or replaced, never read back; when and where they were used.
import '../../style/data.css';
import { addIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import type { Secret, StoresModel } from '../model/stores';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, CopyButton, Toolbar } from '../ui/controls';
import { useResource } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { Ago } from '../ui/time';
import { Fields, type IField } from './fields';
import { execute, usePage } from './page';

export function Secrets(props: { model: StoresModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.secrets);
  const [setting, setSetting] = useState<string | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  const forget = (name: string): void => {
    model.caller
      .call('secrets.delete', { name })
      .then(() => model.secrets.refresh())
      .catch(setFailure);
  };
  return (
    <>
      <Toolbar label={trans.__('Secrets')}>
        <Button primary icon={addIcon} onClick={() => setSetting('')}>
          {trans.__('New secret…')}
        </Button>
      </Toolbar>
      {error && <ErrorStrip error={error} onRetry={() => void model.secrets.refresh()} />}
      {failure && <ErrorStrip error={failure} />}
      {!value && !error && <Skeleton rows={4} />}
      {setting !== null && (
        <SecretForm key={setting} model={model} name={setting} onDone={() => setSetting(null)} />
      )}
      {value?.length === 0 && setting === null && (
        <Empty
          text={trans.__(
            'A secret is given to a job as an environment variable, and shown to nobody again. Whoever may run jobs may add one.',
          )}
        />
      )}
      {value && value.length > 0 && (
        <table className="jp-MlwsPlainTable">
          <thead>
            <tr>
              <th>{trans.__('Name')}</th>
              <th>{trans.__('In a job file')}</th>
              <th>{trans.__('Set')}</th>
              <th>{trans.__('Last used')}</th>
              <th>{trans.__('Used by')}</th>
              <th>{trans.__('Actions')}</th>
            </tr>
          </thead>
          <tbody>
            {value.map(item => (
              <SecretRow
                key={item.name}
                secret={item}
                onReplace={() => setSetting(item.name)}
                onForget={() => forget(item.name)}
              />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function SecretRow(props: {
  secret: Secret;
  onReplace: () => void;
  onForget: () => void;
}): JSX.Element {
  const { secret } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const text = `\${{secrets.${secret.name}}}`;
  const last = secret.used_by?.[0];
  return (
    <tr data-secret={secret.name}>
      <th scope="row" title={secret.description ?? undefined}>
        {secret.name}
      </th>
      <td>
        <code>{text}</code> <CopyButton text={text} />
      </td>
      <td>
        <Ago time={secret.creation_context.last_modified_at} />
      </td>
      <td>{secret.last_used_at ? <Ago time={secret.last_used_at} /> : trans.__('never')}</td>
      <td>
        {last ? (
          <Button minimal onClick={() => execute(page, CommandIDs.openRun, { run_id: last })}>
            {trans._n('%1 job', '%1 jobs', secret.n_uses ?? 0)}
          </Button>
        ) : (
          '–'
        )}
      </td>
      <td>
        <Button onClick={props.onReplace}>{trans.__('Replace…')}</Button>{' '}
        <Button danger onClick={props.onForget}>
          {trans.__('Forget')}
        </Button>
      </td>
    </tr>
  );
}

function SecretForm(props: { model: StoresModel; name: string; onDone: () => void }): JSX.Element {
  const { model, name, onDone } = props;
  const { trans } = useLanguage();
  const naming: IField[] = name
    ? []
    : [
        { path: 'name', label: trans.__('Name'), required: true },
        { path: 'description', label: trans.__('Description') },
      ];
  return (
    <Fields
      label={name ? trans.__('New value of %1', name) : trans.__('New secret')}
      fields={[
        ...naming,
        { path: 'value', label: trans.__('Value'), required: true, secret: true },
      ]}
      action={name ? trans.__('Replace') : trans.__('Keep')}
      onCancel={onDone}
      onSubmit={async values => {
        await model.caller.call('secrets.set', {
          name: name || (values.name ?? ''),
          value: values.value ?? '',
          ...(values.description && { description: values.description }),
        });
        await model.secrets.refresh();
        onDone();
      }}
    >
      {name && <p className="jp-MlwsNote">{trans.__('New value of %1', name)}</p>}
    </Fields>
  );
}

// Connections to other services: what there is, and a form for a new one. Secrets never come out.
import '../../style/data.css';
import { addIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import type { StoresModel } from '../model/stores';
import { useLanguage } from '../ui/context';
import { Button, Choice, Toolbar } from '../ui/controls';
import { useResource } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { Ago } from '../ui/time';
import { documentOf, Fields, type IField } from './fields';

const TYPES = [
  'azure_sql_db',
  'azure_postgres_db',
  'azure_my_sql_db',
  'snowflake',
  's3',
  'git',
  'python_feed',
  'container_registry',
  'api_key',
  'open_ai',
  'azure_open_ai',
  'custom',
] as const;
type Type = (typeof TYPES)[number];

export function Connections(props: { model: StoresModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.connections);
  const [isMaking, setMaking] = useState(false);
  const [failure, setFailure] = useState<Error | null>(null);
  const forget = (name: string): void => {
    model.caller
      .call('connections.delete', { name })
      .then(() => model.connections.refresh())
      .catch(setFailure);
  };
  return (
    <>
      <Toolbar label={trans.__('Connections')}>
        <Button primary icon={addIcon} onClick={() => setMaking(true)}>
          {trans.__('New connection…')}
        </Button>
      </Toolbar>
      {error && <ErrorStrip error={error} onRetry={() => void model.connections.refresh()} />}
      {failure && <ErrorStrip error={failure} />}
      {!value && !error && <Skeleton rows={4} />}
      {isMaking && <NewConnection model={model} onDone={() => setMaking(false)} />}
      {value?.length === 0 && !isMaking && (
        <Empty
          text={trans.__(
            'A connection keeps the address of another service and what opens it, such as a database that data is imported from.',
          )}
        />
      )}
      {value && value.length > 0 && (
        <table className="jp-MlwsPlainTable">
          <thead>
            <tr>
              <th>{trans.__('Name')}</th>
              <th>{trans.__('Type')}</th>
              <th>{trans.__('Address')}</th>
              <th>{trans.__('Kept secrets')}</th>
              <th>{trans.__('Changed')}</th>
              <th>{trans.__('Actions')}</th>
            </tr>
          </thead>
          <tbody>
            {value.map(item => (
              <tr key={item.name} data-connection={item.name}>
                <th scope="row">{item.name}</th>
                <td>{item.type}</td>
                <td>{item.target ?? ''}</td>
                <td>{(item.secrets ?? []).join(', ')}</td>
                <td>
                  <Ago time={item.creation_context.last_modified_at} />
                </td>
                <td>
                  <Button danger onClick={() => forget(item.name)}>
                    {trans.__('Forget')}
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function NewConnection(props: { model: StoresModel; onDone: () => void }): JSX.Element {
  const { model, onDone } = props;
  const { trans } = useLanguage();
  const [type, setType] = useState<Type>('azure_postgres_db');
  const fields: IField[] = [
    { path: 'name', label: trans.__('Name'), required: true },
    { path: 'target', label: trans.__('Address'), required: true, hint: 'https://…' },
    ...credentialFields(type),
  ];
  function credentialFields(of: Type): IField[] {
    switch (credentialOf(of)) {
      case 'access_key':
        return [
          { path: 'credentials.access_key_id', label: trans.__('Access key id') },
          {
            path: 'credentials.secret_access_key',
            label: trans.__('Secret access key'),
            secret: true,
          },
        ];
      case 'pat':
        return [{ path: 'credentials.pat', label: trans.__('Access token'), secret: true }];
      case 'api_key':
        return [{ path: 'credentials.key', label: trans.__('Key'), secret: true }];
      default:
        return [
          { path: 'credentials.username', label: trans.__('User') },
          { path: 'credentials.password', label: trans.__('Password'), secret: true },
        ];
    }
  }
  return (
    <Fields
      label={trans.__('New connection')}
      fields={fields}
      action={trans.__('Create')}
      onCancel={onDone}
      onSubmit={async values => {
        const said = documentOf(values);
        if (said.credentials) {
          said.credentials = { ...(said.credentials as object), type: credentialOf(type) };
        }
        await model.caller.call('connections.create_or_update', { connection: { ...said, type } });
        await model.connections.refresh();
        onDone();
      }}
    >
      <Choice
        label={trans.__('Type')}
        value={type}
        options={TYPES.map(id => [id, id] as const)}
        onChange={setType}
      />
    </Fields>
  );
}

/** The form of credentials that a type of connection mostly has. */
function credentialOf(type: Type): string {
  switch (type) {
    case 's3':
      return 'access_key';
    case 'git':
    case 'python_feed':
      return 'pat';
    case 'api_key':
    case 'open_ai':
    case 'azure_open_ai':
    case 'custom':
      return 'api_key';
    default:
      return 'username_password';
  }
}

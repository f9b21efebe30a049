// Datastores: what there is, a form for a new one, and a look into one. Secrets go in and never come out.

import '../../style/data.css';
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, fileIcon, folderIcon, refreshIcon } from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';
import type { Datastore, Entry, StoresModel } from '../model/stores';
import { FolderModel } from '../model/stores';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Choice, Toolbar } from '../ui/controls';
import { bytes } from '../ui/format';
import { useResource, useSignal } from '../ui/hooks';
import { List } from '../ui/list';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { documentOf, Fields, type IField } from './fields';
import { execute, usePage } from './page';
import { RowsGrid } from './rows';

const TYPES = ['file', 's3', 'azure_blob', 'azure_data_lake_gen2', 'gcs', 'http', 'sql'] as const;
type Type = (typeof TYPES)[number];

export function Datastores(props: { model: StoresModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.datastores);
  const [isMaking, setMaking] = useState(false);
  const [opened, setOpened] = useState<string | null>(null);
  const shown = value?.find(item => item.name === opened) ?? null;
  return (
    <>
      <Toolbar
        label={trans.__('Datastores')}
        end={
          <Button
            minimal
            icon={refreshIcon}
            title={trans.__('Read again')}
            onClick={() => void model.datastores.refresh()}
          />
        }
      >
        <Button primary icon={addIcon} onClick={() => setMaking(true)}>
          {trans.__('New datastore…')}
        </Button>
      </Toolbar>
      {error && <ErrorStrip error={error} onRetry={() => void model.datastores.refresh()} />}
      {!value && !error && <Skeleton rows={5} />}
      {isMaking && <NewDatastore model={model} onDone={() => setMaking(false)} />}
      <div className="jp-MlwsStores">
        <div className="jp-MlwsStores-list">
          <List
            label={trans.__('Datastores')}
            items={value ?? []}
            itemKey={item => item.name}
            onOpen={item => setOpened(item.name)}
            render={item => <DatastoreRow datastore={item} isShown={item.name === opened} />}
          />
        </div>
        <div className="jp-MlwsStores-folder">
          {shown ? (
            <Folder key={shown.name} model={model} datastore={shown} />
          ) : (
            <Empty text={trans.__('Choose a datastore to look into it.')} />
          )}
        </div>
      </div>
    </>
  );
}

function DatastoreRow(props: { datastore: Datastore; isShown: boolean }): JSX.Element {
  const { datastore } = props;
  const { trans } = useLanguage();
  const secrets = datastore.secrets ?? [];
  return (
    <div
      className={`jp-MlwsRail-item${props.isShown ? ' jp-mod-shown' : ''}`}
      data-datastore={datastore.name}
    >
      <strong>{datastore.name}</strong>
      <span className="jp-MlwsNote">
        {datastore.type}
        {secrets.length > 0 && ` · ${trans.__('%1 is kept', secrets.join(', '))}`}
      </span>
      {datastore.is_default && (
        <span className="jp-MlwsRail-labels">
          <span className="jp-MlwsChip">{trans.__('default')}</span>
        </span>
      )}
    </div>
  );
}

function Folder(props: { model: StoresModel; datastore: Datastore }): JSX.Element {
  const { model, datastore } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const [folder, setFolder] = useState<FolderModel | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  useEffect(() => {
    const made = new FolderModel(model.caller, datastore);
    setFolder(made);
    return () => made.dispose();
  }, [model, datastore]);
  if (!folder) {
    return <Skeleton rows={5} />;
  }
  const attempt = (act: Promise<unknown>): void => {
    setFailure(null);
    act.then(() => model.datastores.refresh()).catch(setFailure);
  };
  const isOwn = !datastore.name.startsWith('workspace') || datastore.type !== 'file';
  return (
    <>
      <Toolbar
        label={datastore.name}
        end={
          <>
            {!datastore.is_default && datastore.type !== 'sql' && (
              <Button
                onClick={() =>
                  attempt(model.caller.call('datastores.set_default', { name: datastore.name }))
                }
              >
                {trans.__('Make default')}
              </Button>
            )}
            {isOwn && (
              <Button
                danger
                onClick={() =>
                  attempt(model.caller.call('datastores.delete', { name: datastore.name }))
                }
              >
                {trans.__('Forget')}
              </Button>
            )}
          </>
        }
      >
        <Crumbs folder={folder} />
      </Toolbar>
      {failure && <ErrorStrip error={failure} />}
      <Entries
        folder={folder}
        onRegister={entry => {
          const asset = {
            name: nameOf(entry.path),
            type: entry.is_folder ? 'uri_folder' : 'uri_file',
            path: `azureml://datastores/${datastore.name}/paths/${entry.path}`,
          };
          setFailure(null);
          model.caller
            .call('data.create_or_update', { asset })
            .then(made =>
              execute(page, CommandIDs.openDataset, { name: made.name, version: made.version }),
            )
            .catch(setFailure);
        }}
      />
    </>
  );
}

function Crumbs(props: { folder: FolderModel }): JSX.Element {
  const { folder } = props;
  const { trans } = useLanguage();
  useSignal(folder.changed);
  const parts = folder.path.split('/').filter(Boolean);
  return (
    <nav className="jp-MlwsCrumbs" aria-label={trans.__('Folder')}>
      <Button minimal onClick={() => folder.go('')}>
        {folder.datastore.name}
      </Button>
      {parts.map((part, at) => {
        const path = parts.slice(0, at + 1).join('/');
        return (
          <span key={path}>
            /
            <Button minimal onClick={() => folder.go(path)}>
              {part}
            </Button>
          </span>
        );
      })}
    </nav>
  );
}

function Entries(props: { folder: FolderModel; onRegister: (entry: Entry) => void }): JSX.Element {
  const { folder } = props;
  const { trans, locale } = useLanguage();
  const { value, error } = useResource(folder.entries);
  useSignal(folder.changed);
  if (error) {
    return <ErrorStrip error={error} onRetry={() => void folder.entries.refresh()} />;
  }
  if (!value) {
    return <Skeleton rows={5} />;
  }
  const isTables = folder.datastore.type === 'sql';
  return (
    <>
      {value.length === 0 && <Empty text={trans.__('This folder is empty.')} />}
      <List
        label={trans.__('Files')}
        items={value.slice(0, MOST)}
        itemKey={entry => entry.path}
        onOpen={entry => {
          if (entry.is_folder) {
            folder.go(entry.path);
          } else if (!isTables) {
            folder.preview(entry.path);
          }
        }}
        render={entry => {
          const Icon = entry.is_folder ? folderIcon : fileIcon;
          return (
            <div className="jp-MlwsEntry" data-path={entry.path}>
              <Icon.react tag="span" className="jp-MlwsEntry-icon" elementSize="normal" />
              <span className="jp-MlwsEntry-name">{entry.path.split('/').pop()}</span>
              <span className="jp-MlwsNote">
                {typeof entry.size_bytes === 'number' && bytes(entry.size_bytes, locale)}
              </span>
              {!isTables && (
                <Button
                  minimal
                  onClick={event => {
                    event.stopPropagation();
                    props.onRegister(entry);
                  }}
                >
                  {trans.__('Register as data')}
                </Button>
              )}
            </div>
          );
        }}
      />
      {value.length > MOST && (
        <p className="jp-MlwsNote">{trans.__('Only the first %1 are shown.', MOST)}</p>
      )}
      {folder.rows && <Looked key={folder.file} folder={folder} />}
    </>
  );
}

const MOST = 500;

function Looked(props: { folder: FolderModel }): JSX.Element | null {
  const { rows, file } = props.folder;
  useEffect(() => {
    if (rows && rows.preview === null) {
      void rows.more();
    }
  }, [rows]);
  return rows && <RowsGrid rows={rows} label={file} />;
}

function NewDatastore(props: { model: StoresModel; onDone: () => void }): JSX.Element {
  const { model, onDone } = props;
  const { trans } = useLanguage();
  const [type, setType] = useState<Type>('file');
  const words: Record<Type, string> = {
    file: trans.__('Folder of this machine'),
    s3: trans.__('Amazon S3, MinIO'),
    azure_blob: trans.__('Azure Blob Storage'),
    azure_data_lake_gen2: trans.__('Azure Data Lake Gen2'),
    gcs: trans.__('Google Cloud Storage'),
    http: trans.__('Web address'),
    sql: trans.__('Database'),
  };
  return (
    <Fields
      label={trans.__('New datastore')}
      fields={fieldsOf(type, trans)}
      action={trans.__('Create')}
      onCancel={onDone}
      onSubmit={async values => {
        const datastore = { ...documentOf(values), type };
        await model.caller.call('datastores.create_or_update', { datastore });
        await model.datastores.refresh();
        onDone();
      }}
    >
      <Choice
        label={trans.__('Type')}
        value={type}
        options={TYPES.map(id => [id, words[id]] as const)}
        onChange={setType}
      />
    </Fields>
  );
}

function fieldsOf(type: Type, trans: TranslationBundle): IField[] {
  const name: IField = {
    path: 'name',
    label: trans.__('Name'),
    required: true,
    hint: trans.__('lower case, digits and _'),
  };
  const about: IField = { path: 'description', label: trans.__('Description') };
  const secret = (key: string, label: string): IField => ({
    path: `credentials.${key}`,
    label,
    secret: true,
  });
  const account: IField = {
    path: 'account_name',
    label: trans.__('Account name'),
    required: true,
  };
  const key = secret('account_key', trans.__('Account key'));
  const sas = secret('sas_token', trans.__('SAS token'));
  const endpoint = (hint: string): IField => ({
    path: 'endpoint',
    label: trans.__('Endpoint'),
    hint,
  });
  switch (type) {
    case 'file':
      return [
        name,
        { path: 'path', label: trans.__('Path'), required: true, hint: '/srv/data' },
        about,
      ];
    case 's3':
      return [
        name,
        { path: 'bucket', label: trans.__('Bucket'), required: true },
        endpoint('https://minio.example.org'),
        { path: 'region', label: trans.__('Region') },
        { path: 'credentials.access_key_id', label: trans.__('Access key id') },
        secret('secret_access_key', trans.__('Secret access key')),
        about,
      ];
    case 'azure_blob':
      return [
        name,
        account,
        { path: 'container_name', label: trans.__('Container'), required: true },
        endpoint('core.windows.net'),
        key,
        sas,
        about,
      ];
    case 'azure_data_lake_gen2':
      return [
        name,
        account,
        { path: 'filesystem', label: trans.__('File system'), required: true },
        { path: 'credentials.tenant_id', label: trans.__('Tenant id') },
        { path: 'credentials.client_id', label: trans.__('Client id') },
        secret('client_secret', trans.__('Client secret')),
        key,
        about,
      ];
    case 'gcs':
      return [
        name,
        { path: 'bucket', label: trans.__('Bucket'), required: true },
        secret('service_account', trans.__('Key of the service account (JSON)')),
        about,
      ];
    case 'http':
      return [
        name,
        { path: 'url', label: trans.__('Address'), required: true, hint: 'https://…' },
        { path: 'credentials.username', label: trans.__('User') },
        secret('password', trans.__('Password')),
        secret('token', trans.__('Bearer token')),
        about,
      ];
    case 'sql':
      return [
        name,
        {
          path: 'url',
          label: trans.__('Address'),
          required: true,
          hint: 'postgresql://user@host/database',
        },
        { path: 'credentials.username', label: trans.__('User') },
        secret('password', trans.__('Password')),
        about,
      ];
  }
}

/** A name for data that lies at a path. */
function nameOf(path: string): string {
  const last = path.split('/').filter(Boolean).pop() ?? 'data';
  const plain = last.replace(/\.[^.]*$/, '').replace(/[^\w.-]+/g, '-');
  return plain.replace(/^[^A-Za-z0-9]+/, '') || 'data';
}

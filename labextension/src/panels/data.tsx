// The data page: assets, and where data lies and what opens it.
import '../../style/data.css';
import { addIcon, refreshIcon } from '@jupyterlab/ui-components';
import { type DragEvent, useRef, useState } from 'react';
import type { Asset } from '../model/data';
import { snippet } from '../model/snippet';
import type { StoresModel } from '../model/stores';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Search, Tabs, Toolbar } from '../ui/controls';
import { dragCode } from '../ui/drag';
import { useResource, useSignal } from '../ui/hooks';
import { Boundary, Empty, ErrorStrip, Skeleton } from '../ui/states';
import { type IColumn, Table } from '../ui/table';
import { Ago } from '../ui/time';
import { Connections } from './connections';
import { openDataMenu } from './data-menu';
import { Datastores } from './datastores';
import { execute, usePage } from './page';
import { Secrets } from './secrets';

export function DataPage(props: { model: StoresModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  useSignal(model.changed);
  const tabs = [
    { id: 'data', label: trans.__('Data') },
    { id: 'datastores', label: trans.__('Datastores') },
    { id: 'connections', label: trans.__('Connections') },
    { id: 'secrets', label: trans.__('Secrets') },
  ];
  const active = tabs.some(tab => tab.id === model.tab) ? model.tab : 'data';
  return (
    <div className="jp-MlwsPage jp-MlwsDataPage">
      <Tabs
        label={trans.__('Parts of the page')}
        tabs={tabs}
        active={active}
        onChange={id => {
          model.tab = id;
        }}
      />
      <div
        className="jp-MlwsDataPage-tab"
        role="tabpanel"
        aria-label={tabs.find(tab => tab.id === active)?.label}
      >
        <Boundary key={active}>
          {active === 'data' && <Assets model={model} />}
          {active === 'datastores' && <Datastores model={model} />}
          {active === 'connections' && <Connections model={model} />}
          {active === 'secrets' && <Secrets model={model} />}
        </Boundary>
      </div>
    </div>
  );
}

function Assets(props: { model: StoresModel }): JSX.Element {
  const { model } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const { value, error, isLoading } = useResource(model.data);
  const [text, setText] = useState('');
  const [isOver, setOver] = useState(false);
  const [failure, setFailure] = useState<Error | null>(null);
  const picker = useRef<HTMLInputElement>(null);

  const take = async (files: FileList | null): Promise<void> => {
    setFailure(null);
    for (const file of files ?? []) {
      try {
        const path = await page.workspace.client.sendFile(file);
        const name = file.name.replace(/\.[^.]*$/, '').replace(/[^\w.-]+/g, '-') || 'data';
        const asset = {
          name: name.replace(/^[^A-Za-z0-9]+/, '') || 'data',
          type: 'uri_file',
          path,
        };
        const made = await model.caller.call('data.create_or_update', { asset });
        execute(page, CommandIDs.openDataset, { name: made.name, version: made.version });
      } catch (reason) {
        setFailure(reason as Error);
      }
    }
    await model.data.refresh();
  };
  const drop = {
    onDragOver: (event: DragEvent) => {
      if (event.dataTransfer.types.includes('Files')) {
        event.preventDefault();
        setOver(true);
      }
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      void take(event.dataTransfer.files);
    },
  };
  const found = (value ?? []).filter(asset =>
    `${asset.name} ${asset.description ?? ''} ${Object.keys(asset.tags ?? {}).join(' ')}`
      .toLowerCase()
      .includes(text.toLowerCase()),
  );
  const choose = (
    <Button primary icon={addIcon} onClick={() => picker.current?.click()}>
      {trans.__('Choose a file…')}
    </Button>
  );
  const bring = (
    <Button onClick={() => execute(page, CommandIDs.importData)}>{trans.__('Import data…')}</Button>
  );
  return (
    <div className={`jp-MlwsDrop${isOver ? ' jp-mod-over' : ''}`} {...drop}>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label={trans.__('Files to register')}
        onChange={event => void take(event.target.files)}
      />
      {value && value.length > 0 && (
        <Toolbar
          label={trans.__('Data')}
          end={
            <>
              {bring}
              {choose}
              <Button
                minimal
                icon={refreshIcon}
                title={trans.__('Read again')}
                onClick={() => void model.data.refresh()}
              />
            </>
          }
        >
          <Search label={trans.__('Search data')} value={text} onChange={setText} />
        </Toolbar>
      )}
      {error && <ErrorStrip error={error} onRetry={() => void model.data.refresh()} />}
      {failure && <ErrorStrip error={failure} />}
      {!value && !error && <Skeleton rows={8} />}
      {value?.length === 0 && (
        <div className="jp-MlwsDrop-zone">
          <Empty
            text={trans.__(
              'Data is a file, a folder or a table whose versions never change. Drop a file here, or use “Register as data…” in the file browser.',
            )}
          >
            {choose} {bring}
          </Empty>
        </div>
      )}
      {value && value.length > 0 && found.length === 0 && (
        <Empty text={trans.__('No data fits the search.')}>
          <Button onClick={() => setText('')}>{trans.__('Clear the search')}</Button>
        </Empty>
      )}
      {found.length > 0 && <AssetTable model={model} rows={found} isBusy={isLoading} />}
    </div>
  );
}

function AssetTable(props: {
  model: StoresModel;
  rows: readonly Asset[];
  isBusy: boolean;
}): JSX.Element {
  const { model } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const columns: IColumn<Asset>[] = [
    {
      id: 'name',
      title: trans.__('Name'),
      width: 220,
      render: asset => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the menu of the row does the same by keyboard.
        <span
          className="jp-MlwsDrag"
          onMouseDown={event => dragCode(event, snippet(asset), `${asset.name}:${asset.version}`)}
        >
          {asset.name}
        </span>
      ),
    },
    { id: 'version', title: trans.__('Version'), width: 90, render: asset => asset.version },
    { id: 'type', title: trans.__('Type'), width: 100, render: asset => asset.type },
    {
      id: 'labels',
      title: trans.__('Labels'),
      width: 120,
      render: asset =>
        (asset.labels ?? []).map(label => (
          <span key={label} className="jp-MlwsChip">
            @{label}
          </span>
        )),
    },
    {
      id: 'description',
      title: trans.__('Description'),
      width: 260,
      render: asset => asset.description ?? '',
    },
    {
      id: 'created',
      title: trans.__('Created'),
      width: 130,
      render: asset => <Ago time={asset.creation_context.created_at} />,
    },
    {
      id: 'by',
      title: trans.__('By'),
      width: 100,
      render: asset => asset.creation_context.created_by,
    },
  ];
  return (
    <Table
      label={trans.__('Data')}
      columns={columns}
      rows={props.rows}
      rowKey={asset => asset.name}
      onOpen={asset => execute(page, CommandIDs.openDataset, { name: asset.name })}
      onMenu={(asset, x, y) => openDataMenu(page, asset, x, y)}
      onEnd={() => void model.data.more()}
      hasMore={model.data.hasMore}
      isBusy={props.isBusy}
    />
  );
}

// The page of one name of data: its versions at the side, and all that is known of one of them.
import '../../style/data.css';
import { ellipsesIcon } from '@jupyterlab/ui-components';
import { type KeyboardEvent, useEffect, useState } from 'react';
import type { Asset, DataModel, VersionModel } from '../model/data';
import { snippet } from '../model/snippet';
import type { State } from '../model/state';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, CopyButton, Tabs } from '../ui/controls';
import { useResource, useSignal } from '../ui/hooks';
import { Boundary, Empty, ErrorStrip, Skeleton } from '../ui/states';
import { openDataMenu } from './data-menu';
import { Changes, Profile } from './dataset-profile';
import { LineageTab } from './lineage-tab';
import { execute, usePage } from './page';
import { RowsGrid } from './rows';
import { FileList, Labels, Rail, UseList } from './versions';

const TABS = ['preview', 'profile', 'changes', 'files', 'uses', 'lineage', 'code'] as const;
type Tab = (typeof TABS)[number];

export function DatasetPage(props: { model: DataModel; tab: State<string> }): JSX.Element {
  const { model, tab } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.versions);
  useSignal(model.changed);
  useSignal(tab.changed);
  const { current, asset } = model;
  if (!value || !current || !asset) {
    return (
      <div className="jp-MlwsPage">
        {error && <ErrorStrip error={error} onRetry={() => void model.versions.refresh()} />}
        {!error && !value && <Skeleton rows={8} />}
        {value?.length === 0 && <Empty text={trans.__('There is no data “%1”.', model.name)} />}
      </div>
    );
  }
  const labels: Record<Tab, string> = {
    preview: trans.__('Preview'),
    profile: trans.__('Profile'),
    changes: trans.__('Changes'),
    files: trans.__('Files'),
    uses: trans.__('Used by'),
    lineage: trans.__('Lineage'),
    code: trans.__('Code'),
  };
  const active = TABS.find(id => id === tab.value) ?? 'preview';
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const node = event.target as HTMLElement;
    if (event.key === 'v' && !['INPUT', 'SELECT', 'TEXTAREA'].includes(node.tagName)) {
      event.currentTarget.querySelector<HTMLElement>('.jp-MlwsRail [tabindex="0"]')?.focus();
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the page's keys work wherever in it the focus is.
    <div className="jp-MlwsPage jp-MlwsDataset" data-data={model.name} onKeyDown={onKeyDown}>
      <Head model={model} asset={asset} />
      {error && <ErrorStrip error={error} onRetry={() => void model.versions.refresh()} />}
      <div className="jp-MlwsDataset-split">
        <Rail
          versions={value}
          shown={current.asset.version}
          onShow={version => model.show(version)}
        />
        <div className="jp-MlwsDataset-main">
          <Tabs
            label={trans.__('Parts of the data')}
            tabs={TABS.map(id => ({ id, label: labels[id] }))}
            active={active}
            onChange={id => {
              tab.value = id;
            }}
          />
          <div
            className={`jp-MlwsDataset-tab jp-mod-${active}`}
            role="tabpanel"
            aria-label={labels[active]}
          >
            <Boundary key={`${active} ${current.asset.version}`}>
              {active === 'preview' && <Preview version={current} />}
              {active === 'profile' && <Profile version={current} />}
              {active === 'changes' && <Changes model={model} version={current} />}
              {active === 'files' && <Files version={current} />}
              {active === 'uses' && <Uses version={current} />}
              {active === 'lineage' && <LineageTab node={`data:${asset.name}:${asset.version}`} />}
              {active === 'code' && <Code asset={current.asset} />}
            </Boundary>
          </div>
        </div>
      </div>
    </div>
  );
}

function Head(props: { model: DataModel; asset: Asset }): JSX.Element {
  const { model, asset } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const [error, setError] = useState<Error | null>(null);
  const attempt = (act: Promise<void>): void => {
    setError(null);
    act.catch(setError);
  };
  return (
    <>
      <header className="jp-MlwsRunHead">
        <h2 title={asset.id}>{asset.name}</h2>
        <span className="jp-MlwsTag">{asset.type}</span>
        <span className="jp-MlwsNote">{trans.__('version %1', asset.version)}</span>
        {asset.archived && <span className="jp-MlwsTag">{trans.__('Archived')}</span>}
        <Labels
          asset={asset}
          onSet={label => attempt(model.setLabel(label))}
          onDrop={label => attempt(model.dropLabel(label))}
        />
        <span className="jp-MlwsRunHead-actions">
          <Button
            primary
            onClick={() =>
              execute(page, CommandIDs.insertData, {
                name: asset.name,
                version: asset.version,
                type: asset.type,
              })
            }
          >
            {trans.__('Insert into notebook')}
          </Button>
          <Button
            minimal
            icon={ellipsesIcon}
            title={trans.__('More actions')}
            aria-haspopup="menu"
            onClick={event => {
              const box = event.currentTarget.getBoundingClientRect();
              openDataMenu(page, asset, box.left, box.bottom);
            }}
          />
          <Button onClick={() => attempt(model.setArchived(!asset.archived))}>
            {asset.archived ? trans.__('Restore') : trans.__('Archive')}
          </Button>
        </span>
      </header>
      {error && <ErrorStrip error={error} />}
      {asset.description && <p className="jp-MlwsDataset-about">{asset.description}</p>}
    </>
  );
}

function Preview(props: { version: VersionModel }): JSX.Element {
  const { rows, asset } = props.version;
  const { trans } = useLanguage();
  useEffect(() => {
    if (rows.preview === null) {
      void rows.more();
    }
  }, [rows]);
  return <RowsGrid rows={rows} label={trans.__('Rows of %1', asset.name)} />;
}

function Files(props: { version: VersionModel }): JSX.Element {
  const { version } = props;
  const { client } = usePage().workspace;
  useEffect(() => version.ensure(version.files), [version]);
  const { name, version: number, path } = version.asset;
  return (
    <FileList
      files={version.files}
      path={String(path ?? '')}
      hrefOf={file => client.url('data.read_file', { name, path: file, version: number })}
    />
  );
}

function Uses(props: { version: VersionModel }): JSX.Element {
  const { version } = props;
  useEffect(() => version.ensure(version.uses), [version]);
  return <UseList uses={version.uses} />;
}

function Code(props: { asset: Asset }): JSX.Element {
  const { asset } = props;
  const { trans } = useLanguage();
  const id = `azureml:${asset.name}:${asset.version}`;
  const codes: [string, string][] = [
    [trans.__('In a notebook'), snippet(asset)],
    [trans.__('As input of a job'), `inputs:\n  data:\n    type: ${asset.type}\n    path: ${id}\n`],
    [trans.__('In a terminal'), `mlws data download -n ${asset.name} -v ${asset.version}`],
  ];
  if (asset.type === 'mltable') {
    codes.splice(1, 0, [
      trans.__('As a table, step by step'),
      `from jupyter_mlws import mltable\n\ntable = mltable.load("${id}")\ntable.take(10).to_pandas_dataframe()`,
    ]);
  }
  return (
    <div className="jp-MlwsCode">
      {codes.map(([title, text]) => (
        <section key={title}>
          <header>
            <h3>{title}</h3>
            <CopyButton text={text} />
          </header>
          <pre>{text}</pre>
        </section>
      ))}
    </div>
  );
}

// The page of one name of data: its versions at the side, and all that is known of one of them.
import '../../style/data.css';
import { ellipsesIcon } from '@jupyterlab/ui-components';
import { Menu } from '@lumino/widgets';
import { type KeyboardEvent, useEffect, useState } from 'react';
import type { Asset, DataModel, VersionModel } from '../model/data';
import { snippet } from '../model/data';
import type { State } from '../model/state';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, CopyButton, Tabs } from '../ui/controls';
import { bytes } from '../ui/format';
import { useResource, useSignal } from '../ui/hooks';
import { List } from '../ui/list';
import { Boundary, Empty, ErrorStrip, Skeleton } from '../ui/states';
import { StatusChip } from '../ui/status';
import { Ago } from '../ui/time';
import { Changes, Profile } from './dataset-profile';
import { LineageTab } from './lineage-tab';
import { execute, usePage } from './page';
import { RowsGrid } from './rows';

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
        <Rail model={model} versions={value} shown={current.asset.version} />
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
        <Labels asset={asset} model={model} attempt={attempt} />
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

/** What can be done with data, at a place in client pixels. */
export function openDataMenu(
  page: ReturnType<typeof usePage>,
  asset: Asset,
  x: number,
  y: number,
): void {
  const menu = new Menu({ commands: page.commands });
  const args = { name: asset.name, version: asset.version, type: asset.type };
  for (const command of [CommandIDs.openDataset, CommandIDs.insertData, CommandIDs.copyData]) {
    menu.addItem({ command, args });
  }
  const node = `data:${asset.name}:${asset.version}`;
  menu.addItem({ command: CommandIDs.openLineage, args: { node } });
  menu.open(x, y);
}

function Labels(props: {
  asset: Asset;
  model: DataModel;
  attempt: (act: Promise<void>) => void;
}): JSX.Element {
  const { asset, model, attempt } = props;
  const { trans } = useLanguage();
  const [text, setText] = useState<string | null>(null);
  return (
    <span className="jp-MlwsLabels">
      {asset.latest && <span className="jp-MlwsChip">@latest</span>}
      {(asset.labels ?? []).map(label => (
        <span key={label} className="jp-MlwsChip">
          @{label}
          <button
            type="button"
            aria-label={trans.__('Drop the label %1', label)}
            title={trans.__('Drop the label %1', label)}
            onClick={() => attempt(model.dropLabel(label))}
          >
            ×
          </button>
        </span>
      ))}
      {text === null ? (
        <Button minimal onClick={() => setText('')}>
          {trans.__('+ Label')}
        </Button>
      ) : (
        <input
          className="jp-mod-styled jp-MlwsLabels-field"
          aria-label={trans.__('New label')}
          placeholder={trans.__('New label')}
          // biome-ignore lint/a11y/noAutofocus: it stands in the place of the button that was pressed.
          autoFocus
          value={text}
          onChange={event => setText(event.target.value)}
          onBlur={() => setText(null)}
          onKeyDown={event => {
            if (event.key === 'Enter' && text) {
              attempt(model.setLabel(text));
            }
            if (event.key === 'Enter' || event.key === 'Escape') {
              setText(null);
            }
          }}
        />
      )}
    </span>
  );
}

function Rail(props: { model: DataModel; versions: readonly Asset[]; shown: string }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  return (
    <nav className="jp-MlwsRail" aria-label={trans.__('Versions')}>
      <List
        label={trans.__('Versions')}
        items={props.versions}
        itemKey={asset => asset.version}
        onOpen={asset => model.show(asset.version)}
        render={asset => (
          <div
            className={`jp-MlwsRail-item${asset.version === props.shown ? ' jp-mod-shown' : ''}`}
            data-version={asset.version}
            aria-current={asset.version === props.shown ? 'true' : undefined}
          >
            <strong>{asset.version}</strong>
            <span className="jp-MlwsNote">
              <Ago time={asset.creation_context.created_at} />
            </span>
            <span className="jp-MlwsRail-labels">
              {[...(asset.latest ? ['latest'] : []), ...(asset.labels ?? [])].map(label => (
                <span key={label} className="jp-MlwsChip">
                  @{label}
                </span>
              ))}
            </span>
          </div>
        )}
      />
    </nav>
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
  const { trans, locale } = useLanguage();
  const page = usePage();
  useEffect(() => version.ensure(version.files), [version]);
  const { value, error } = useResource(version.files);
  if (error) {
    return <ErrorStrip error={error} onRetry={() => void version.files.refresh()} />;
  }
  if (!value) {
    return <Skeleton rows={5} />;
  }
  const { name, version: number } = version.asset;
  const total = value.reduce((sum, file) => sum + file.size_bytes, 0);
  return (
    <>
      <p className="jp-MlwsNote">
        {trans._n('%1 file', '%1 files', value.length)} · {bytes(total, locale)} ·{' '}
        {String(version.asset.path ?? '').startsWith('snapshot:')
          ? trans.__('kept in the workspace')
          : String(version.asset.path ?? '')}
      </p>
      <ul className="jp-MlwsFiles">
        {value.slice(0, MOST_FILES).map(file => (
          <li key={file.path}>
            <a
              href={page.workspace.client.url('data.read_file', {
                name,
                path: file.path,
                version: number,
              })}
              download
            >
              {file.path}
            </a>
            <span className="jp-MlwsNote">{bytes(file.size_bytes, locale)}</span>
          </li>
        ))}
      </ul>
      {value.length > MOST_FILES && (
        <p className="jp-MlwsNote">
          {trans._n('%1 more file', '%1 more files', value.length - MOST_FILES)}
        </p>
      )}
    </>
  );
}

const MOST_FILES = 200;

function Uses(props: { version: VersionModel }): JSX.Element {
  const { version } = props;
  const { trans } = useLanguage();
  const page = usePage();
  useEffect(() => version.ensure(version.uses), [version]);
  const { value, error } = useResource(version.uses);
  if (error) {
    return <ErrorStrip error={error} onRetry={() => void version.uses.refresh()} />;
  }
  if (!value) {
    return <Skeleton rows={4} />;
  }
  if (value.length === 0) {
    return <Empty text={trans.__('No run has read this version yet.')} />;
  }
  return (
    <List
      label={trans.__('Used by')}
      items={value}
      itemKey={use => `${use.relation} ${use.run_id}`}
      onOpen={use => execute(page, CommandIDs.openRun, { run_id: use.run_id })}
      render={use => (
        <div className="jp-MlwsUse" data-run={use.run_id}>
          <span className="jp-MlwsTag">
            {use.relation === 'input' ? trans.__('reads') : trans.__('made it')}
          </span>
          <span className="jp-MlwsUse-name">{use.name}</span>
          <StatusChip status={use.status as Parameters<typeof StatusChip>[0]['status']} />
          {use.started_at && <Ago time={use.started_at} />}
        </div>
      )}
    />
  );
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

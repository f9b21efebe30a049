// The components page: what steps can be made of, what each takes and gives, and a pipeline with it.
import '../../style/models.css';
import { addIcon, refreshIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import { type ComponentsModel, type IPort, portsOf } from '../model/components';
import type { Asset } from '../model/data';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Choice, CopyButton, Search, Toolbar } from '../ui/controls';
import { exactTime } from '../ui/format';
import { useResource, useSignal } from '../ui/hooks';
import { List } from '../ui/list';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { execute, usePage } from './page';
import './versions';

export function ComponentsPage(props: { model: ComponentsModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.components);
  useSignal(model.changed);
  const [text, setText] = useState('');
  const [failure, setFailure] = useState<Error | null>(null);
  const install = (
    <Button
      primary={value?.length === 0}
      icon={addIcon}
      onClick={() => {
        setFailure(null);
        model.install().catch(setFailure);
      }}
    >
      {trans.__('Install the built-in components')}
    </Button>
  );
  const found = (value ?? []).filter(asset =>
    `${asset.name} ${titleOf(asset)} ${asset.description ?? ''}`
      .toLowerCase()
      .includes(text.toLowerCase()),
  );
  return (
    <div className="jp-MlwsPage jp-MlwsComponents">
      {value && value.length > 0 && (
        <Toolbar
          label={trans.__('Components')}
          end={
            <>
              {install}
              <Button
                minimal
                icon={refreshIcon}
                title={trans.__('Read again')}
                onClick={() => void model.components.refresh()}
              />
            </>
          }
        >
          <Search label={trans.__('Search components')} value={text} onChange={setText} />
        </Toolbar>
      )}
      {error && <ErrorStrip error={error} onRetry={() => void model.components.refresh()} />}
      {failure && <ErrorStrip error={failure} />}
      {!value && !error && <Skeleton rows={8} />}
      {value?.length === 0 && (
        <Empty
          text={trans.__(
            'A component is a step that can be used again. Register one with “mlws component create -f FILE”, or install those that come with the workspace.',
          )}
        >
          {install}
        </Empty>
      )}
      {value && value.length > 0 && (
        <div className="jp-MlwsDataset-split">
          <nav className="jp-MlwsComponents-list" aria-label={trans.__('Components')}>
            {found.length === 0 ? (
              <Empty text={trans.__('No component fits the search.')} />
            ) : (
              <List
                label={trans.__('Components')}
                items={found}
                itemKey={asset => asset.name}
                onOpen={asset => model.show(asset.name)}
                titleOf={asset => asset.description ?? asset.name}
                render={asset => (
                  <div
                    className={`jp-MlwsRail-item${asset.name === model.name ? ' jp-mod-shown' : ''}`}
                    data-component={asset.name}
                    aria-current={asset.name === model.name || undefined}
                  >
                    <strong>{titleOf(asset)}</strong>
                    <span className="jp-MlwsNote">{asset.version}</span>
                    <span className="jp-MlwsNote">{asset.name}</span>
                  </div>
                )}
              />
            )}
          </nav>
          <div className="jp-MlwsDataset-main">
            {model.name === null ? (
              <Empty text={trans.__('Choose a component to see what it takes and gives.')} />
            ) : (
              <One model={model} />
            )}
          </div>
        </div>
      )}
    </div>
  );
}

function titleOf(asset: Asset): string {
  const { display_name: title } = asset as { display_name?: unknown };
  return typeof title === 'string' ? title : asset.name;
}

function One(props: { model: ComponentsModel }): JSX.Element {
  const { model } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  const { value, error } = useResource(model.versions);
  const { asset } = model;
  if (error && !asset) {
    return <ErrorStrip error={error} onRetry={() => void model.versions.refresh()} />;
  }
  if (!value || !asset) {
    return value && value.length === 0 ? (
      <Empty text={trans.__('There is no component “%1”.', model.name ?? '')} />
    ) : (
      <Skeleton rows={6} />
    );
  }
  const versions = value.map(item => [item.version, item.version] as const);
  const { creation_context: made } = asset;
  const reference = `azureml:${asset.name}:${asset.version}`;
  return (
    <article className="jp-MlwsComponents-one" data-shown={asset.name}>
      <header className="jp-MlwsRunHead">
        <h2 title={asset.id}>{titleOf(asset)}</h2>
        <span className="jp-MlwsTag">{asset.type}</span>
        <Choice
          label={trans.__('Version')}
          value={asset.version}
          options={versions}
          onChange={version => model.show(asset.name, version)}
        />
        <span className="jp-MlwsRunHead-actions">
          <Button
            primary
            onClick={() => execute(page, CommandIDs.newPipeline, { component: reference })}
          >
            {trans.__('New pipeline with it')}
          </Button>
        </span>
      </header>
      <div className="jp-MlwsDataset-tab">
        <p>{asset.description}</p>
        <p className="jp-MlwsNote">
          {exactTime(made.created_at, locale)} · {made.created_by}
        </p>
        <Ports title={trans.__('Inputs')} ports={portsOf(asset, 'inputs')} />
        <Ports title={trans.__('Outputs')} ports={portsOf(asset, 'outputs')} />
        <section className="jp-MlwsModel-facts" aria-label={trans.__('In a pipeline')}>
          <h3>
            {trans.__('In a pipeline')} <CopyButton text={reference} />
          </h3>
          <code>component: {reference}</code>
        </section>
      </div>
    </article>
  );
}

function Ports(props: { title: string; ports: readonly IPort[] }): JSX.Element {
  const { title, ports } = props;
  const { trans } = useLanguage();
  return (
    <section className="jp-MlwsModel-facts" aria-label={title}>
      <h3>{title}</h3>
      {ports.length === 0 ? (
        <p className="jp-MlwsNote">{trans.__('None.')}</p>
      ) : (
        <table className="jp-MlwsPlainTable">
          <thead>
            <tr>
              <th scope="col">{trans.__('Name')}</th>
              <th scope="col">{trans.__('Type')}</th>
              <th scope="col">{trans.__('Default')}</th>
              <th scope="col">{trans.__('Description')}</th>
            </tr>
          </thead>
          <tbody>
            {ports.map(port => (
              <tr key={port.name} data-port={port.name}>
                <th scope="row">{port.name}</th>
                <td>
                  {port.type}
                  {port.isOptional && ` (${trans.__('optional')})`}
                </td>
                <td>
                  <code>{port.standard}</code>
                </td>
                <td>{port.description}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

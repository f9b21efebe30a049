// The models page: what is registered, and what waits for approval.
import '../../style/models.css';
import { refreshIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import type { Asset } from '../model/data';
import { type RegistryModel, type StageRequest, stageOf } from '../model/models';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Search, Tabs, Toolbar } from '../ui/controls';
import { useResource, useSignal } from '../ui/hooks';
import { Boundary, Empty, ErrorStrip, Skeleton } from '../ui/states';
import { type IColumn, Table } from '../ui/table';
import { Ago } from '../ui/time';
import { requestWord, Stage } from './model-stage';
import { execute, usePage } from './page';

export function ModelsPage(props: { model: RegistryModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  useSignal(model.changed);
  const requests = useResource(model.requests).value ?? [];
  const n = requests.filter(item => item.state === 'pending').length;
  const tabs = [
    { id: 'models', label: trans.__('Models') },
    { id: 'requests', label: n > 0 ? trans.__('Requests (%1)', n) : trans.__('Requests') },
  ];
  const active = model.tab === 'requests' ? 'requests' : 'models';
  return (
    <div className="jp-MlwsPage jp-MlwsModelsPage">
      <Tabs
        label={trans.__('Parts of the page')}
        tabs={tabs}
        active={active}
        onChange={id => {
          model.tab = id;
        }}
      />
      <div
        className="jp-MlwsModelsPage-tab"
        role="tabpanel"
        aria-label={tabs.find(tab => tab.id === active)?.label}
      >
        <Boundary key={active}>
          {active === 'models' ? <Models model={model} /> : <Requests model={model} />}
        </Boundary>
      </div>
    </div>
  );
}

function Models(props: { model: RegistryModel }): JSX.Element {
  const { model } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const { value, error, isLoading } = useResource(model.models);
  const [text, setText] = useState('');
  const columns: IColumn<Asset>[] = [
    { id: 'name', title: trans.__('Name'), width: 220, render: asset => asset.name },
    { id: 'version', title: trans.__('Version'), width: 80, render: asset => asset.version },
    {
      id: 'stage',
      title: trans.__('Stage'),
      width: 110,
      render: asset => <Stage stage={stageOf(asset)} />,
    },
    {
      id: 'labels',
      title: trans.__('Aliases'),
      width: 140,
      render: asset =>
        (asset.labels ?? []).map(label => (
          <span key={label} className="jp-MlwsChip">
            @{label}
          </span>
        )),
    },
    { id: 'type', title: trans.__('Type'), width: 110, render: asset => asset.type },
    {
      id: 'description',
      title: trans.__('Description'),
      width: 240,
      render: asset => asset.description ?? '',
    },
    {
      id: 'created',
      title: trans.__('Created'),
      width: 120,
      render: asset => <Ago time={asset.creation_context.created_at} />,
    },
    {
      id: 'by',
      title: trans.__('By'),
      width: 90,
      render: asset => asset.creation_context.created_by,
    },
  ];
  const found = (value ?? []).filter(asset =>
    [asset.name, asset.description ?? '', stageOf(asset), ...Object.keys(asset.tags ?? {})]
      .join(' ')
      .toLowerCase()
      .includes(text.toLowerCase()),
  );
  return (
    <>
      {value && value.length > 0 && (
        <Toolbar
          label={trans.__('Models')}
          end={
            <Button
              minimal
              icon={refreshIcon}
              title={trans.__('Read again')}
              onClick={() => void model.models.refresh()}
            />
          }
        >
          <Search label={trans.__('Search models')} value={text} onChange={setText} />
        </Toolbar>
      )}
      {error && <ErrorStrip error={error} onRetry={() => void model.models.refresh()} />}
      {!value && !error && <Skeleton rows={8} />}
      {value?.length === 0 && (
        <Empty
          text={trans.__(
            'No models are registered yet. Choose “Register model…” on the page of a run, give an output of a job a name, or use mlflow.register_model.',
          )}
        >
          <Button onClick={() => execute(page, CommandIDs.openRuns)}>
            {trans.__('Open Runs')}
          </Button>
        </Empty>
      )}
      {value && value.length > 0 && found.length === 0 && (
        <Empty text={trans.__('No model fits the search.')}>
          <Button onClick={() => setText('')}>{trans.__('Clear the search')}</Button>
        </Empty>
      )}
      {found.length > 0 && (
        <Table
          label={trans.__('Models')}
          columns={columns}
          rows={found}
          rowKey={asset => asset.name}
          onOpen={asset => execute(page, CommandIDs.openModel, { name: asset.name })}
          onEnd={() => void model.models.more()}
          hasMore={model.models.hasMore}
          isBusy={isLoading}
        />
      )}
    </>
  );
}

function Requests(props: { model: RegistryModel }): JSX.Element {
  const { model } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const { value, error } = useResource(model.requests);
  if (!value) {
    return error ? (
      <ErrorStrip error={error} onRetry={() => void model.requests.refresh()} />
    ) : (
      <Skeleton rows={5} />
    );
  }
  if (value.length === 0) {
    return (
      <Empty
        text={trans.__(
          'Nobody has asked for a stage yet. On the page of a model, choose the stages that need approval.',
        )}
      />
    );
  }
  const columns: IColumn<StageRequest>[] = [
    {
      id: 'model',
      title: trans.__('Model'),
      width: 200,
      render: item => `${item.name}:${item.version}`,
    },
    {
      id: 'stage',
      title: trans.__('To stage'),
      width: 110,
      render: item => <Stage stage={item.stage} />,
    },
    {
      id: 'state',
      title: trans.__('State'),
      width: 100,
      render: item => requestWord(item.state, trans),
    },
    { id: 'who', title: trans.__('Asked by'), width: 100, render: item => item.requested_by },
    {
      id: 'when',
      title: trans.__('Asked'),
      width: 110,
      render: item => <Ago time={item.requested_at} />,
    },
    {
      id: 'comment',
      title: trans.__('Comment'),
      width: 220,
      render: item => item.comment ?? '',
      titleOf: item => item.comment ?? '',
    },
    {
      id: 'decided',
      title: trans.__('Decided by'),
      width: 100,
      render: item => item.decided_by ?? '',
    },
    { id: 'answer', title: trans.__('Answer'), width: 200, render: item => item.answer ?? '' },
  ];
  return (
    <Table
      label={trans.__('Requests')}
      columns={columns}
      rows={value}
      rowKey={item => `${item.name} ${item.version} ${item.requested_at}`}
      onOpen={item =>
        execute(page, CommandIDs.openModel, { name: item.name, version: item.version })
      }
    />
  );
}

// The environments page: the list, one of them in full, and the form for a new one.
import '../../style/environments.css';
import { addIcon, refreshIcon } from '@jupyterlab/ui-components';
import { useMemo, useState } from 'react';
import type { Build } from '../api/client';
import type { EnvironmentModel, EnvironmentsModel } from '../model/environments';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Choice, Search, Tabs, Toolbar } from '../ui/controls';
import { useResource, useSignal } from '../ui/hooks';
import { Boundary, Empty, ErrorStrip, Skeleton } from '../ui/states';
import { Table } from '../ui/table';
import { ConnectionMark } from './connection';
import { EnvironmentForm } from './environment-form';
import { BuildChip, Facts, UsedBy } from './environment-parts';
import { Logs } from './logs';
import { execute, usePage } from './page';

export function EnvironmentsPage(props: { model: EnvironmentsModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  useSignal(model.changed);
  const { value, error } = useResource(model.models.environments);
  return (
    <div className="jp-MlwsPage jp-MlwsEnvironments">
      <Toolbar
        label={trans.__('Environments')}
        end={
          <>
            <ConnectionMark />
            <Button
              minimal
              icon={refreshIcon}
              title={trans.__('Read again')}
              onClick={() => void model.models.environments.refresh()}
            />
          </>
        }
      >
        <Search
          className="jp-MlwsEnvironments-search"
          label={trans.__('Search environments')}
          value={model.search}
          onChange={text => {
            model.search = text;
          }}
        />
        <Button icon={addIcon} primary={!model.draft} onClick={() => model.describe()}>
          {trans.__('New environment')}
        </Button>
      </Toolbar>
      {error && (
        <ErrorStrip error={error} onRetry={() => void model.models.environments.refresh()} />
      )}
      {!value && !error && <Skeleton rows={8} />}
      {value && value.length === 0 && !model.draft && <NoEnvironments model={model} />}
      {value && (value.length > 0 || model.draft) && (
        <div className="jp-MlwsSplit">
          {value.length > 0 && <EnvironmentList model={model} />}
          <div className="jp-MlwsSplit-main">
            <Boundary key={model.draft ? '+' : model.current?.name}>
              {model.draft ? (
                <EnvironmentForm model={model} draft={model.draft} />
              ) : (
                model.current && (
                  <OneEnvironment
                    key={`${model.current.name}:${model.current.version}`}
                    page={model}
                    model={model.current}
                  />
                )
              )}
            </Boundary>
          </div>
        </div>
      )}
    </div>
  );
}

function NoEnvironments(props: { model: EnvironmentsModel }): JSX.Element {
  const { trans } = useLanguage();
  return (
    <Empty
      text={trans.__(
        'No environments yet. Jobs run in the Python of the workspace until they name another.',
      )}
    >
      <Button icon={addIcon} onClick={() => props.model.describe()}>
        {trans.__('Describe the first')}
      </Button>
    </Empty>
  );
}

function EnvironmentList(props: { model: EnvironmentsModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const chosen = model.draft ? null : (model.current?.name ?? null);
  const columns = useMemo(
    () => [
      {
        id: 'name',
        title: trans.__('Name'),
        width: 150,
        render: (row: Build) => row.name,
        titleOf: (row: Build) => row.name,
      },
      {
        id: 'version',
        title: trans.__('Version'),
        width: 80,
        align: 'end' as const,
        render: (row: Build) => row.version ?? '',
      },
      {
        id: 'state',
        title: trans.__('State'),
        width: 110,
        render: (row: Build) => <BuildChip build={row} />,
        titleOf: (row: Build) => row.message ?? '',
      },
      {
        id: 'jobs',
        title: trans.__('Jobs'),
        width: 54,
        align: 'end' as const,
        render: (row: Build) => row.n_jobs ?? 0,
      },
    ],
    [trans],
  );
  return (
    <div className="jp-MlwsSplit-side">
      {model.rows.length === 0 ? (
        <Empty text={trans.__('No environment has this in its name.')} />
      ) : (
        <Table<Build>
          label={trans.__('Environments')}
          columns={columns}
          rows={model.rows}
          rowKey={row => row.name}
          litKey={chosen}
          onOpen={row => model.show(row.name, row.version ?? undefined)}
        />
      )}
    </div>
  );
}

function OneEnvironment(props: { page: EnvironmentsModel; model: EnvironmentModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { value: build, error } = useResource(model.build);
  const [tab, setTab] = useState('overview');
  if (!build) {
    return error ? (
      <ErrorStrip error={error} onRetry={() => void model.build.refresh()} />
    ) : (
      <Skeleton rows={6} />
    );
  }
  const labels: Record<string, string> = {
    overview: trans.__('Overview'),
    lock: trans.__('Lock file'),
    log: trans.__('Build log'),
    jobs: trans.__('Used by'),
  };
  const tabs = Object.entries(labels).map(([id, label]) => ({ id, label }));
  return (
    <>
      <Head page={props.page} model={model} build={build} onBuild={() => setTab('log')} />
      <Tabs
        label={trans.__('Parts of the environment')}
        tabs={tabs}
        active={tab}
        onChange={setTab}
      />
      <div
        className={`jp-MlwsEnvironment-tab jp-mod-${tab}`}
        role="tabpanel"
        aria-label={labels[tab]}
      >
        {tab === 'overview' && <Facts build={build} versions={model.versions} />}
        {tab === 'lock' && <Lock build={build} />}
        {tab === 'log' &&
          (build.started_at ? (
            <Logs model={model.log} attempts={1} />
          ) : (
            <Empty text={trans.__('It was not built yet.')} />
          ))}
        {tab === 'jobs' && <UsedBy jobs={model.jobs} />}
      </div>
    </>
  );
}

function Head(props: {
  page: EnvironmentsModel;
  model: EnvironmentModel;
  build: Build;
  onBuild: () => void;
}): JSX.Element {
  const { model, build } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const versions = useResource(model.versions).value ?? [];
  const [failure, setFailure] = useState<Error | null>(null);
  const isArchived = versions.length > 0 && versions.every(version => version.archived);
  const attempt = (act: Promise<void>): void => {
    setFailure(null);
    act.catch((error: Error) => setFailure(error));
  };
  const { kernel } = build;
  return (
    <header className="jp-MlwsEnvironment-head" data-environment={build.name}>
      <h2>{build.name}</h2>
      {versions.length > 1 ? (
        <Choice
          label={trans.__('Version')}
          value={build.version ?? ''}
          options={versions.map(item => [item.version, item.version] as const)}
          onChange={version => props.page.show(model.name, version)}
        />
      ) : (
        <span className="jp-MlwsNote">{build.version}</span>
      )}
      <BuildChip build={build} />
      <span className="jp-MlwsEnvironment-actions">
        {build.state !== 'ready' && build.state !== 'container' && (
          <Button
            primary
            disabled={build.state === 'building'}
            onClick={() => {
              props.onBuild();
              attempt(model.make());
            }}
          >
            {build.state === 'failed' ? trans.__('Build again') : trans.__('Build')}
          </Button>
        )}
        {kernel && build.state === 'ready' && (
          <Button
            primary
            onClick={() => execute(page, CommandIDs.newNotebook, { kernelName: kernel })}
          >
            {trans.__('New notebook')}
          </Button>
        )}
        <Button minimal onClick={() => attempt(model.archive(!isArchived))}>
          {isArchived ? trans.__('Restore') : trans.__('Archive')}
        </Button>
      </span>
      {failure && <ErrorStrip error={failure} />}
      {build.state === 'failed' && (
        <p className="jp-MlwsEnvironment-failure" role="alert">
          {build.message}
        </p>
      )}
    </header>
  );
}

function Lock(props: { build: Build }): JSX.Element {
  const { trans } = useLanguage();
  const { lock } = props.build;
  if (!lock) {
    return <Empty text={trans.__('Exact versions are decided when it is built.')} />;
  }
  return (
    <div className="jp-MlwsEnvironment-lock">
      <Button minimal onClick={() => void navigator.clipboard.writeText(lock)}>
        {trans.__('Copy')}
      </Button>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too. */}
      <pre tabIndex={0}>{lock}</pre>
    </div>
  );
}

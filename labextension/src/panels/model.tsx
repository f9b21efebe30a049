// The page of one model: its versions at the side, and all that is known of one of them.
import '../../style/data.css';
import '../../style/models.css';
import { type KeyboardEvent, useEffect, useMemo, useState } from 'react';
import type { Asset, AssetFile, AssetUse } from '../model/data';
import { flavorsOf, type ModelModel, stageOf, text } from '../model/models';
import { Resource } from '../model/resource';
import type { ISignature, ISignatureColumn } from '../model/signature';
import type { State } from '../model/state';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, CopyButton, Tabs } from '../ui/controls';
import { exactTime } from '../ui/format';
import { useResource, useSignal } from '../ui/hooks';
import { Boundary, Empty, ErrorStrip, Skeleton } from '../ui/states';
import { LineageTab } from './lineage-tab';
import { Stage, StageTab } from './model-stage';
import { execute, usePage } from './page';
import { FileList, Labels, Rail, UseList } from './versions';

const TABS = ['overview', 'stage', 'files', 'uses', 'lineage', 'code'] as const;
type Tab = (typeof TABS)[number];

export function ModelPage(props: { model: ModelModel; tab: State<string> }): JSX.Element {
  const { model, tab } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.versions);
  useResource(model.requests);
  useSignal(model.changed);
  useSignal(tab.changed);
  const [failure, setFailure] = useState<Error | null>(null);
  const { asset } = model;
  if (!value || !asset) {
    return (
      <div className="jp-MlwsPage">
        {error && <ErrorStrip error={error} onRetry={() => void model.versions.refresh()} />}
        {!error && !value && <Skeleton rows={8} />}
        {value?.length === 0 && (
          <Empty text={trans.__('There is no version of a model “%1”.', model.name)} />
        )}
      </div>
    );
  }
  const labels: Record<Tab, string> = {
    overview: trans.__('Overview'),
    stage: trans.__('Stage'),
    files: trans.__('Files'),
    uses: trans.__('Used by'),
    lineage: trans.__('Lineage'),
    code: trans.__('Code'),
  };
  const active = TABS.find(id => id === tab.value) ?? 'overview';
  const attempt = (act: Promise<void>): void => {
    setFailure(null);
    act.catch(setFailure);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const node = event.target as HTMLElement;
    if (event.key === 'v' && !['INPUT', 'SELECT', 'TEXTAREA'].includes(node.tagName)) {
      event.currentTarget.querySelector<HTMLElement>('.jp-MlwsRail [tabindex="0"]')?.focus();
    }
  };
  const args = { name: asset.name, version: asset.version };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the page's keys work wherever in it the focus is.
    <div className="jp-MlwsPage jp-MlwsModelPage" data-model={model.name} onKeyDown={onKeyDown}>
      <header className="jp-MlwsRunHead">
        <h2 title={asset.id}>{asset.name}</h2>
        <span className="jp-MlwsTag">{asset.type}</span>
        <span className="jp-MlwsNote">{trans.__('version %1', asset.version)}</span>
        <Stage stage={stageOf(asset)} />
        {asset.archived && <span className="jp-MlwsTag">{trans.__('Archived')}</span>}
        <Labels
          asset={asset}
          onSet={label => attempt(model.setLabel(label))}
          onDrop={label => attempt(model.dropLabel(label))}
        />
        <span className="jp-MlwsRunHead-actions">
          {model.waiting && (
            <Button
              primary
              onClick={() => {
                tab.value = 'stage';
              }}
            >
              {trans.__('A request waits')}
            </Button>
          )}
          <Button onClick={() => attempt(model.setArchived(!asset.archived))}>
            {asset.archived ? trans.__('Restore') : trans.__('Archive')}
          </Button>
        </span>
      </header>
      {error && <ErrorStrip error={error} onRetry={() => void model.versions.refresh()} />}
      {failure && <ErrorStrip error={failure} />}
      <div className="jp-MlwsDataset-split">
        <Rail
          versions={value}
          shown={asset.version}
          onShow={version => model.show(version)}
          markOf={other => (stageOf(other) === 'None' ? '' : stageOf(other))}
        />
        <div className="jp-MlwsDataset-main">
          <Tabs
            label={trans.__('Parts of the model')}
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
            <Boundary key={`${active} ${asset.version}`}>
              {active === 'overview' && (
                <Overview
                  asset={asset}
                  onDescribe={(description, tags) => attempt(model.describe(description, tags))}
                />
              )}
              {active === 'stage' && <StageTab model={model} asset={asset} attempt={attempt} />}
              {active === 'files' && <Files {...args} path={text(asset, 'path')} />}
              {active === 'uses' && <Uses {...args} />}
              {active === 'lineage' && <LineageTab node={`model:${asset.name}:${asset.version}`} />}
              {active === 'code' && <Code asset={asset} />}
            </Boundary>
          </div>
        </div>
      </div>
    </div>
  );
}

function Overview(props: {
  asset: Asset;
  onDescribe: (description: string, tags: Record<string, string>) => void;
}): JSX.Element {
  const { asset } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  const [draft, setDraft] = useState<string | null>(null);
  const { creation_context: made } = asset;
  const runId = text(asset, 'job_name');
  const flavors = Object.entries(flavorsOf(asset));
  return (
    <div className="jp-MlwsModel-overview">
      {draft === null ? (
        <p className="jp-MlwsModel-about">
          {asset.description || (
            <span className="jp-MlwsNote">{trans.__('It has no description.')}</span>
          )}{' '}
          <Button minimal onClick={() => setDraft(asset.description ?? '')}>
            {trans.__('Edit')}
          </Button>
        </p>
      ) : (
        <form
          className="jp-MlwsModel-edit"
          onSubmit={event => {
            event.preventDefault();
            props.onDescribe(draft, {});
            setDraft(null);
          }}
        >
          <textarea
            className="jp-mod-styled"
            aria-label={trans.__('Description')}
            rows={3}
            value={draft}
            onChange={event => setDraft(event.target.value)}
          />
          <Button primary type="submit">
            {trans.__('Save')}
          </Button>
          <Button onClick={() => setDraft(null)}>{trans.__('Cancel')}</Button>
        </form>
      )}
      <Facts
        title={trans.__('Where it comes from')}
        rows={[
          [
            trans.__('Run'),
            runId ? (
              <Button
                key="run"
                minimal
                onClick={() => execute(page, CommandIDs.openRun, { run_id: runId })}
              >
                {runId}
              </Button>
            ) : (
              trans.__('no run: it was brought here')
            ),
          ],
          [trans.__('Source'), <code key="source">{text(asset, 'source')}</code>],
          [trans.__('Created'), exactTime(made.created_at, locale)],
          [trans.__('By'), made.created_by],
          [trans.__('Changed'), exactTime(made.last_modified_at, locale)],
          [trans.__('By'), made.last_modified_by],
        ]}
      />
      {asset.type === 'mlflow_model' && <Signature name={asset.name} version={asset.version} />}
      {flavors.length > 0 && (
        <Facts
          title={trans.__('Flavors')}
          rows={flavors.map(([name, said]) => [
            name,
            <code key={name}>{JSON.stringify(said)}</code>,
          ])}
        />
      )}
      {Object.keys(asset.tags ?? {}).length > 0 && (
        <Facts title={trans.__('Tags')} rows={Object.entries(asset.tags ?? {})} />
      )}
      {Object.keys(asset.properties ?? {}).length > 0 && (
        <Facts title={trans.__('Properties')} rows={Object.entries(asset.properties ?? {})} />
      )}
    </div>
  );
}

function Facts(props: {
  title: string;
  rows: readonly (readonly [string, React.ReactNode])[];
}): JSX.Element {
  return (
    <section className="jp-MlwsModel-facts" aria-label={props.title}>
      <h3>{props.title}</h3>
      <dl>
        {props.rows.map(([name, value], at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: names may stand twice, and the order is fixed.
          <div key={at}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** A part of a version, read when it is first drawn. */
function useOwn<T>(read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew for another version.
  const own = useMemo(() => new Resource<T>(read), []);
  useEffect(() => {
    void own.refresh();
    return () => own.dispose();
  }, [own]);
  return own;
}

interface IVersion {
  name: string;
  version: string;
}

/** What the model takes and gives; nothing when it does not say. */
function Signature(props: IVersion): JSX.Element | null {
  const { name, version } = props;
  const { client } = usePage().workspace;
  const { trans } = useLanguage();
  const signature = useOwn<ISignature | null>(async signal => {
    const [file, { signatureOf }] = await Promise.all([
      client.download('models.read_file', { name, version, path: 'MLmodel' }, { signal }),
      import('../model/signature'),
    ]);
    return signatureOf(await file.text());
  });
  const { value } = useResource(signature);
  if (!value) {
    return null;
  }
  const parts: [string, readonly ISignatureColumn[]][] = [
    [trans.__('Takes'), value.inputs],
    [trans.__('Parameters'), value.params],
    [trans.__('Gives'), value.outputs],
  ];
  return (
    <section className="jp-MlwsModel-facts" aria-label={trans.__('Signature')}>
      <h3>{trans.__('Signature')}</h3>
      <table className="jp-MlwsPlainTable">
        <thead>
          <tr>
            <th>{trans.__('Part')}</th>
            <th>{trans.__('Name')}</th>
            <th>{trans.__('Type')}</th>
            <th>{trans.__('Must be given')}</th>
          </tr>
        </thead>
        <tbody>
          {parts.flatMap(([part, columns]) =>
            columns.map((column, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a tensor has no name, and the order is fixed.
              <tr key={`${part} ${at}`}>
                <td>{at === 0 ? part : ''}</td>
                <td>{column.name || '—'}</td>
                <td>
                  <code>{column.type}</code>
                </td>
                <td>
                  {column.isRequired
                    ? trans.__('yes')
                    : column.initial
                      ? trans.__('else %1', column.initial)
                      : trans.__('no')}
                </td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </section>
  );
}

function Files(props: IVersion & { path: string }): JSX.Element {
  const { name, version } = props;
  const { client } = usePage().workspace;
  const files = useOwn<readonly AssetFile[]>(signal =>
    client.call('models.list_files', { name, version }, { signal }),
  );
  return (
    <FileList
      files={files}
      path={props.path}
      hrefOf={path => client.url('models.read_file', { name, version, path })}
    />
  );
}

function Uses(props: IVersion): JSX.Element {
  const { name, version } = props;
  const { client } = usePage().workspace;
  const uses = useOwn<readonly AssetUse[]>(signal =>
    client.call('models.list_uses', { name, version }, { signal }),
  );
  return <UseList uses={uses} />;
}

function Code(props: { asset: Asset }): JSX.Element {
  const { name, version, type } = props.asset;
  const { trans } = useLanguage();
  const codes: [string, string][] = [
    [trans.__('In a notebook'), `import jupyter_mlws as mlws\n\nmlws.model("${name}:${version}")`],
    [
      trans.__('As input of a job'),
      `inputs:\n  model:\n    type: ${type}\n    path: azureml:${name}:${version}\n`,
    ],
    [trans.__('In a terminal'), `mlws model download -n ${name} -v ${version}`],
  ];
  if (type === 'mlflow_model') {
    const load = `import mlflow\n\nmlflow.pyfunc.load_model("models:/${name}/${version}")`;
    codes.splice(1, 0, [trans.__('With MLflow'), load]);
  }
  return (
    <div className="jp-MlwsCode">
      {codes.map(([title, code]) => (
        <section key={title}>
          <header>
            <h3>{title}</h3>
            <CopyButton text={code} />
          </header>
          <pre>{code}</pre>
        </section>
      ))}
    </div>
  );
}

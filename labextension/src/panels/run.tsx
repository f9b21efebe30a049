// The run page: one run, what went in and what came out, live while it runs.
import '../../style/pages.css';
import { editIcon, ellipsesIcon } from '@jupyterlab/ui-components';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { Run } from '../api/client';
import type { RunModel } from '../model/run';
import type { State } from '../model/state';
import { isFinal } from '../model/states';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, ProgressBar, Tabs } from '../ui/controls';
import { durationOf } from '../ui/duration';
import { useNow, useResource, useSignal } from '../ui/hooks';
import { Boundary, ErrorStrip, Skeleton } from '../ui/states';
import { StatusChip } from '../ui/status';
import { Artifacts } from './artifacts';
import { ChangedSince } from './changed';
import { Code } from './code';
import { ConnectionMark } from './connection';
import { ErrorCard } from './errorcard';
import { Json } from './json';
import { LineageTab } from './lineage-tab';
import { Logs } from './logs';
import { Metrics, System } from './metrics';
import { NotebookTab } from './notebooktab';
import { Overview } from './overview';
import { execute, openRunMenu, targetOfRun, usePage } from './page';
import { ReproductionCard } from './reproduction-card';
import { Steps } from './steps';

export type RunTab =
  | 'steps'
  | 'overview'
  | 'metrics'
  | 'notebook'
  | 'code'
  | 'logs'
  | 'system'
  | 'artifacts'
  | 'lineage'
  | 'json';

/** `tab` is the part that is shown; an empty one means the first. */
export function RunPage(props: { model: RunModel; tab: State<string> }): JSX.Element {
  const { model, tab } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.subject);
  useSignal(tab.changed);

  if (!value) {
    return (
      <div className="jp-MlwsPage">
        {error ? (
          <ErrorStrip error={error} onRetry={() => void model.subject.refresh()} />
        ) : (
          <Skeleton rows={8} />
        )}
      </div>
    );
  }
  const { run, job } = value;
  const labels: Record<RunTab, string> = {
    steps: trans.__('Steps'),
    overview: trans.__('Overview'),
    metrics: trans.__('Metrics'),
    notebook: trans.__('Notebook'),
    code: trans.__('Code'),
    logs: trans.__('Logs'),
    system: trans.__('System'),
    artifacts: trans.__('Artifacts'),
    lineage: trans.__('Lineage'),
    json: trans.__('JSON'),
  };
  const ids = tabsOf(job?.type ?? run.type);
  const tabs = ids.map(id => ({ id, label: labels[id] }));
  const active = ids.find(id => id === tab.value) ?? ids[0] ?? 'overview';
  const open = (id: string): void => {
    tab.value = id;
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.key === 'F2') {
      event.currentTarget.querySelector<HTMLElement>('[data-rename]')?.click();
      return;
    }
    const next = ids[Number(event.key) - 1];
    if (next && !isTyping(event) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      open(next);
    }
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the page's keys work wherever in it the focus is.
    <div className="jp-MlwsPage jp-MlwsRunPage" data-run={run.run_id} onKeyDown={onKeyDown}>
      <Head model={model} run={run} />
      <ChangedSince model={model} />
      {error && <ErrorStrip error={error} onRetry={() => void model.subject.refresh()} />}
      <Tabs label={trans.__('Parts of the run')} tabs={tabs} active={active} onChange={open} />
      <div
        className={`jp-MlwsRunPage-tab jp-mod-${active}`}
        role="tabpanel"
        aria-label={labels[active]}
      >
        <Boundary key={active}>
          {active === 'overview' && (
            <>
              {job?.error && <ErrorCard job={job} error={job.error} openTab={open} />}
              {job?.tags?.['mlws.reproduces'] && (
                <ReproductionCard runId={run.run_id} status={run.status} />
              )}
              <Warnings warnings={job?.warnings ?? []} />
              <Overview model={model} openTab={open} />
            </>
          )}
          {active === 'steps' && <Steps model={model} />}
          {active === 'metrics' && <Metrics model={model} />}
          {active === 'notebook' && <NotebookTab model={model} />}
          {active === 'code' && <Code model={model} />}
          {active === 'logs' && <Logs model={model.log} attempts={job?.attempt ?? 1} />}
          {active === 'system' && <System model={model} />}
          {active === 'artifacts' && <Artifacts model={model} />}
          {active === 'lineage' && <LineageTab node={`run:${run.run_id}`} />}
          {active === 'json' && <Json value={value} />}
        </Boundary>
      </div>
    </div>
  );
}

/** The tabs of a run of this type; one that no job made has no log and no code. */
function tabsOf(type: string): readonly RunTab[] {
  switch (type) {
    case 'mlflow':
      return ['overview', 'metrics', 'system', 'artifacts', 'lineage', 'json'];
    case 'pipeline':
      return ['steps', 'overview', 'metrics', 'artifacts', 'lineage', 'json'];
    case 'notebook':
      return ['overview', 'metrics', 'notebook', 'logs', 'system', 'artifacts', 'lineage', 'json'];
    default:
      return ['overview', 'metrics', 'code', 'logs', 'system', 'artifacts', 'lineage', 'json'];
  }
}

function isTyping(event: KeyboardEvent): boolean {
  const node = event.target as HTMLElement;
  return node.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(node.tagName);
}

function Head(props: { model: RunModel; run: Run }): JSX.Element {
  const { model, run } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const now = useNow(1000, !isFinal(run.status));
  const target = targetOfRun(run);
  const args = { run_id: run.run_id };
  const isJob = run.type !== 'mlflow';
  const progress = isFinal(run.status) ? null : model.job?.progress;
  return (
    <header className="jp-MlwsRunHead">
      <StatusChip status={run.status} />
      <Name run={run} rename={name => renamed(model, name, page.workspace.client)} />
      <span className="jp-MlwsRunHead-time" title={trans.__('Duration')}>
        {durationOf(run, now)}
      </span>
      {progress && (
        <span className="jp-MlwsRunHead-progress">
          <ProgressBar
            done={progress.done}
            total={progress.total}
            label={trans.__('%1 of %2 cells', progress.done, progress.total)}
          />
          <span className="jp-MlwsNote">
            {trans.__('%1 of %2 cells', progress.done, progress.total)}
          </span>
        </span>
      )}
      {run.archived && <span className="jp-MlwsTag">{trans.__('Archived')}</span>}
      <span className="jp-MlwsRunHead-actions">
        <ConnectionMark />
        {isJob && !isFinal(run.status) && (
          <Button
            danger
            disabled={run.status === 'CancelRequested'}
            onClick={() => execute(page, CommandIDs.cancelJob, args)}
          >
            {trans.__('Cancel')}
          </Button>
        )}
        {isJob && (run.status === 'Failed' || run.status === 'Canceled') && (
          <Button onClick={() => execute(page, CommandIDs.retryJob, args)}>
            {trans.__('Retry')}
          </Button>
        )}
        {run.type === 'sweep' && page.commands.hasCommand(CommandIDs.openSweep) && (
          <Button primary onClick={() => execute(page, CommandIDs.openSweep, args)}>
            {trans.__('Open sweep')}
          </Button>
        )}
        {run.type === 'automl' && page.commands.hasCommand(CommandIDs.openAutoML) && (
          <Button primary onClick={() => execute(page, CommandIDs.openAutoML, args)}>
            {trans.__('Open leaderboard')}
          </Button>
        )}
        {isJob && page.commands.hasCommand(CommandIDs.runDialog) && (
          <Button
            primary={
              isFinal(run.status) &&
              !model.job?.error &&
              !['sweep', 'automl'].includes(run.type ?? '')
            }
            onClick={() => execute(page, CommandIDs.rerun, args)}
          >
            {trans.__('Run again…')}
          </Button>
        )}
        {isJob && isFinal(run.status) && page.commands.hasCommand(CommandIDs.reproduce) && (
          <Button onClick={() => execute(page, CommandIDs.reproduce, args)}>
            {trans.__('Reproduce…')}
          </Button>
        )}
        <Button
          minimal
          icon={ellipsesIcon}
          title={trans.__('More actions')}
          aria-haspopup="menu"
          onClick={event => {
            const box = event.currentTarget.getBoundingClientRect();
            openRunMenu(page, target, box.left, box.bottom);
          }}
        />
      </span>
    </header>
  );
}

async function renamed(
  model: RunModel,
  name: string,
  client: ReturnType<typeof usePage>['workspace']['client'],
): Promise<void> {
  model.subject.patch(subject => ({ ...subject, run: { ...subject.run, name } }));
  try {
    await client.call('runs.update', { run_id: model.runId, name });
  } finally {
    await model.subject.refresh();
  }
}

/** The name; F2, a double click or the pen changes it. */
function Name(props: { run: Run; rename: (name: string) => Promise<void> }): JSX.Element {
  const { run, rename } = props;
  const { trans } = useLanguage();
  const [text, setText] = useState<string | null>(null);
  const [error, setError] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const isEditing = text !== null;

  useEffect(() => {
    if (isEditing) {
      field.current?.select();
    }
  }, [isEditing]);

  const finish = (save: boolean): void => {
    const name = text?.trim();
    setText(null);
    if (save && name && name !== run.name) {
      setError('');
      rename(name).catch((reason: Error) => setError(reason.message));
    }
    button.current?.focus();
  };

  if (isEditing) {
    return (
      <input
        ref={field}
        className="jp-MlwsRunHead-field jp-mod-styled"
        aria-label={trans.__('Name of the run')}
        value={text}
        onChange={event => setText(event.target.value)}
        onBlur={() => finish(true)}
        onKeyDown={event => {
          event.stopPropagation();
          if (event.key === 'Enter' || event.key === 'Escape') {
            finish(event.key === 'Enter');
          }
        }}
      />
    );
  }
  return (
    <span className="jp-MlwsRunHead-name">
      <h2 title={run.name} onDoubleClick={() => setText(run.name)}>
        {run.name}
      </h2>
      <button
        ref={button}
        type="button"
        className="jp-MlwsButton jp-mod-minimal jp-mod-icon"
        data-rename
        title={trans.__('Rename (F2)')}
        aria-label={trans.__('Rename (F2)')}
        onClick={() => setText(run.name)}
      >
        <editIcon.react tag="span" className="jp-MlwsButton-icon" />
      </button>
      {error && (
        <span className="jp-MlwsRunHead-error" role="alert">
          {error}
        </span>
      )}
    </span>
  );
}

function Warnings(props: { warnings: readonly string[] }): JSX.Element | null {
  if (props.warnings.length === 0) {
    return null;
  }
  return (
    <ul className="jp-MlwsWarnings">
      {props.warnings.map(warning => (
        <li key={warning}>{warning}</li>
      ))}
    </ul>
  );
}

// The pipeline designer: parts, canvas, inspector; below, what is wrong and what was run.
import '../../style/designer.css';
import { useCallback, useEffect, useMemo } from 'react';
import type { Job } from '../api/client';
import { type Designer, PipelineRun } from '../designer/designer';
import { ancestors } from '../designer/drawing';
import { freeName, type IStep, keepNotes } from '../designer/pipelinefile';
import type { Resource } from '../model/resource';
import type { State } from '../model/state';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Tabs, Toolbar } from '../ui/controls';
import { useResource, useSignal } from '../ui/hooks';
import { ErrorStrip } from '../ui/states';
import { StatusIcon } from '../ui/status';
import { Ago } from '../ui/time';
import { DesignerCanvas } from './designer-canvas';
import { DesignerInspector } from './designer-inspector';
import { DesignerPalette, type IPaletteGroup } from './designer-palette';
import { DesignerSteps, DesignerTimeline } from './designer-steps';
import { execute, usePage } from './page';

/** Which part of the designer stands in the middle. */
export type DesignerView = 'graph' | 'list' | 'timeline';

export interface IDesignerProps {
  designer: Designer;
  path: string;
  groups: readonly IPaletteGroup[];
  /** Jobs that were made of this file, newest first. */
  runs: Resource<readonly Job[]>;
  /** The run that is shown; empty while the pipeline is edited. */
  shown: State<string>;
  view: State<DesignerView>;
  onOpenSource: (step: IStep) => void;
  onRun: (scope: { step: string; steps: readonly string[] } | null) => void;
  onJoin: (key: string) => void;
  onExport: (format: 'azureml' | 'python') => void;
  onResume: (job: string, step: string, scope: 'from' | 'only' | 'until') => void;
}

export function DesignerPage(props: IDesignerProps): JSX.Element {
  const { designer, shown, view, groups } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const { client, models } = page.workspace;
  useSignal(designer.changed);
  useSignal(shown.changed);
  useSignal(view.changed);
  const run = useMemo(
    () => (shown.value ? new PipelineRun(shown.value, client, models) : null),
    [shown.value, client, models],
  );
  useEffect(() => () => run?.dispose(), [run]);
  useSignal(run?.steps.changed);
  const views = run?.steps.value ? run.views : null;
  const open = useCallback(
    (key: string): void => {
      const job = run?.views.get(key)?.job;
      const step = designer.pipeline.steps.find(item => item.key === key);
      if (job) {
        execute(page, CommandIDs.openRun, { run_id: job });
      } else if (step) {
        props.onOpenSource(step);
      }
    },
    [run, designer, page, props.onOpenSource],
  );
  const tabs = [
    { id: 'graph', label: trans.__('Graph') },
    { id: 'list', label: trans.__('List') },
    ...(run ? [{ id: 'timeline', label: trans.__('Timeline') }] : []),
  ];
  const toJoin = designer.chosen ?? designer.chosenSource;
  const active = !run && view.value === 'timeline' ? 'graph' : view.value;
  return (
    <div
      className="jp-MlwsDesigner"
      role="application"
      aria-label={trans.__('Pipeline Designer')}
      data-mlws-designer
      onKeyDown={event => onKey(event, props)}
    >
      <Toolbar
        label={trans.__('Pipeline')}
        end={
          <>
            <Tabs
              label={trans.__('View')}
              tabs={tabs}
              active={active}
              onChange={id => {
                view.value = id as DesignerView;
              }}
            />
            <RunButton {...props} />
          </>
        }
      >
        <Button disabled={!designer.canUndo} onClick={() => designer.undo()}>
          {trans.__('Undo')}
        </Button>
        <Button disabled={!designer.canRedo} onClick={() => designer.redo()}>
          {trans.__('Redo')}
        </Button>
        <Button
          title={trans.__('Place all steps anew (Alt+Shift+F)')}
          disabled={designer.drawing.steps.length === 0}
          onClick={() => designer.arrange()}
        >
          {trans.__('Arrange')}
        </Button>
        <Button onClick={() => addNote(designer)}>{trans.__('Note')}</Button>
        {toJoin && (
          <Button
            title={trans.__('Join an output to an input (L)')}
            onClick={() => props.onJoin(toJoin.key)}
          >
            {trans.__('Join…')}
          </Button>
        )}
        <select
          aria-label={trans.__('Export')}
          title={trans.__('Write a file for others beside this one')}
          disabled={designer.drawing.steps.length === 0}
          value=""
          onChange={event => props.onExport(event.target.value as 'azureml' | 'python')}
        >
          <option value="">{trans.__('Export…')}</option>
          <option value="azureml">{trans.__('Azure ML YAML')}</option>
          <option value="python">{trans.__('Python script')}</option>
        </select>
      </Toolbar>
      <div className="jp-MlwsDesigner-main">
        {!run && (
          <DesignerPalette
            groups={groups}
            onAdd={item =>
              item.isSource
                ? designer.addSource(item.name, item.said)
                : designer.add(item.name, item.said)
            }
          />
        )}
        <div className="jp-MlwsDesigner-middle">
          {run?.steps.error && (
            <ErrorStrip error={run.steps.error} onRetry={() => void run.steps.refresh()} />
          )}
          {active === 'graph' && <DesignerCanvas designer={designer} views={views} onOpen={open} />}
          {active === 'list' && <DesignerSteps designer={designer} views={views} onOpen={open} />}
          {active === 'timeline' && (
            <DesignerTimeline designer={designer} views={views} onOpen={open} />
          )}
          {active === 'graph' &&
            designer.drawing.steps.length === 0 &&
            !designer.pipeline.error && (
              <div className="jp-MlwsDesigner-hint">
                <p>{trans.__('Drag notebooks and components here.')}</p>
                <p>{trans.__('Or choose one on the left and press Enter.')}</p>
              </div>
            )}
        </div>
        {run ? (
          <RunInspector {...props} run={run} onOpen={open} />
        ) : (
          <DesignerInspector designer={designer} onOpenSource={props.onOpenSource} />
        )}
      </div>
      <Problems designer={designer} />
      <PastRuns {...props} />
    </div>
  );
}

function onKey(event: React.KeyboardEvent, props: IDesignerProps): void {
  const { designer } = props;
  const target = event.target as HTMLElement;
  if (target.closest('input, textarea, select, [contenteditable]')) {
    return;
  }
  const command = event.ctrlKey || event.metaKey;
  const toJoin = designer.chosen ?? designer.chosenSource;
  if (command && event.key === 'Enter') {
    props.onRun(null);
  } else if (command && event.key.toLowerCase() === 'z') {
    event.shiftKey ? designer.redo() : designer.undo();
  } else if (command && event.key.toLowerCase() === 'y') {
    designer.redo();
  } else if (command && event.key.toLowerCase() === 'd') {
    designer.paste(designer.pipeline.steps.filter(step => designer.selection.has(step.key)));
  } else if (command && event.key.toLowerCase() === 'a') {
    designer.select(designer.pipeline.steps.map(step => step.key));
  } else if (event.altKey && event.shiftKey && event.code === 'KeyF') {
    designer.arrange();
  } else if (!command && event.key === 'l' && toJoin) {
    props.onJoin(toJoin.key);
  } else if (!command && 'gtl'.includes(event.key) && props.shown.value && !designer.chosen) {
    props.view.value = event.key === 'g' ? 'graph' : event.key === 't' ? 'timeline' : 'list';
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

function addNote(designer: Designer): void {
  const { notes } = designer.pipeline;
  const id = freeName(
    'note',
    notes.map(note => note.id),
  );
  const lowest = Math.max(0, ...designer.drawing.steps.map(step => step.place[1]));
  designer.edit(text => keepNotes(text, [...notes, { id, text: '', at: [0, lowest + 160] }]));
}

/** Runs all of it, or a part around the chosen step. */
function RunButton(props: IDesignerProps): JSX.Element {
  const { designer, onRun, shown } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const n = designer.problems.length;
  const key = designer.chosen?.key;
  if (shown.value) {
    return (
      <Button
        primary
        onClick={() => {
          shown.value = '';
        }}
      >
        {trans.__('Edit')}
      </Button>
    );
  }
  const { edges, steps } = designer.drawing;
  const keys = new Set(steps.map(item => item.step.key));
  const before = key ? [...ancestors(edges, key), key].filter(other => keys.has(other)) : [];
  const after = key
    ? steps
        .map(item => item.step.key)
        .filter(other => other === key || ancestors(edges, other).has(key))
    : [];
  return (
    <>
      {key && (
        <select
          aria-label={trans.__('Run a part')}
          value=""
          onChange={event => {
            const parts: Record<string, readonly string[]> = {
              only: [key],
              until: before,
              from: after,
            };
            onRun({ step: key, steps: parts[event.target.value] ?? [] });
          }}
        >
          <option value="">{trans.__('Run a part…')}</option>
          <option value="only">{trans.__('Only %1', key)}</option>
          <option value="until">{trans.__('Up to %1', key)}</option>
          <option value="from">{trans.__('From %1 on', key)}</option>
        </select>
      )}
      <Button
        disabled={steps.length === 0}
        title={trans.__('Run it by the clock, again and again')}
        onClick={() => execute(page, CommandIDs.scheduleDialog, { path: props.path })}
      >
        {trans.__('Schedule…')}
      </Button>
      <Button primary disabled={steps.length === 0} onClick={() => onRun(null)}>
        {n > 0 ? trans._n('Run… (%1 problem)', 'Run… (%1 problems)', n) : trans.__('Run…')}
      </Button>
    </>
  );
}

/** What is wrong; choosing one leads to its step. */
function Problems({ designer }: { designer: Designer }): JSX.Element | null {
  const { trans } = useLanguage();
  const { error, isLoading } = useResource(designer.graph);
  const { problems } = designer;
  if (error && !designer.pipeline.error) {
    return <ErrorStrip error={error} onRetry={() => void designer.graph.refresh()} />;
  }
  if (problems.length === 0) {
    return null;
  }
  return (
    <section className="jp-MlwsProblems" aria-label={trans.__('Problems')} aria-busy={isLoading}>
      <h3>{trans._n('%1 problem', '%1 problems', problems.length)}</h3>
      <ul>
        {problems.map(problem => (
          <li key={`${problem.step}:${problem.line}:${problem.message}`}>
            <button
              type="button"
              disabled={!problem.step}
              onClick={() => designer.select(problem.step ? [problem.step] : [])}
            >
              {problem.line !== null && <small>{trans.__('Line %1', problem.line)}</small>}{' '}
              {problem.message}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What was run from this file, newest first. */
function PastRuns(props: IDesignerProps): JSX.Element | null {
  const { runs, shown } = props;
  const { trans } = useLanguage();
  const { value } = useResource(runs);
  if (!value?.length) {
    return null;
  }
  return (
    <nav className="jp-MlwsPastRuns" aria-label={trans.__('Past runs')}>
      <span>{trans.__('Runs')}</span>
      {value.map(job => (
        <button
          key={job.name}
          data-run={job.name}
          type="button"
          aria-pressed={job.name === shown.value}
          title={job.display_name}
          onClick={() => {
            shown.value = job.name === shown.value ? '' : job.name;
          }}
        >
          <StatusIcon status={job.status} withTitle />
          <Ago time={job.creation_context.created_at} />
        </button>
      ))}
    </nav>
  );
}

/** The chosen step of a run: how it stands, why, and where to go on from. */
function RunInspector(
  props: IDesignerProps & { run: PipelineRun; onOpen: (key: string) => void },
): JSX.Element {
  const { designer, run, onOpen, onResume } = props;
  const page = usePage();
  const { trans } = useLanguage();
  useSignal(designer.changed);
  const job = props.runs.value?.find(item => item.name === run.name);
  const step = designer.chosen;
  const view = step ? run.views.get(step.key) : undefined;
  const isEnded = job && ['Completed', 'Failed', 'Canceled'].includes(job.status);
  return (
    <aside className="jp-MlwsInspector" aria-label={trans.__('Inspector')}>
      <header>
        <h2>{step?.label ?? job?.display_name ?? run.name}</h2>
      </header>
      {!step && (
        <>
          <p>{job?.error?.message ?? trans.__('Choose a step to see how it went.')}</p>
          <Button onClick={() => execute(page, CommandIDs.openRun, { run_id: run.name })}>
            {trans.__('Open run')}
          </Button>
          {isEnded && job.status !== 'Completed' && (
            <Button
              primary
              onClick={() => execute(page, CommandIDs.retryJob, { run_id: run.name })}
            >
              {trans.__('Resume')}
            </Button>
          )}
        </>
      )}
      {step && view && (
        <>
          {view.why && <p>{view.why}</p>}
          {view.error && <p role="alert">{view.error}</p>}
          {(view.attempt ?? 0) > 1 && <p>{trans.__('Attempt %1', view.attempt)}</p>}
          {view.job && <Button onClick={() => onOpen(step.key)}>{trans.__('Open run')}</Button>}
          {isEnded && (
            <fieldset>
              <legend>{trans.__('Run again')}</legend>
              <Button onClick={() => onResume(run.name, step.key, 'from')}>
                {trans.__('From here')}
              </Button>
              <Button onClick={() => onResume(run.name, step.key, 'only')}>
                {trans.__('Only this step')}
              </Button>
              <Button onClick={() => onResume(run.name, step.key, 'until')}>
                {trans.__('Up to here')}
              </Button>
            </fieldset>
          )}
        </>
      )}
    </aside>
  );
}

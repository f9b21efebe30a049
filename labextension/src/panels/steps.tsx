// The steps of a pipeline: how each stands and why, its run a click away, and where to go on from.

import '../../style/pages.css';
import '../../style/pipeline.css';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ellipsesIcon } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import { Fragment, useEffect, useState } from 'react';
import type { Schemas } from '../api/client';
import type { RunModel } from '../model/run';
import { isFinal } from '../model/states';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, ProgressBar, Toolbar } from '../ui/controls';
import { durationOf } from '../ui/duration';
import { useNow, useResource } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { StatusIcon } from '../ui/status';
import { execute, usePage } from './page';

type Step = Schemas['StepView'];
type Scope = 'from' | 'only' | 'until';

export function Steps(props: { model: RunModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { client } = usePage().workspace;
  const { value, error } = useResource(model.steps);
  const [failure, setFailure] = useState<Error | null>(null);
  const status = model.run?.status ?? 'Running';
  const over = isFinal(status);
  const now = useNow(1000, !over);
  useEffect(() => {
    const following = model.open(model.steps);
    return () => following.dispose();
  }, [model]);

  const resume = (step?: string, scope?: Scope): void => {
    setFailure(null);
    client
      .call('pipelines.resume', { name: model.runId, ...(step ? { step, scope } : {}) })
      .then(() => model.subject.refresh())
      .catch((reason: Error) => setFailure(reason));
  };

  if (!value) {
    return error ? (
      <ErrorStrip error={error} onRetry={() => void model.steps.refresh()} />
    ) : (
      <Skeleton rows={5} />
    );
  }
  if (value.length === 0) {
    return <Empty text={trans.__('This pipeline has no steps.')} />;
  }
  const done = value.filter(step => ['completed', 'reused'].includes(step.state)).length;
  const reused = value.filter(step => step.state === 'reused').length;
  const summary = trans.__('%1 of %2 steps done, %3 reused', done, value.length, reused);
  return (
    <>
      {error && <ErrorStrip error={error} onRetry={() => void model.steps.refresh()} />}
      {failure && <ErrorStrip error={failure} />}
      {model.job?.error && !value.some(step => step.state === 'failed') && (
        <ErrorStrip error={model.job.error} />
      )}
      <Toolbar
        label={trans.__('Pipeline')}
        end={
          (status === 'Failed' || status === 'Canceled') && (
            <Button onClick={() => resume()}>{trans.__('Resume')}</Button>
          )
        }
      >
        <ProgressBar done={done} total={value.length} label={summary} />
        <span className="jp-MlwsNote">{summary}</span>
      </Toolbar>
      <div className="jp-MlwsSteps-scroll">
        <table className="jp-MlwsSteps" aria-label={trans.__('Steps')}>
          <thead>
            <tr>
              <th scope="col">{trans.__('Step')}</th>
              <th scope="col">{trans.__('State')}</th>
              <th scope="col">{trans.__('Duration')}</th>
              <th scope="col">{trans.__('Why')}</th>
              <th scope="col" aria-label={trans.__('Actions')} />
            </tr>
          </thead>
          <tbody>
            <Rows steps={value} depth={0} now={now} resume={over ? resume : null} />
          </tbody>
        </table>
      </div>
    </>
  );
}

function Rows(props: {
  steps: readonly Step[];
  depth: number;
  now: number;
  /** Null while the pipeline runs, and for steps inside of others. */
  resume: ((step: string, scope: Scope) => void) | null;
}): JSX.Element {
  const { steps, depth, now, resume } = props;
  return (
    <>
      {steps.map(step => (
        <Fragment key={step.path}>
          <Row step={step} depth={depth} now={now} resume={resume} />
          {step.steps && step.steps.length > 0 && (
            <Rows steps={step.steps} depth={depth + 1} now={now} resume={null} />
          )}
        </Fragment>
      ))}
    </>
  );
}

function Row(props: {
  step: Step;
  depth: number;
  now: number;
  resume: ((step: string, scope: Scope) => void) | null;
}): JSX.Element {
  const { step, depth, now, resume } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const { job } = step;
  return (
    <tr data-step={step.path} data-state={step.state}>
      <th scope="row" style={{ paddingLeft: `${12 + 20 * depth}px` }}>
        {job ? (
          <button
            type="button"
            className="jp-MlwsSteps-open"
            title={trans.__('Open the run of this step')}
            onClick={() => execute(page, CommandIDs.openRun, { run_id: job })}
          >
            {step.label}
          </button>
        ) : (
          step.label
        )}
        <span className="jp-MlwsNote jp-MlwsSteps-type">{step.type}</span>
      </th>
      <td>
        <State step={step} trans={trans} />
      </td>
      <td className="jp-MlwsSteps-time">
        {step.status && step.state !== 'reused'
          ? durationOf({ ...step, status: step.status }, now)
          : ''}
      </td>
      <td className={step.error ? 'jp-MlwsSteps-why jp-mod-bad' : 'jp-MlwsSteps-why'}>
        {step.error || step.why}
        {(step.attempt ?? 0) > 1 && (
          <span className="jp-MlwsTag">{trans.__('Attempt %1', step.attempt ?? 1)}</span>
        )}
      </td>
      <td className="jp-MlwsSteps-actions">
        {resume && (
          <Button
            minimal
            icon={ellipsesIcon}
            title={trans.__('Run again: %1', step.label)}
            aria-haspopup="menu"
            onClick={event => {
              const box = event.currentTarget.getBoundingClientRect();
              openMenu(trans, scope => resume(step.key, scope), box.left, box.bottom);
            }}
          />
        )}
      </td>
    </tr>
  );
}

function State(props: { step: Step; trans: TranslationBundle }): JSX.Element {
  const { step, trans } = props;
  const words: Record<Step['state'], string> = {
    waiting: trans.__('Waiting'),
    queued: trans.__('Queued'),
    running: trans.__('Running'),
    completed: trans.__('Completed'),
    reused: trans.__('Reused'),
    failed: trans.__('Failed'),
    canceled: trans.__('Canceled'),
    skipped: trans.__('Skipped'),
  };
  const icons = {
    waiting: 'NotStarted',
    queued: 'Queued',
    running: 'Running',
    completed: 'Completed',
    reused: 'Completed',
    failed: 'Failed',
    canceled: 'Canceled',
    skipped: 'Canceled',
  } as const;
  return (
    <span className="jp-MlwsSteps-state">
      <StatusIcon status={icons[step.state]} />
      {step.state === 'reused' ? (
        <span className="jp-MlwsTag">{words.reused}</span>
      ) : (
        <span>{words[step.state]}</span>
      )}
    </span>
  );
}

/** From where a pipeline that has ended runs again, at a place in client pixels. */
function openMenu(
  trans: TranslationBundle,
  resume: (scope: Scope) => void,
  x: number,
  y: number,
): void {
  const labels: [Scope, string][] = [
    ['from', trans.__('Run again from here')],
    ['only', trans.__('Run only this step again')],
    ['until', trans.__('Run up to here')],
  ];
  const commands = new CommandRegistry();
  const menu = new Menu({ commands });
  for (const [scope, label] of labels) {
    commands.addCommand(scope, { label, execute: () => resume(scope) });
    menu.addItem({ command: scope });
  }
  menu.open(x, y);
}

// The steps of a pipeline as a list, and on a time axis: the twins of the canvas.
import type { Designer, StepView } from '../designer/designer';
import { bindingOf } from '../designer/pipelinefile';
import { useLanguage } from '../ui/context';
import { duration } from '../ui/format';
import { useNow, useSignal } from '../ui/hooks';
import { Empty } from '../ui/states';
import { StepMark, secondsOf } from './designer-state';

interface IStepsProps {
  designer: Designer;
  views: ReadonlyMap<string, StepView> | null;
  onOpen: (key: string) => void;
}

/** All steps with all they are bound to; everything can be done from here by keyboard. */
export function DesignerSteps({ designer, views, onOpen }: IStepsProps): JSX.Element {
  const { trans } = useLanguage();
  useSignal(designer.changed);
  const { drawing, selection } = designer;
  const move = (event: React.KeyboardEvent<HTMLTableRowElement>, key: string): void => {
    const row = event.currentTarget;
    const next = event.key === 'ArrowDown' ? row.nextElementSibling : row.previousElementSibling;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      (next as HTMLElement | null)?.focus();
    } else if (event.key === 'Enter') {
      onOpen(key);
    } else if (event.key === ' ') {
      event.preventDefault();
      designer.select([key]);
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      (next as HTMLElement | null)?.focus();
      designer.remove([key]);
    }
  };
  if (drawing.steps.length === 0) {
    return <Empty text={trans.__('There are no steps yet. Add one from the parts.')} />;
  }
  return (
    <div className="jp-MlwsStepList">
      <table>
        <thead>
          <tr>
            <th scope="col">{trans.__('Step')}</th>
            <th scope="col">{trans.__('State')}</th>
            <th scope="col">{trans.__('Runs')}</th>
            <th scope="col">{trans.__('Inputs')}</th>
            <th scope="col">{trans.__('After')}</th>
          </tr>
        </thead>
        <tbody>
          {drawing.steps.map(({ step, problems }) => {
            const view = views?.get(step.key);
            return (
              <tr
                key={step.key}
                tabIndex={0}
                aria-selected={selection.has(step.key)}
                data-mlws-row={step.key}
                onFocus={() => designer.select([step.key])}
                onClick={() => designer.select([step.key])}
                onDoubleClick={() => onOpen(step.key)}
                onKeyDown={event => move(event, step.key)}
              >
                <th scope="row">{step.label}</th>
                <td>
                  {view ? (
                    <>
                      <StepMark view={view} /> <small>{view.why || view.error}</small>
                    </>
                  ) : (
                    problems.join(' ')
                  )}
                </td>
                <td title={step.source}>
                  <small>{step.type}</small> {step.source.split('\n')[0]}
                </td>
                <td>
                  {Object.entries(step.inputs).map(([name, value]) => {
                    const binding = bindingOf(value);
                    const from =
                      binding?.kind === 'output'
                        ? `${binding.step} › ${binding.port}`
                        : binding?.kind === 'input'
                          ? binding.name
                          : JSON.stringify(value);
                    return (
                      <div key={name}>
                        {name} = {from}
                      </div>
                    );
                  })}
                </td>
                <td>{step.after.join(', ')}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** When each step ran, as bars on one time axis. */
export function DesignerTimeline({ designer, views, onOpen }: IStepsProps): JSX.Element {
  const { trans } = useLanguage();
  useSignal(designer.changed);
  const all = [...(views?.values() ?? [])];
  const isRunning = all.some(view => view.state === 'running');
  const now = useNow(1000, isRunning);
  const begun = all.filter(view => view.started_at);
  if (begun.length === 0) {
    return <Empty text={trans.__('No step has started yet.')} />;
  }
  const start = Math.min(...begun.map(view => Date.parse(view.started_at as string)));
  const end = Math.max(
    start + 1,
    ...begun.map(view => (view.ended_at ? Date.parse(view.ended_at) : now)),
  );
  return (
    <ol className="jp-MlwsTimeline" aria-label={trans.__('Timeline')}>
      {all.map(view => {
        const from = view.started_at ? Date.parse(view.started_at) : null;
        const seconds = secondsOf(view, now);
        return (
          <li key={view.path}>
            <button
              type="button"
              aria-pressed={designer.selection.has(view.key)}
              onClick={() => designer.select([view.key])}
              onDoubleClick={() => onOpen(view.key)}
            >
              <span>{view.label}</span>
              <span className="jp-MlwsTimeline-lane">
                {from !== null && seconds !== null && (
                  <span
                    data-state={view.state}
                    style={{
                      left: `${(100 * (from - start)) / (end - start)}%`,
                      width: `max(3px, ${(100_000 * seconds) / (end - start)}%)`,
                    }}
                  />
                )}
              </span>
              <StepMark view={view} />
            </button>
          </li>
        );
      })}
      <li className="jp-MlwsTimeline-axis">{trans.__('%1 in all', duration(end - start))}</li>
    </ol>
  );
}

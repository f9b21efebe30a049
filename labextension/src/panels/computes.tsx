// The compute page: where jobs run, how busy it is, who is next; start, stop, change.
import '../../style/environments.css';
import { addIcon, caretDownIcon, caretUpIcon, refreshIcon } from '@jupyterlab/ui-components';
import { type KeyboardEvent, useState } from 'react';
import type { Compute, Job } from '../api/client';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Toolbar } from '../ui/controls';
import { useResource } from '../ui/hooks';
import { ErrorStrip, Skeleton } from '../ui/states';
import { StatusIcon } from '../ui/status';
import { ComputeCard, useMeters } from './compute';
import { ConnectionMark } from './connection';
import { execute, usePage } from './page';
import { Field } from './rundialog-fields';

const PRIORITIES = ['low', 'medium', 'high'] as const;
type Priority = (typeof PRIORITIES)[number];

export function ComputesPage(props: { isVisible: () => boolean }): JSX.Element {
  const { models } = usePage().workspace;
  const { trans } = useLanguage();
  const { value, error } = useResource(models.computes);
  const jobs = useResource(models.jobs).value ?? [];
  const [isNew, setNew] = useState(false);
  useMeters(props.isVisible);
  return (
    <div className="jp-MlwsPage jp-MlwsComputes">
      <Toolbar
        label={trans.__('Compute')}
        end={
          <>
            <ConnectionMark />
            <Button
              minimal
              icon={refreshIcon}
              title={trans.__('Read again')}
              onClick={() => void models.computes.refresh()}
            />
          </>
        }
      >
        <Button icon={addIcon} onClick={() => setNew(!isNew)} aria-expanded={isNew}>
          {trans.__('New compute')}
        </Button>
      </Toolbar>
      {error && <ErrorStrip error={error} onRetry={() => void models.computes.refresh()} />}
      {!value && !error && <Skeleton rows={4} />}
      {isNew && <NewCompute onDone={() => setNew(false)} />}
      <div className="jp-MlwsComputes-cards">
        {value?.map(compute => (
          <ComputeBox key={compute.name} compute={compute} jobs={jobs} />
        ))}
      </div>
    </div>
  );
}

function NewCompute(props: { onDone: () => void }): JSX.Element {
  const { client, models } = usePage().workspace;
  const { trans } = useLanguage();
  const [name, setName] = useState('');
  const [slots, setSlots] = useState('1');
  const [memory, setMemory] = useState('');
  const [failure, setFailure] = useState<Error | null>(null);
  const create = async (): Promise<void> => {
    try {
      const compute = { name, slots: Number(slots), ...(memory && { memory }) };
      await client.call('computes.create_or_update', { compute });
      await models.computes.refresh();
      props.onDone();
    } catch (error) {
      setFailure(error as Error);
    }
  };
  return (
    <form
      className="jp-MlwsComputes-new"
      aria-label={trans.__('New compute')}
      onSubmit={event => {
        event.preventDefault();
        void create();
      }}
      onKeyDown={event => event.key === 'Escape' && props.onDone()}
    >
      {failure && <ErrorStrip error={failure} />}
      <Field label={trans.__('Name')} isRequired>
        {ids => (
          <input
            {...ids}
            // biome-ignore lint/a11y/noAutofocus: the form was asked for, and this is its first field.
            autoFocus
            className="jp-mod-styled"
            type="text"
            value={name}
            onChange={event => setName(event.target.value)}
          />
        )}
      </Field>
      <Field label={trans.__('Slots')} help={trans.__('How many jobs run at the same time.')}>
        {ids => (
          <input
            {...ids}
            className="jp-mod-styled"
            type="number"
            min={1}
            value={slots}
            onChange={event => setSlots(event.target.value)}
          />
        )}
      </Field>
      <Field
        label={trans.__('Memory')}
        help={trans.__('Of all its jobs together, such as 16g; no limit when empty.')}
      >
        {ids => (
          <input
            {...ids}
            className="jp-mod-styled"
            type="text"
            value={memory}
            onChange={event => setMemory(event.target.value)}
          />
        )}
      </Field>
      <div className="jp-MlwsEnvironmentForm-end">
        <Button onClick={props.onDone}>{trans.__('Cancel')}</Button>
        <Button primary type="submit" disabled={!name}>
          {trans.__('Create')}
        </Button>
      </div>
    </form>
  );
}

function ComputeBox(props: { compute: Compute; jobs: readonly Job[] }): JSX.Element {
  const { compute } = props;
  const { client, models } = usePage().workspace;
  const { trans } = useLanguage();
  const [failure, setFailure] = useState<Error | null>(null);
  const act = async (call: () => Promise<unknown>): Promise<void> => {
    setFailure(null);
    try {
      await call();
      await models.computes.refresh();
    } catch (error) {
      setFailure(error as Error);
    }
  };
  const { name } = compute;
  const isStopped = compute.state === 'Stopped';
  return (
    <article className="jp-MlwsComputes-card" data-compute-card={name}>
      <ComputeCard compute={compute} />
      {compute.description && <p className="jp-MlwsNote">{compute.description}</p>}
      {compute.memory && (
        <p className="jp-MlwsNote">
          {trans.__('Its jobs share %1 of memory by slots.', compute.memory)}
        </p>
      )}
      <div className="jp-MlwsComputes-actions">
        <span className="jp-MlwsStatus" data-state={compute.state}>
          <StatusIcon status={isStopped ? 'Canceled' : 'Completed'} />
          <span>{isStopped ? trans.__('Stopped: jobs wait') : trans.__('Jobs may start')}</span>
        </span>
        <Button
          minimal
          title={trans.__('One slot less on %1', name)}
          disabled={compute.slots < 2}
          onClick={() =>
            void act(() => client.call('computes.update', { name, slots: compute.slots - 1 }))
          }
        >
          −
        </Button>
        <Button
          minimal
          title={trans.__('One slot more on %1', name)}
          onClick={() =>
            void act(() => client.call('computes.update', { name, slots: compute.slots + 1 }))
          }
        >
          +
        </Button>
        {isStopped ? (
          <Button primary onClick={() => void act(() => client.call('computes.start', { name }))}>
            {trans.__('Start')}
          </Button>
        ) : (
          <>
            <Button onClick={() => void act(() => client.call('computes.stop', { name }))}>
              {trans.__('Drain')}
            </Button>
            <Button
              minimal
              onClick={() => void act(() => client.call('computes.restart', { name }))}
            >
              {trans.__('Restart')}
            </Button>
          </>
        )}
        {name !== 'local' && (
          <Button
            minimal
            danger
            onClick={() => void act(() => client.call('computes.delete', { name }))}
          >
            {trans.__('Delete')}
          </Button>
        )}
      </div>
      {failure && <ErrorStrip error={failure} />}
      <Queue {...props} act={act} />
    </article>
  );
}

/** Who runs and who waits; Alt and an arrow move a waiting job to another priority. */
function Queue(props: {
  compute: Compute;
  jobs: readonly Job[];
  act: (call: () => Promise<unknown>) => Promise<void>;
}): JSX.Element | null {
  const { compute, jobs } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const names = [...compute.running, ...compute.queued];
  if (names.length === 0) {
    return null;
  }
  const jobOf = (name: string): Job | undefined => jobs.find(job => job.name === name);
  const move = (name: string, by: number): void => {
    const now = priorityOf(jobOf(name));
    const next = PRIORITIES[PRIORITIES.indexOf(now) + by];
    if (next) {
      void props.act(() =>
        page.workspace.client.call('computes.prioritize', {
          name: compute.name,
          job: name,
          priority: next,
        }),
      );
    }
  };
  const onKeyDown = (event: KeyboardEvent, name: string): void => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (by !== undefined && event.altKey) {
      event.preventDefault();
      move(name, by);
    } else if (event.key === 'Enter' && event.target === event.currentTarget) {
      execute(page, CommandIDs.openRun, { run_id: name });
    }
  };
  return (
    <ol className="jp-MlwsComputes-queue" aria-label={trans.__('Jobs on %1', compute.name)}>
      {names.map(name => {
        const waits = compute.queued.includes(name);
        return (
          <li
            key={name}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move the job and open it.
            tabIndex={0}
            data-queued={name}
            onKeyDown={event => onKeyDown(event, name)}
          >
            <StatusIcon status={waits ? 'Queued' : 'Running'} withTitle />
            <button
              type="button"
              tabIndex={-1}
              className="jp-MlwsComputes-job"
              onClick={() => execute(page, CommandIDs.openRun, { run_id: name })}
            >
              {jobOf(name)?.display_name ?? name}
            </button>
            {waits && (
              <>
                <Button
                  minimal
                  tabIndex={-1}
                  icon={caretUpIcon}
                  title={trans.__('Start earlier (Alt+↑)')}
                  onClick={() => move(name, 1)}
                />
                <Button
                  minimal
                  tabIndex={-1}
                  icon={caretDownIcon}
                  title={trans.__('Start later (Alt+↓)')}
                  onClick={() => move(name, -1)}
                />
              </>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function priorityOf(job: Job | undefined): Priority {
  const settings = (job as { queue_settings?: { priority?: Priority } } | undefined)
    ?.queue_settings;
  return settings?.priority ?? 'medium';
}

// Where jobs run and how busy it is: a section of the panel.
import { useEffect } from 'react';
import type { Compute } from '../api/client';
import { useLanguage } from '../ui/context';
import { ProgressBar } from '../ui/controls';
import { bytes } from '../ui/format';
import { useResource } from '../ui/hooks';
import { ErrorStrip, Skeleton } from '../ui/states';
import { useIsDown } from './connection';
import { usePage } from './page';

/** Meters move without an event; they are read this often while somebody can see them. */
const METER_MS = 3000;

/** Read the meters again while `isVisible` says that somebody can see them. */
export function useMeters(isVisible: () => boolean): void {
  const { models } = usePage().workspace;
  useEffect(() => {
    const timer = window.setInterval(() => {
      if (!document.hidden && isVisible() && models.events.connection === 'live') {
        void models.computes.refresh();
      }
    }, METER_MS);
    return () => window.clearInterval(timer);
  }, [models, isVisible]);
}

/** `isVisible` says whether anybody can see the section now. */
export function Computes(props: { isVisible: () => boolean }): JSX.Element {
  const { models } = usePage().workspace;
  const { value, error } = useResource(models.computes);
  const isDown = useIsDown();
  useMeters(props.isVisible);

  return (
    <div className="jp-MlwsSection">
      {error && !value && !isDown && (
        <ErrorStrip error={error} onRetry={() => void models.computes.refresh()} />
      )}
      {!value && (!error || isDown) && <Skeleton rows={2} />}
      {value?.map(compute => (
        <ComputeCard key={compute.name} compute={compute} />
      ))}
    </div>
  );
}

export function ComputeCard(props: { compute: Compute }): JSX.Element {
  const { compute } = props;
  const { trans, locale } = useLanguage();
  const memory = `${bytes(compute.memory_used_bytes, locale)} / ${bytes(compute.memory_bytes, locale)}`;
  return (
    <section className="jp-MlwsCompute" aria-label={compute.name} data-compute={compute.name}>
      <header className="jp-MlwsCompute-head">
        <strong>{compute.name}</strong>
        <span>
          {trans._n('%1 core', '%1 cores', compute.cores)}
          {compute.gpus && compute.gpus.length > 0 && ` · ${compute.gpus.join(', ')}`}
        </span>
      </header>
      <Meter
        label={trans.__('Slots')}
        done={compute.slots_used}
        total={compute.slots}
        text={trans.__('%1 of %2', compute.slots_used, compute.slots)}
      />
      <Meter
        label={trans.__('CPU')}
        done={compute.cpu_percent}
        total={100}
        text={`${Math.round(compute.cpu_percent)} %`}
      />
      <Meter
        label={trans.__('Memory')}
        done={compute.memory_used_bytes}
        total={compute.memory_bytes}
        text={memory}
      />
      {compute.queued.length > 0 && (
        <p className="jp-MlwsCompute-queue">
          {trans._n('%1 job waits', '%1 jobs wait', compute.queued.length)}
        </p>
      )}
    </section>
  );
}

function Meter(props: { label: string; done: number; total: number; text: string }): JSX.Element {
  return (
    <div className="jp-MlwsMeter">
      <span className="jp-MlwsMeter-label">{props.label}</span>
      <ProgressBar done={props.done} total={props.total} label={props.text} />
      <span className="jp-MlwsMeter-text">{props.text}</span>
    </div>
  );
}

// The tabs with charts: what was logged, and what the workspace sampled.
import '../../style/pages.css';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect } from 'react';
import { SYSTEM } from '../model/metrics';
import type { RunModel } from '../model/run';
import { CHARTS_AT_ONCE } from '../model/run';
import { useLanguage } from '../ui/context';
import { Button, CopyButton } from '../ui/controls';
import { useResource } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { SeriesCharts } from './series';

export function Metrics(props: { model: RunModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  useResource(model.subject);
  const { value, error } = useResource(model.series);

  useEffect(() => {
    const following = model.open(model.series);
    return () => following.dispose();
  }, [model]);

  const names = model.metricNames;
  const more = names.length - model.nCharts;
  if (names.length === 0) {
    const code = 'import mlflow\nmlflow.log_metric("loss", 0.1, step=1)';
    return (
      <Empty text={trans.__('No metrics were logged. In the code of a job this is enough:')}>
        <div className="jp-MlwsSnippet">
          <pre>{code}</pre>
          <CopyButton text={code} />
        </div>
      </Empty>
    );
  }
  return (
    <>
      {error && <ErrorStrip error={error} onRetry={() => void model.series.refresh()} />}
      {!value && !error && <Skeleton rows={8} />}
      {value && (
        <SeriesCharts
          series={value}
          metrics={names.slice(0, model.nCharts)}
          nameOf={() => model.run?.name ?? ''}
          startOf={() => startOf(model)}
          zoom={model.zoom}
        />
      )}
      {more > 0 && (
        <div className="jp-MlwsRunPage-more">
          <Button
            onClick={() => {
              model.nCharts += CHARTS_AT_ONCE;
            }}
          >
            {trans._n('Show %1 more metric', 'Show %1 more metrics', more)}
          </Button>
        </div>
      )}
    </>
  );
}

export function System(props: { model: RunModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  useResource(model.subject);
  const { value, error } = useResource(model.system);

  useEffect(() => {
    const following = model.open(model.system);
    return () => following.dispose();
  }, [model]);

  const names = model.systemNames;
  if (names.length === 0) {
    return (
      <Empty
        text={trans.__(
          'CPU, memory and GPU of a job are shown here once it has run a few seconds.',
        )}
      />
    );
  }
  return (
    <>
      {error && <ErrorStrip error={error} onRetry={() => void model.system.refresh()} />}
      {!value && !error && <Skeleton rows={8} />}
      {value && (
        <SeriesCharts
          series={value}
          metrics={names}
          nameOf={() => model.run?.name ?? ''}
          startOf={() => startOf(model)}
          x="relative"
          titleOf={name => systemTitle(name, trans)}
          scaleOf={name => (name.endsWith('_bytes') ? 1e-9 : 1)}
        />
      )}
    </>
  );
}

function startOf(model: RunModel): number | undefined {
  const start = model.run?.started_at;
  return start ? new Date(start).getTime() : undefined;
}

/** What the workspace and MLflow sample, in a few words: `system/gpu_0_utilization_percentage` is `GPU 0 (%)`. */
export function systemTitle(name: string, trans: TranslationBundle): string {
  const [, what = '', unit = ''] =
    /^(.*?)_?(percent|percentage|bytes|megabytes)?$/.exec(name.slice(SYSTEM.length)) ?? [];
  const gpu = /^gpu_(\d+)_(.*)$/.exec(what);
  const thing = nameOf(gpu?.[2] ?? what, trans);
  const symbol = { percent: '%', percentage: '%', bytes: 'GB', megabytes: 'MB' }[unit];
  const title = gpu
    ? trans.__('GPU %1 %2', gpu[1], gpu[2] === 'utilization' ? '' : thing).trim()
    : thing;
  return symbol ? `${title} (${symbol})` : title;
}

function nameOf(what: string, trans: TranslationBundle): string {
  switch (what) {
    case 'cpu':
    case 'cpu_utilization':
      return trans.__('CPU');
    case 'memory':
    case 'memory_usage':
    case 'system_memory_usage':
      return trans.__('Memory');
    case 'disk_usage':
      return trans.__('Disk');
    case 'network_receive':
      return trans.__('Network, received');
    case 'network_transmit':
      return trans.__('Network, sent');
    default:
      return what.replace(/_/g, ' ');
  }
}

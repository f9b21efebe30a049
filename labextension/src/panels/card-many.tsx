// What cards over many runs share: the columns they wait for, and how many runs they show.
import type { ReactNode } from 'react';
import type { RunColumns } from '../api/client';
import type { RunsModel } from '../model/runs';
import { useLanguage } from '../ui/context';
import { useResource } from '../ui/hooks';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';

/** The columns once they are there, and what stands in the place of the chart until then. */
export function useColumnsOf(
  model: RunsModel,
  columns: readonly string[],
): { runs: RunColumns | null; instead: ReactNode; note: string | undefined } {
  const { trans, locale } = useLanguage();
  const { table } = model.charts;
  const { value, error } = useResource(table);
  const wanted = columns.filter(Boolean);
  if (wanted.length < 2) {
    return {
      runs: null,
      instead: <Empty text={trans.__('Choose what to show in the options of the chart.')} />,
      note: undefined,
    };
  }
  if (error) {
    return {
      runs: null,
      instead: <ErrorStrip error={error} onRetry={() => void table.refresh()} />,
      note: undefined,
    };
  }
  if (!value || wanted.some(column => !(column in value.columns))) {
    return { runs: null, instead: <Skeleton rows={5} />, note: undefined };
  }
  const n = value.run_ids.length;
  return {
    runs: value,
    instead: null,
    note:
      value.n_runs > n
        ? trans.__(
            'The newest %1 of %2 runs',
            n.toLocaleString(locale),
            value.n_runs.toLocaleString(locale),
          )
        : trans._n('%1 run', '%1 runs', n),
  };
}

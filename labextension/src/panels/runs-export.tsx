// Export of runs: a button with the formats there are.
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { Menu } from '@lumino/widgets';
import type { Run } from '../api/client';
import type { RunsModel } from '../model/runs';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { usePage } from './page';

export const FORMATS = ['csv', 'parquet', 'notebook'] as const;

/** Exports `runs`, or without them all that fit the filter. */
export function ExportButton(props: { model: RunsModel; runs?: readonly Run[] }): JSX.Element {
  const { model, runs } = props;
  const { commands } = usePage();
  const { trans } = useLanguage();
  return (
    <Button
      aria-haspopup="menu"
      title={
        runs
          ? trans.__('Export the selected runs')
          : trans.__('Export all runs that fit the filter')
      }
      onClick={event => {
        const menu = new Menu({ commands });
        const what: ReadonlyJSONObject = runs
          ? { run_ids: runs.map(run => run.run_id) }
          : { filter: model.wholeFilter, view: model.query.archived ? 'archived' : 'active' };
        for (const format of FORMATS) {
          menu.addItem({ command: CommandIDs.exportRuns, args: { format, ...what } });
        }
        const box = event.currentTarget.getBoundingClientRect();
        menu.open(box.left, box.bottom);
      }}
    >
      {trans.__('Export')}
    </Button>
  );
}

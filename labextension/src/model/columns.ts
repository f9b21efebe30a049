// Which columns the runs page shows, as the person chose.
import type { Run } from '../api/client';
import { allKeys, differing } from './metrics';

export type ColumnKind = 'builtin' | 'metrics' | 'params' | 'tags';

/** Columns that every run has, in their order. */
export const BUILTIN = [
  'status',
  'name',
  'experiment',
  'created',
  'duration',
  'user',
  'type',
  'run_id',
] as const;
export type Builtin = (typeof BUILTIN)[number];

/** Of those, the ones that are shown unless somebody says otherwise. */
const AT_FIRST = new Set<string>(['status', 'name', 'experiment', 'created', 'duration', 'user']);

/** Tags that MLflow and the workspace keep for themselves begin with these. */
const OWN_TAGS = /^(mlflow|mlws)\./;

export interface IColumnChoice {
  /** `metrics.auc`, `params.lr`, `tags.team`, or a name of `BUILTIN`. */
  id: string;
  kind: ColumnKind;
  /** As it is called, without the kind. */
  key: string;
  isShown: boolean;
}

/** Whether a column would say the same in each row, and such are not wanted. */
function isSame(runs: readonly Run[], key: string, onlyDiffering: boolean): boolean {
  const say: Record<string, (run: Run) => string> = {
    experiment: run => run.experiment_name,
    user: run => run.user,
  };
  const says = say[key];
  return onlyDiffering && runs.length > 1 && says !== undefined && new Set(runs.map(says)).size < 2;
}

/** `true` and `false` by id of a column, for those that were chosen by hand. */
export type ChosenColumns = Readonly<Record<string, boolean>>;

/** All columns that `runs` could have, each with whether it is shown. */
export function columnChoices(
  runs: readonly Run[],
  chosen: ChosenColumns,
  onlyDiffering: boolean,
): IColumnChoice[] {
  const all = allKeys(runs);
  const wanted = onlyDiffering && runs.length > 1 ? differing(runs) : all;
  const tags = new Set(runs.flatMap(run => Object.keys(run.tags ?? {})));
  const choice =
    (kind: ColumnKind, isWanted: (key: string) => boolean) =>
    (key: string): IColumnChoice => {
      const id = kind === 'builtin' ? key : `${kind}.${key}`;
      return { id, kind, key, isShown: chosen[id] ?? isWanted(key) };
    };
  const metrics = new Set(wanted.metrics);
  const params = new Set(wanted.params);
  return [
    ...BUILTIN.map(
      choice('builtin', key => AT_FIRST.has(key) && !isSame(runs, key, onlyDiffering)),
    ),
    ...all.metrics.map(choice('metrics', key => metrics.has(key))),
    ...all.params.map(choice('params', key => params.has(key))),
    ...[...tags]
      .filter(key => !OWN_TAGS.test(key))
      .sort()
      .map(choice('tags', () => false)),
  ];
}

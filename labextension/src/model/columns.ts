// Which columns the runs page shows, as the person chose.
import type { KeyKind, KeyTable } from './keytable';

export type ColumnKind = KeyKind;

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

/** `true` and `false` by id of a column, for those that were chosen by hand. */
export type ChosenColumns = Readonly<Record<string, boolean>>;

/** All columns that runs could have, each with whether it is shown. */
export function columnChoices(
  keys: KeyTable,
  chosen: ChosenColumns,
  onlyDiffering: boolean,
): IColumnChoice[] {
  const isSifting = onlyDiffering && keys.nRuns > 1;
  const isTelling = (kind: ColumnKind, key: string): boolean =>
    !isSifting || keys.differs(kind, key);
  const choice =
    (kind: ColumnKind, isWanted: (key: string) => boolean) =>
    (key: string): IColumnChoice => {
      const id = kind === 'builtin' ? key : `${kind}.${key}`;
      return { id, kind, key, isShown: chosen[id] ?? isWanted(key) };
    };
  // Of what every run has, these say little where all say the same.
  const known = new Set(keys.names('builtin'));
  return [
    ...BUILTIN.map(
      choice('builtin', key => AT_FIRST.has(key) && (!known.has(key) || isTelling('builtin', key))),
    ),
    ...keys.names('metrics').map(choice('metrics', key => isTelling('metrics', key))),
    ...keys.names('params').map(choice('params', key => isTelling('params', key))),
    ...keys
      .names('tags')
      .filter(key => !OWN_TAGS.test(key))
      .map(choice('tags', () => false)),
  ];
}

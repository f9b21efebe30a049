// Files of a comparison: sizes and hashes; images, tables and texts side by side.
import { useState } from 'react';
import type { ArtifactRow } from '../api/client';
import type { CompareModel, IPlace } from '../model/compare';
import { useLanguage } from '../ui/context';
import { Choice } from '../ui/controls';
import { bytes } from '../ui/format';
import { useResource } from '../ui/hooks';
import { ImagePair } from '../ui/images';
import { ErrorStrip, Skeleton } from '../ui/states';
import { Notebook, TextDiff } from './compare-code';
import { Fold } from './compare-fold';
import { Grid, Loaded, Missing, useNames } from './compare-grid';
import { Absent } from './compare-values';
import { usePage } from './page';

export function Artifacts(props: { model: CompareModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  return (
    <Loaded resource={model.artifacts}>
      {({ ids, value }) => (
        <>
          <Grid
            model={model}
            label={trans.__('Artifacts')}
            ids={ids}
            empty={trans.__('None of the runs left files.')}
            rows={value.artifacts.map(row => ({
              key: row.path,
              differs: row.differs,
              changed: row.blobs.map(blob => blob !== row.blobs[0]),
              cells: row.blobs.map((blob, at) => (
                <Kept key={ids[at]} blob={blob} size={row.sizes[at]} />
              )),
              more: isViewed(row) ? <Viewed model={model} ids={ids} row={row} /> : undefined,
            }))}
          />
          {value.n_artifacts > value.artifacts.length && (
            <p className="jp-MlwsNote">
              {trans.__(
                '%1 of %2 files are shown, those that differ first.',
                value.artifacts.length,
                value.n_artifacts,
              )}
            </p>
          )}
          <Missing model={model} missing={value.missing} />
        </>
      )}
    </Loaded>
  );
}

function Kept(props: {
  blob: string | null | undefined;
  size: number | null | undefined;
}): JSX.Element {
  const { blob, size } = props;
  const { locale } = useLanguage();
  if (!blob) {
    return <Absent />;
  }
  return (
    <>
      {bytes(size ?? 0, locale)} <code className="jp-MlwsNote">{blob.slice(0, 8)}</code>
    </>
  );
}

/** Whether two different versions can be looked at. */
function isViewed(row: ArtifactRow): boolean {
  return row.differs && row.kind !== 'other' && row.blobs.filter(Boolean).length > 1;
}

function Viewed(props: {
  model: CompareModel;
  ids: readonly string[];
  row: ArtifactRow;
}): JSX.Element {
  const { model, ids, row } = props;
  const { trans } = useLanguage();
  const nameOf = useNames(model);
  const having = ids.filter((_, at) => row.blobs[at]);
  const [chosen, setChosen] = useState(having[1] ?? '');
  const base = having[0] ?? '';
  const other = having.includes(chosen) ? chosen : (having[1] ?? '');
  return (
    <Fold title={trans.__('Side by side')}>
      {having.length > 2 && (
        <Choice
          label={trans.__('%1 and', nameOf(base))}
          value={other}
          options={having.slice(1).map(id => [id, nameOf(id)] as const)}
          onChange={setChosen}
        />
      )}
      <Look
        model={model}
        kind={row.kind}
        place={{ base, other, path: row.path, of: 'artifacts' }}
      />
    </Fold>
  );
}

function Look(props: {
  model: CompareModel;
  kind: ArtifactRow['kind'];
  place: IPlace;
}): JSX.Element {
  const { model, kind, place } = props;
  const { client } = usePage().workspace;
  const nameOf = useNames(model);
  const image = (run_id: string) => ({
    name: nameOf(run_id),
    url: client.url('runs.read_artifact', { run_id, path: place.path ?? '' }),
  });
  switch (kind) {
    case 'image':
      return <ImagePair base={image(place.base)} other={image(place.other)} />;
    case 'table':
      return <Cells model={model} place={place} />;
    case 'notebook':
      return <Notebook model={model} place={place} />;
    default:
      return <TextDiff model={model} place={place} />;
  }
}

/** The rows of a table that differ; changed cells show both values. */
function Cells(props: { model: CompareModel; place: IPlace }): JSX.Element {
  const { trans } = useLanguage();
  const resource = props.model.tableDiff(props.place);
  const { value, error } = useResource(resource);
  if (error) {
    return <ErrorStrip error={error} onRetry={() => void resource.refresh()} />;
  }
  if (!value) {
    return <Skeleton rows={4} />;
  }
  return (
    <div className="jp-MlwsCompare-scroll">
      <p className="jp-MlwsNote">
        {trans._n('%1 row differs.', '%1 rows differ.', value.n_different)}{' '}
        {value.n_different > value.rows.length &&
          trans.__('The first %1 are shown.', value.rows.length)}{' '}
        {trans.__('The tables have %1 and %2 rows.', value.n_rows[0] ?? 0, value.n_rows[1] ?? 0)}
      </p>
      <table className="jp-MlwsCompare-table jp-mod-cells" aria-label={props.place.path}>
        <thead>
          <tr>
            <th scope="col">{trans.__('Row')}</th>
            {value.columns.map(name => (
              <th
                key={name}
                scope="col"
                className={
                  value.added_columns.includes(name)
                    ? 'jp-mod-added'
                    : value.removed_columns.includes(name)
                      ? 'jp-mod-removed'
                      : undefined
                }
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {value.rows.map(row => (
            <tr
              key={row.index}
              className={!row.base ? 'jp-mod-added' : !row.other ? 'jp-mod-removed' : undefined}
            >
              <th scope="row">{row.index + 1}</th>
              {value.columns.map((name, at) => (
                <td key={name} className={row.changed?.includes(at) ? 'jp-mod-changed' : undefined}>
                  {row.changed?.includes(at) && row.base && row.other ? (
                    <>
                      <del>{String(row.base[at] ?? '')}</del>{' '}
                      <ins>{String(row.other[at] ?? '')}</ins>
                    </>
                  ) : (
                    String((row.other ?? row.base)?.[at] ?? '')
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

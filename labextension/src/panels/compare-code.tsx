// Code of a comparison: command, git, files with counts, and the diff of one pair of runs.
import '../../style/pages.css';
import { type ReactNode, useState } from 'react';
import type {
  CellDiff,
  CodeComparison,
  CodeFile,
  GitState,
  NotebookDiff,
  OutputDiff,
} from '../api/client';
import type { CompareModel, IPlace } from '../model/compare';
import { useLanguage } from '../ui/context';
import { Choice } from '../ui/controls';
import { around, Diff } from '../ui/diff';
import { useResource, useSignal } from '../ui/hooks';
import { ErrorStrip, Skeleton } from '../ui/states';
import { Fold } from './compare-fold';
import { Grid, type IRow, Loaded, Missing, useNames } from './compare-grid';
import { Absent, rowOf } from './compare-values';
import { bundleOf, Rendered } from './rendered';

export function Code(props: { model: CompareModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  return (
    <Loaded resource={model.code}>
      {({ ids, value }) => (
        <>
          <Grid
            model={model}
            label={trans.__('Code')}
            ids={ids}
            empty={trans.__('None of the runs has code.')}
            rows={[
              { ...rowOf(value.command), key: trans.__('Command') },
              gitRow(value.git, trans.__('Git commit')),
              ...value.files.map(file => fileRow(file)),
            ]}
          />
          <Missing model={model} missing={value.missing} />
          <Pair key={ids.join()} model={model} ids={ids} code={value} />
        </>
      )}
    </Loaded>
  );
}

function gitRow(states: readonly (GitState | null)[], key: string): IRow {
  const shown = states.map(state =>
    state ? `${state.commit.slice(0, 8)}${state.dirty ? '+' : ''}` : null,
  );
  return {
    key,
    differs: new Set(shown).size > 1,
    changed: shown.map(text => text !== shown[0]),
    cells: states.map((state, at) =>
      state ? (
        <span key={state.commit} title={state.commit}>
          <code>{shown[at]}</code> {state.branch}
        </span>
      ) : (
        <Absent key="none" />
      ),
    ),
  };
}

function fileRow(file: CodeFile): IRow {
  return {
    key: file.path,
    differs: file.differs,
    changed: file.blobs.map(blob => blob !== file.blobs[0]),
    cells: file.blobs.map((blob, at) => <Counted key={blob} file={file} at={at} />),
  };
}

function Counted(props: { file: CodeFile; at: number }): JSX.Element {
  const { file, at } = props;
  const { trans } = useLanguage();
  const blob = file.blobs[at];
  const count = file.counts[at];
  if (!blob) {
    return <Absent />;
  }
  if (blob === file.blobs[0]) {
    return <code className="jp-MlwsNote">{blob.slice(0, 8)}</code>;
  }
  if (!count) {
    return <>{trans.__('changed')}</>;
  }
  return (
    <>
      <span className="jp-MlwsAdded">+{count.added ?? 0}</span>{' '}
      <span className="jp-MlwsRemoved">−{count.removed ?? 0}</span>
    </>
  );
}

/** The diffs of two of the runs; with more than two one chooses which. */
function Pair(props: {
  model: CompareModel;
  ids: readonly string[];
  code: CodeComparison;
}): JSX.Element | null {
  const { model, ids, code } = props;
  const { trans } = useLanguage();
  const nameOf = useNames(model);
  useSignal(model.onlyDifferences.changed);
  const [base, setBase] = useState(ids[0] ?? '');
  const [other, setOther] = useState(ids[1] ?? '');
  const [i, j] = [ids.indexOf(base), ids.indexOf(other)];
  const options = ids.map(id => [id, nameOf(id)] as const);
  const changed = code.files.filter(
    file => file.kind !== 'binary' && file.blobs[i] !== file.blobs[j],
  );
  const hasNotebooks = Boolean(code.notebooks[i] && code.notebooks[j]);
  if (ids.length === 2 && changed.length === 0 && !hasNotebooks) {
    return null;
  }
  return (
    <>
      {ids.length > 2 && (
        <div className="jp-MlwsCompare-pair">
          <Choice label={trans.__('Diff of')} value={base} options={options} onChange={setBase} />
          <Choice label={trans.__('and')} value={other} options={options} onChange={setOther} />
        </div>
      )}
      {base === other && (
        <p className="jp-MlwsNote">{trans.__('Choose two different runs to see their code.')}</p>
      )}
      {base !== other && hasNotebooks && (
        <Fold title={trans.__('Executed notebook')} isOpen>
          <Notebook model={model} place={{ base, other, of: 'artifacts' }} />
        </Fold>
      )}
      {base !== other &&
        changed.map((file, at) => (
          <Fold
            key={`${base} ${other} ${file.path}`}
            title={file.path}
            isOpen={at === 0 && !hasNotebooks}
          >
            {file.kind === 'notebook' ? (
              <Notebook model={model} place={{ base, other, path: file.path, of: 'code' }} />
            ) : (
              <TextDiff model={model} place={{ base, other, path: file.path, of: 'code' }} />
            )}
          </Fold>
        ))}
    </>
  );
}

export function TextDiff(props: { model: CompareModel; place: IPlace }): JSX.Element {
  const { model, place } = props;
  const { trans } = useLanguage();
  const resource = model.fileDiff(place);
  const { value, error } = useResource(resource);
  if (error) {
    return <ErrorStrip error={error} onRetry={() => void resource.refresh()} />;
  }
  if (!value) {
    return <Skeleton rows={4} />;
  }
  return (
    <>
      <Missing model={model} missing={value.missing} />
      {value.hunks.length > 0 && (
        <Diff
          label={trans.__('Changes of %1', value.path)}
          hunks={value.hunks.map(hunk => hunk.lines)}
          isStop
        />
      )}
    </>
  );
}

export function Notebook(props: { model: CompareModel; place: IPlace }): JSX.Element {
  const { model, place } = props;
  const resource = model.notebookDiff(place);
  const { value, error } = useResource(resource);
  useSignal(model.onlyDifferences.changed);
  if (error) {
    return <ErrorStrip error={error} onRetry={() => void resource.refresh()} />;
  }
  if (!value) {
    return <Skeleton rows={4} />;
  }
  return (
    <>
      <Missing model={model} missing={value.missing} />
      <Cells diff={value} isWhole={!model.onlyDifferences.value} />
    </>
  );
}

function Cells(props: { diff: NotebookDiff; isWhole: boolean }): JSX.Element {
  const { diff, isWhole } = props;
  const { trans } = useLanguage();
  const parts: ReactNode[] = [];
  let nSame = 0;
  const flush = (key: string): void => {
    if (nSame > 0) {
      parts.push(
        <p key={`same before ${key}`} className="jp-MlwsCells-same">
          {trans._n('%1 equal cell', '%1 equal cells', nSame)}
        </p>,
      );
    }
    nSame = 0;
  };
  for (const cell of diff.cells) {
    const key = `${cell.base ?? ''}-${cell.other ?? ''}`;
    if (cell.state === 'same' && !isWhole) {
      nSame += 1;
    } else {
      flush(key);
      parts.push(<Cell key={key} cell={cell} isWhole={isWhole} />);
    }
  }
  flush('end');
  return <div className="jp-MlwsCells">{parts}</div>;
}

function Cell(props: { cell: CellDiff; isWhole: boolean }): JSX.Element {
  const { cell, isWhole } = props;
  const { trans } = useLanguage();
  const words = {
    same: '',
    added: trans.__('added'),
    removed: trans.__('removed'),
    changed: trans.__('changed'),
  };
  const isStop = cell.state !== 'same';
  const place =
    cell.base != null && cell.other != null && cell.base !== cell.other
      ? trans.__('Cell %1 → %2', cell.base, cell.other)
      : trans.__('Cell %1', cell.other ?? cell.base ?? '');
  const outputs = (cell.outputs ?? []).filter(output => isWhole || output.state !== 'same');
  const isSourceShown = isWhole || cell.source_differs || cell.state !== 'changed';
  const hunks = isWhole || cell.source.length < 20 ? [cell.source] : around(cell.source);
  return (
    <section
      className={`jp-MlwsCell jp-mod-${cell.state}`}
      aria-label={`${place} ${words[cell.state]}`}
      {...(isStop && { 'data-difference': true, tabIndex: -1 })}
    >
      <h4>
        {place} {words[cell.state] && <span className="jp-MlwsTag">{words[cell.state]}</span>}
      </h4>
      {isSourceShown && <Diff label={trans.__('Source of %1', place)} hunks={hunks} />}
      {!isSourceShown && outputs.length > 0 && (
        <p className="jp-MlwsNote">{trans.__('The source is equal; its output is not.')}</p>
      )}
      {outputs.map((output, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: outputs have no name but their place.
        <Output key={at} output={output} />
      ))}
    </section>
  );
}

function Output(props: { output: OutputDiff }): JSX.Element {
  const { trans } = useLanguage();
  const { base, other } = props.output;
  return (
    <div className="jp-MlwsOutputs">
      {[base, other].map((output, at) => (
        <div
          key={at === 0 ? 'base' : 'other'}
          className={`jp-MlwsOutputs-side ${output ? '' : 'jp-mod-none'}`}
        >
          {output ? (
            <Rendered bundle={bundleOf(output as Record<string, unknown>)} />
          ) : (
            <span className="jp-MlwsNote">{trans.__('No output')}</span>
          )}
        </div>
      ))}
    </div>
  );
}

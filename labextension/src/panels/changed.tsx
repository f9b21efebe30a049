// What changed since the run of the same source before this one; it leads to the comparison.
import '../../style/pages.css';
import { useEffect } from 'react';
import type { Verdict } from '../api/client';
import type { RunModel } from '../model/run';
import { isFinal } from '../model/states';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { useResource } from '../ui/hooks';
import { execute, usePage } from './page';

export function ChangedSince(props: { model: RunModel }): JSX.Element | null {
  const { model } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const { value } = useResource(model.changes);
  const hasEnded = model.run !== null && isFinal(model.run.status);
  // biome-ignore lint/correctness/useExhaustiveDependencies: metrics and params are complete at the end.
  useEffect(() => {
    void model.changes.refresh();
  }, [model, hasEnded]);
  const before = value?.previous;
  const facts = value?.verdict;
  if (!before || !facts) {
    return null;
  }
  const parts = countsOf(facts);
  const told = [
    parts.params && trans._n('%1 parameter', '%1 parameters', parts.params),
    parts.cells && trans._n('%1 cell', '%1 cells', parts.cells),
    parts.files && trans._n('%1 file', '%1 files', parts.files),
    parts.data && trans._n('%1 input', '%1 inputs', parts.data),
    facts.environment && trans.__('packages'),
  ].filter(Boolean);
  return (
    <button
      type="button"
      className="jp-MlwsChanged"
      title={[...(facts.params ?? []), ...(facts.data ?? []), ...(facts.files ?? [])].join('\n')}
      onClick={() => execute(page, CommandIDs.openCompare, { runs: [before.run_id, model.runId] })}
    >
      {told.length > 0
        ? trans.__('Changed since %1: %2', before.name, told.join(', '))
        : trans.__('Nothing changed since %1', before.name)}
    </button>
  );
}

/** How many things of each kind differ; cells stand for the notebook that they are in. */
export function countsOf(facts: Verdict): Record<'params' | 'cells' | 'files' | 'data', number> {
  const cells = facts.cells?.length ?? 0;
  const files = (facts.files ?? []).filter(path => !cells || !path.endsWith('.ipynb'));
  return {
    params: facts.params?.length ?? 0,
    cells,
    files: files.length,
    data: facts.data?.length ?? 0,
  };
}

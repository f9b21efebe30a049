import { expect, test } from 'vitest';
import type { Run } from '../../src/api/client';
import { columnChoices } from '../../src/model/columns';
import { KeyTable } from '../../src/model/keytable';

const LIST = [
  { metrics: { auc: 1, same: 3 }, params: { lr: '1' }, tags: { team: 'a', 'mlflow.user': 'x' } },
  { metrics: { auc: 2, same: 3 }, params: { lr: '1' }, tags: {} },
] as unknown as Run[];
const RUNS = KeyTable.of(LIST);

const shown = (...args: Parameters<typeof columnChoices>): string[] =>
  columnChoices(...args)
    .filter(choice => choice.isShown && choice.kind !== 'builtin')
    .map(choice => choice.id);

test('columns that differ are shown, all when asked, tags never by themselves', () => {
  expect(shown(RUNS, {}, true)).toEqual(['metrics.auc']);
  expect(shown(RUNS, {}, false)).toEqual(['metrics.auc', 'metrics.same', 'params.lr']);
});

test('an experiment that all runs share is no column', () => {
  const inOne = LIST.map(run => ({ ...run, experiment_name: 'iris' }));
  const inTwo = LIST.map((run, at) => ({ ...run, experiment_name: `iris ${at}` }));
  const hasIt = (runs: Run[], onlyDiffering = true): boolean | undefined =>
    columnChoices(KeyTable.of(runs), {}, onlyDiffering).find(choice => choice.id === 'experiment')
      ?.isShown;

  expect([hasIt(inOne), hasIt(inTwo), hasIt(inOne, false)]).toEqual([false, true, true]);
});

test('what was chosen by hand wins', () => {
  const chosen = { 'metrics.auc': false, 'tags.team': true, user: false };

  expect(shown(RUNS, chosen, true)).toEqual(['tags.team']);
  expect(columnChoices(RUNS, chosen, true).find(choice => choice.id === 'user')?.isShown).toBe(
    false,
  );
});

test('tags that MLflow keeps for itself are not offered', () => {
  const ids = columnChoices(RUNS, {}, true).map(choice => choice.id);

  expect(ids).toContain('tags.team');
  expect(ids).not.toContain('tags.mlflow.user');
});

// A run made again: what is told beforehand, and what came of it, bit for bit.
import '../../style/reproduction.css';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useMemo, useState } from 'react';
import type { Reproduction, ReproductionPlan, Schemas, Status } from '../api/client';
import { Resource } from '../model/resource';
import { isFinal } from '../model/states';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { useResource } from '../ui/hooks';
import { ErrorStrip } from '../ui/states';
import { execute, usePage } from './page';

type Verdict = Schemas['MetricVerdict']['verdict'];

/** What would be the same, and what cannot be; what cannot stands first. */
export function Plan(props: { plan: ReproductionPlan; trans: TranslationBundle }): JSX.Element {
  const { plan, trans } = props;
  const items = [...plan.items].sort((a, b) => Number(a.same) - Number(b.same));
  const n = items.filter(item => !item.same).length;
  return (
    <div className="jp-MlwsReproduce">
      {!plan.possible && (
        <p role="alert" className="jp-MlwsReproduce-no">
          {trans.__('It cannot run any more: %1', plan.reason ?? '')}
        </p>
      )}
      <p>
        {n === 0
          ? trans.__('All that is known of it will be the same.')
          : trans._n('%1 thing cannot be held fast.', '%1 things cannot be held fast.', n)}
      </p>
      <table>
        <tbody>
          {items.map(item => (
            <tr key={item.what} className={item.same ? '' : 'jp-mod-other'} data-what={item.what}>
              <td>{item.same ? trans.__('✓ same') : trans.__('≠ may differ')}</td>
              <th scope="row">{likenessWord(item.what, trans)}</th>
              <td>{item.detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="jp-MlwsNote">
        {trans.__(
          'A new run is made; when it has ended, its metrics and files are compared with these, bit for bit. Nothing is registered.',
        )}
      </p>
    </div>
  );
}

function likenessWord(what: string, trans: TranslationBundle): string {
  const [first, ...rest] = what.split(' ');
  if (first === 'input' && rest.length > 0) {
    return trans.__('Input %1', rest.join(' '));
  }
  switch (what) {
    case 'code':
      return trans.__('Code');
    case 'environment':
      return trans.__('Environment');
    case 'parameters':
      return trans.__('Parameters');
    case 'seed':
      return trans.__('Seed');
    case 'machine':
      return trans.__('Machine');
    case 'outputs':
      return trans.__('Outputs');
    default:
      return what;
  }
}

/** How a reproduction compares with its original; read anew when the run's state changes. */
export function Report(props: { runId: string; status: Status }): JSX.Element | null {
  const { runId, status } = props;
  const { client } = usePage().workspace;
  const report = useMemo(
    () =>
      new Resource<Reproduction>(signal =>
        client.call('jobs.get_reproduction', { name: runId }, { signal }),
      ),
    [client, runId],
  );
  useEffect(() => () => report.dispose(), [report]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the report changes with the state.
  useEffect(() => void report.refresh(), [report, isFinal(status)]);
  const { value, error } = useResource(report);
  if (error) {
    return <ErrorStrip error={error} onRetry={() => void report.refresh()} />;
  }
  return value && <Outcome report={value} />;
}

function Outcome(props: { report: Reproduction }): JSX.Element {
  const { report } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const [isOpen, setOpen] = useState<boolean | null>(null);
  const rows = [
    ...(report.metrics ?? []).map(item => ({
      name: item.key,
      verdict: item.verdict,
      before: shown(item.before),
      after: shown(item.after),
    })),
    ...(report.artifacts ?? []).map(item => ({
      name: item.path,
      verdict: item.verdict,
      before: item.before?.slice(0, 12) ?? '',
      after: item.after?.slice(0, 12) ?? '',
    })),
  ].sort((a, b) => Number(isSame(a.verdict)) - Number(isSame(b.verdict)));
  const n = rows.filter(row => !isSame(row.verdict)).length;
  const open = isOpen ?? n > 0;
  return (
    <section
      className={`jp-MlwsReproduction${report.identical ? ' jp-mod-same' : ''}`}
      aria-label={trans.__('Reproduction')}
      data-identical={String(report.identical ?? '')}
    >
      <div className="jp-MlwsReproduction-head">
        <strong>
          {!report.ended
            ? trans.__('This run repeats another; they are compared when it has ended.')
            : report.status !== 'Completed'
              ? trans.__('Not reproduced: this run did not complete.')
              : report.identical
                ? trans.__(
                    'Reproduced bit for bit: all %1 metrics and files are the same.',
                    rows.length,
                  )
                : trans.__('Not reproduced: %1 of %2 metrics and files differ.', n, rows.length)}
        </strong>
        <Button
          minimal
          onClick={() => execute(page, CommandIDs.openRun, { run_id: report.original })}
        >
          {trans.__('Open the original')}
        </Button>
        <Button
          minimal
          onClick={() =>
            execute(page, CommandIDs.openCompare, { runs: [report.original, report.name] })
          }
        >
          {trans.__('Compare')}
        </Button>
        {rows.length > 0 && (
          <Button minimal aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? trans.__('Hide the report') : trans.__('Show the report')}
          </Button>
        )}
      </div>
      {open && rows.length > 0 && (
        <table aria-label={trans.__('Metrics and files of both runs')}>
          <thead>
            <tr>
              <th scope="col">{trans.__('What')}</th>
              <th scope="col">{trans.__('Verdict')}</th>
              <th scope="col">{trans.__('Before')}</th>
              <th scope="col">{trans.__('Now')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(row => (
              <tr key={row.name} className={isSame(row.verdict) ? '' : 'jp-mod-other'}>
                <th scope="row">{row.name}</th>
                <td>{verdictWord(row.verdict, trans)}</td>
                <td>
                  <code>{row.before}</code>
                </td>
                <td>
                  <code>{row.after}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function shown(value: number | null | undefined): string {
  return value == null ? '' : String(value);
}

function isSame(verdict: Verdict): boolean {
  return verdict === 'equal' || verdict === 'same_content';
}

function verdictWord(verdict: Verdict, trans: TranslationBundle): string {
  switch (verdict) {
    case 'equal':
      return trans.__('equal');
    case 'same_content':
      return trans.__('same content');
    case 'differs':
      return trans.__('differs');
    case 'missing':
      return trans.__('missing now');
    case 'extra':
      return trans.__('new');
  }
}

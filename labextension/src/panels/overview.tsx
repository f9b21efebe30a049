// The first tab of the run page: what went in, what came out, where and by whom.
import '../../style/pages.css';
import type { ReactNode } from 'react';
import type { Job, Run } from '../api/client';
import { isSystem } from '../model/metrics';
import type { RunModel } from '../model/run';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { exactTime, metric } from '../ui/format';
import { useResource } from '../ui/hooks';
import { StatusChip } from '../ui/status';
import { inputText } from './activity';
import { Delta } from './delta';

/** Tags that hold the outputs of a notebook which are plain values. */
const OUTPUT = 'mlws.output.';

export function Overview(props: { model: RunModel; openTab: (tab: string) => void }): JSX.Element {
  const { model } = props;
  const { trans, locale } = useLanguage();
  const { value } = useResource(model.subject);
  const { value: before } = useResource(model.changes);
  if (!value) {
    return <div />;
  }
  const { run, job } = value;
  const metrics = Object.entries(run.metrics ?? {}).filter(([name]) => !isSystem(name));
  const params = Object.entries(run.params ?? {});
  const inputs = entriesOf(job?.inputs).filter(([name]) => !(name in (run.params ?? {})));
  const outputs = entriesOf(job?.outputs);
  const allTags = Object.entries({ ...run.tags, ...job?.tags });
  const values = allTags.filter(([name]) => name.startsWith(OUTPUT));
  const tags = allTags.filter(([name]) => !/^(mlflow|mlws)\./.test(name));
  return (
    <div className="jp-MlwsOverview">
      <Box title={trans.__('Metrics')}>
        <Facts
          empty={trans.__('No metrics were logged.')}
          facts={metrics.sort().map(([name, number]) => [
            name,
            <span key={name} title={String(number)}>
              {metric(number, locale)}
              <Delta row={before?.metrics?.find(row => row.key === name)} at={1} />
            </span>,
          ])}
        />
      </Box>
      <Box title={trans.__('Parameters')}>
        <Facts
          empty={trans.__('No parameters were logged.')}
          facts={[
            ...inputs.map(([name, input]): [string, ReactNode] => [name, inputText(input)]),
            ...params.sort(),
          ]}
        />
      </Box>
      {typeof job?.command === 'string' && (
        <Box title={trans.__('Command')}>
          <pre className="jp-MlwsCommand">{job.command.trimEnd()}</pre>
        </Box>
      )}
      {outputs.length + values.length > 0 && (
        <Box title={trans.__('Outputs')}>
          <Facts
            facts={[
              ...values.map(([name, value]): [string, ReactNode] => [
                name.slice(OUTPUT.length),
                value,
              ]),
              ...outputs.map(([name, output]): [string, ReactNode] => [
                name,
                <span key={name}>
                  {typeOf(output)}{' '}
                  <Button minimal onClick={() => props.openTab('artifacts')}>
                    {trans.__('Show')}
                  </Button>
                </span>,
              ]),
            ]}
          />
        </Box>
      )}
      <Box title={trans.__('Execution')}>
        <Facts facts={executionFacts(run, job, locale, trans)} />
      </Box>
      {job?.git && (
        <Box title={trans.__('Code')}>
          <Facts
            facts={[
              [trans.__('Repository'), job.git.repository ?? ''],
              [trans.__('Branch'), job.git.branch ?? ''],
              [
                trans.__('Commit'),
                <code key="commit" title={job.git.commit}>
                  {job.git.commit.slice(0, 10)}
                </code>,
              ],
              [
                trans.__('Changes'),
                job.git.dirty
                  ? trans.__('with changes that were not committed')
                  : trans.__('as committed'),
              ],
            ]}
          />
        </Box>
      )}
      {tags.length > 0 && (
        <Box title={trans.__('Tags')}>
          <Facts facts={tags} />
        </Box>
      )}
    </div>
  );
}

function executionFacts(
  run: Run,
  job: Job | null,
  locale: string,
  trans: ReturnType<typeof useLanguage>['trans'],
): [string, ReactNode][] {
  const time = (moment: string | null | undefined): string =>
    moment ? exactTime(moment, locale) : '';
  const facts: [string, ReactNode][] = [
    [trans.__('State'), <StatusChip key="state" status={run.status} />],
    [trans.__('Experiment'), run.experiment_name],
    [trans.__('Type'), run.type],
    [trans.__('Notebook'), job ? text(job.notebook) : ''],
    [trans.__('Compute'), job?.compute ?? ''],
    [trans.__('Environment'), job ? text(job.environment) : ''],
    [trans.__('Attempt'), job && (job.attempt ?? 1) > 1 ? String(job.attempt) : ''],
    [trans.__('User'), run.user],
    [trans.__('Created'), time(run.created_at)],
    [trans.__('Started'), time(run.started_at)],
    [trans.__('Ended'), time(run.ended_at)],
    [trans.__('Id'), <code key="id">{run.run_id}</code>],
  ];
  return facts.filter(([, value]) => value !== '');
}

/** A titled box of facts. */
export function Box(props: { title: string; children: ReactNode }): JSX.Element {
  return (
    <section className="jp-MlwsBox" aria-label={props.title}>
      <h3>{props.title}</h3>
      {props.children}
    </section>
  );
}

function Facts(props: {
  facts: readonly (readonly [string, ReactNode])[];
  empty?: string;
}): JSX.Element {
  if (props.facts.length === 0) {
    return <p className="jp-MlwsNote">{props.empty}</p>;
  }
  return (
    <table className="jp-MlwsFacts">
      <tbody>
        {props.facts.map(([name, value]) => (
          <tr key={name}>
            <th scope="row" title={name}>
              {name}
            </th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function entriesOf(value: unknown): [string, unknown][] {
  return value !== null && typeof value === 'object' ? Object.entries(value) : [];
}

function typeOf(output: unknown): string {
  return text((output as { type?: unknown } | null)?.type);
}

function text(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}

// Parts of an environment: its state, what is in it, who has used it.
import '../../style/environments.css';
import '../../style/pages.css';
import type { Asset, Build, Job } from '../api/client';
import type { Resource } from '../model/resource';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { duration } from '../ui/format';
import { useResource } from '../ui/hooks';
import { List } from '../ui/list';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { StatusIcon } from '../ui/status';
import { Ago } from '../ui/time';
import { execute, usePage } from './page';

/** How far an environment is made, in a word with a mark. */
export function BuildChip(props: { build: Build }): JSX.Element {
  const { trans } = useLanguage();
  const { state } = props.build;
  const words: Record<Build['state'], string> = {
    none: trans.__('Not built'),
    building: trans.__('Building'),
    ready: trans.__('Ready'),
    failed: trans.__('Failed'),
    container: trans.__('Container'),
  };
  const marks = {
    none: 'NotStarted',
    building: 'Running',
    ready: 'Completed',
    failed: 'Failed',
    container: 'Completed',
  } as const;
  return (
    <span className="jp-MlwsStatus" data-state={state}>
      <StatusIcon status={marks[state]} />
      <span>{words[state]}</span>
    </span>
  );
}

/** What it is made of, and what became of it. */
export function Facts(props: { build: Build; versions: Resource<readonly Asset[]> }): JSX.Element {
  const { build } = props;
  const { trans } = useLanguage();
  const versions = useResource(props.versions).value ?? [];
  const asset = versions.find(item => item.version === build.version);
  const took =
    build.started_at && build.ended_at
      ? duration(Date.parse(build.ended_at) - Date.parse(build.started_at))
      : null;
  const facts: [string, string | null | undefined][] = [
    [trans.__('Description'), asset?.description],
    [trans.__('Made by'), asset?.creation_context.created_by],
    [trans.__('Python'), build.python],
    [trans.__('Packages'), build.n_packages ? String(build.n_packages) : null],
    [trans.__('Kernel'), build.kernel],
    [trans.__('Folder'), build.path],
    [trans.__('Identity'), build.identity],
    [trans.__('Build time'), took],
    [trans.__('Use in a job'), `environment: azureml:${build.name}:${build.version ?? '1'}`],
  ];
  return (
    <div className="jp-MlwsEnvironment-facts">
      {(build.warnings ?? []).map(warning => (
        <p key={warning} className="jp-MlwsNote">
          {warning}
        </p>
      ))}
      <table className="jp-MlwsFacts">
        <tbody>
          {facts
            .filter(([, value]) => value)
            .map(([label, value]) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td>{value}</td>
              </tr>
            ))}
        </tbody>
      </table>
      <h3>{trans.__('Asked for')}</h3>
      <ul className="jp-MlwsEnvironment-requirements">
        {(build.requirements ?? []).map(line => (
          <li key={line}>
            <code>{line}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The jobs that have run in it. */
export function UsedBy(props: { jobs: Resource<readonly Job[]> }): JSX.Element {
  const page = usePage();
  const { trans } = useLanguage();
  const { value, error } = useResource(props.jobs);
  if (!value) {
    return error ? (
      <ErrorStrip error={error} onRetry={() => void props.jobs.refresh()} />
    ) : (
      <Skeleton rows={4} />
    );
  }
  if (value.length === 0) {
    return <Empty text={trans.__('No job has run in it yet.')} />;
  }
  return (
    <List
      label={trans.__('Jobs')}
      items={value}
      itemKey={job => job.name}
      onOpen={job => execute(page, CommandIDs.openRun, { run_id: job.name })}
      render={job => (
        <span className="jp-MlwsRow" data-job={job.name}>
          <StatusIcon status={job.status} withTitle />
          <span className="jp-MlwsRow-name">{job.display_name}</span>
          <Ago time={job.creation_context.created_at} />
        </span>
      )}
    />
  );
}

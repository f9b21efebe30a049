// The parts of the run dialog around the parameters: where it runs, other ways to say it, first steps.
import '../../style/rundialog.css';
import { useEffect, useId, useState } from 'react';
import type { Compute, Schemas } from '../api/client';
import type { IWhere } from '../jobform/draft';
import type { ICodeCell, JobForm } from '../jobform/form';
import { cliLines, pythonLines } from '../jobform/lines';
import { Resource } from '../model/resource';
import type { IWorkspace } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, CopyButton, Tabs } from '../ui/controls';
import { useResource } from '../ui/hooks';
import { Field } from './rundialog-fields';

/** Lines of a cell that are shown where one is chosen. */
const N_LINES = 4;

type Environment = Schemas['EnvironmentChoice'];

/** The title of the parameters, and values for them from elsewhere: the last run, or JSON. */
export function Fillers(props: { form: JobForm; title: string; titleId: string }): JSX.Element {
  const { form } = props;
  const { trans } = useLanguage();
  const [isPasting, setPasting] = useState(false);
  return (
    <>
      <div className="jp-MlwsRun-fillers">
        <span id={props.titleId} className="jp-MlwsRun-summaryTitle">
          {props.title}
        </span>
        {!form.file.job && (
          <Button minimal onClick={() => void form.fillFromLast()}>
            {trans.__('From last run')}
          </Button>
        )}
        <Button minimal aria-expanded={isPasting} onClick={() => setPasting(!isPasting)}>
          {trans.__('Paste JSON')}
        </Button>
      </div>
      {isPasting && <PasteJson form={form} onDone={() => setPasting(false)} />}
    </>
  );
}

function PasteJson(props: { form: JobForm; onDone: () => void }): JSX.Element {
  const { trans } = useLanguage();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const use = (): void => {
    const found = props.form.paste(text);
    setProblem(found);
    if (!found) {
      props.onDone();
    }
  };
  return (
    <div className="jp-MlwsRun-paste">
      <textarea
        // The person asked for it with the button just above.
        ref={node => node?.focus()}
        className="jp-mod-styled jp-MlwsField-json"
        aria-label={trans.__('Values as a JSON object')}
        aria-invalid={Boolean(problem)}
        rows={3}
        spellCheck={false}
        placeholder='{"lr": 0.1}'
        value={text}
        onChange={event => setText(event.target.value)}
      />
      <div className="jp-MlwsField-problem" role="alert">
        {problem}
      </div>
      <Button onClick={use} disabled={!text.trim()}>
        {trans.__('Fill in')}
      </Button>
    </div>
  );
}

/** For a notebook without parameters: its first cells, to make one of them the parameters. */
export function CellChooser(props: { form: JobForm }): JSX.Element {
  const { form } = props;
  const { trans } = useLanguage();
  const [cells, setCells] = useState<readonly ICodeCell[] | null>(null);
  const show = (): void => {
    form.file
      .cells()
      .then(setCells)
      .catch(() => setCells([]));
  };
  return (
    <section className="jp-MlwsRun-chooser" aria-label={trans.__('Parameters')}>
      <p className="jp-MlwsRun-hint">
        {trans.__(
          'This notebook has no cell tagged parameters: it runs as it is. Tag the cell that assigns what you want to vary, and its values can be set here.',
        )}
      </p>
      {!cells && <Button onClick={show}>{trans.__('Choose a cell to be the parameters')}</Button>}
      {cells?.length === 0 && (
        <p className="jp-MlwsRun-hint">{trans.__('The notebook has no code cell.')}</p>
      )}
      {cells && cells.length > 0 && (
        <ol className="jp-MlwsRun-cells">
          {cells.map(cell => (
            <li key={cell.id}>
              <button type="button" onClick={() => void form.chooseParameters(cell.id)}>
                <code>{firstLines(cell.source)}</code>
              </button>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/** Name, compute, environment and limits, folded under a line that sums them up. */
export function Where(props: { form: JobForm; workspace: IWorkspace }): JSX.Element {
  const { form, workspace } = props;
  const { trans } = useLanguage();
  const { models } = workspace;
  const environments = useEnvironments(workspace);
  const computes = useResource(models.computes).value ?? [];
  useEffect(() => models.ensure(models.computes), [models]);
  const { draft, problems } = form;
  const { where } = draft;
  const computeOptions = computes.map((compute): [string, string] => [
    compute.name,
    computeLabel(compute, trans),
  ]);
  const environmentOptions = environments.map((environment): [string, string] => [
    environment.name,
    environment.display_name,
  ]);

  return (
    <details className="jp-MlwsRun-where" open={hasProblemHere(problems) || undefined}>
      <summary>
        <span className="jp-MlwsRun-summaryTitle">{trans.__('Where')}</span>
        <span className="jp-MlwsRun-summary">{summary(where, computes, environments, trans)}</span>
      </summary>
      <Field label={trans.__('Name')} problem={problems.display_name}>
        {ids => (
          <input
            {...ids}
            className="jp-mod-styled"
            type="text"
            value={draft.displayName}
            placeholder={trans.__('Made up when empty')}
            onChange={event => form.setText('displayName', event.target.value, 'display_name')}
          />
        )}
      </Field>
      <Experiment form={form} workspace={workspace} />
      <PlaceField form={form} part="compute" label={trans.__('Compute')} options={computeOptions} />
      <PlaceField
        form={form}
        part="environment"
        label={trans.__('Environment')}
        empty={trans.__("The notebook's own, or the default")}
        options={environmentOptions}
      />
      <TextField
        form={form}
        part="timeout"
        field="limits.timeout"
        label={trans.__('Time-out')}
        placeholder={trans.__('None; 30 min, 2 h, …')}
      />
      <TextField
        form={form}
        part="retries"
        field="retry_settings.max_retries"
        label={trans.__('Retries')}
        placeholder="0"
      />
      <TextField
        form={form}
        part="memory"
        field="limits.memory"
        label={trans.__('Memory')}
        placeholder={trans.__('No limit; 500m, 2g, …')}
      />
    </details>
  );
}

function Experiment(props: { form: JobForm; workspace: IWorkspace }): JSX.Element {
  const { form, workspace } = props;
  const { trans } = useLanguage();
  const list = useId();
  const names = useExperiments(workspace);
  return (
    <Field label={trans.__('Experiment')} problem={form.problems.experiment_name}>
      {ids => (
        <>
          <input
            {...ids}
            className="jp-mod-styled"
            type="text"
            list={list}
            value={form.draft.experimentName}
            placeholder={trans.__('Name of the folder')}
            onChange={event =>
              form.setText('experimentName', event.target.value, 'experiment_name')
            }
          />
          <datalist id={list}>
            {names.map(name => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

interface IPartProps {
  form: JobForm;
  part: keyof IWhere;
  label: string;
}

function PlaceField(
  props: IPartProps & { empty?: string; options: readonly [string, string][] },
): JSX.Element {
  const { form, part, options } = props;
  const value = form.draft.where[part];
  const all =
    options.some(([name]) => name === value) || !value
      ? options
      : [[value, value] as const, ...options];
  return (
    <Field label={props.label} problem={form.problems[part]}>
      {ids => (
        <select
          {...ids}
          className="jp-mod-styled"
          value={value || (props.empty === undefined ? options[0]?.[0] : '')}
          onChange={event => form.setWhere({ [part]: event.target.value }, part)}
        >
          {props.empty !== undefined && <option value="">{props.empty}</option>}
          {all.map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function TextField(props: IPartProps & { field: string; placeholder: string }): JSX.Element {
  const { form, part, field } = props;
  return (
    <Field label={props.label} problem={form.problems[field]}>
      {ids => (
        <input
          {...ids}
          className="jp-mod-styled"
          type="text"
          value={form.draft.where[part]}
          placeholder={props.placeholder}
          onChange={event => form.setWhere({ [part]: event.target.value }, field)}
        />
      )}
    </Field>
  );
}

/** The same job from a terminal and from Python. */
export function Lines(props: { form: JobForm }): JSX.Element {
  const { form } = props;
  const { trans } = useLanguage();
  const [tab, setTab] = useState('cli');
  const make = tab === 'cli' ? cliLines : pythonLines;
  const text = make(form.job, form.secrets);
  return (
    <details className="jp-MlwsRun-lines">
      <summary>
        <span className="jp-MlwsRun-summaryTitle">{trans.__('As a command or in Python')}</span>
      </summary>
      <div className="jp-MlwsRun-linesBar">
        <Tabs
          label={trans.__('Language')}
          tabs={[
            { id: 'cli', label: trans.__('Command line') },
            { id: 'python', label: 'Python' },
          ]}
          active={tab}
          onChange={setTab}
        />
        <CopyButton text={text} />
      </div>
      <pre>{text}</pre>
    </details>
  );
}

function useEnvironments(workspace: IWorkspace): readonly Environment[] {
  const [resource] = useState(
    () =>
      new Resource<readonly Environment[]>(signal =>
        workspace.client.call('environments.list_choices', {}, { signal }),
      ),
  );
  useEffect(() => void resource.refresh(), [resource]);
  return useResource(resource).value ?? [];
}

function useExperiments(workspace: IWorkspace): readonly string[] {
  const [resource] = useState(
    () =>
      new Resource<readonly string[]>(async signal => {
        const page = await workspace.client.call('experiments.list', {}, { signal });
        return page.items.map(experiment => experiment.name);
      }),
  );
  useEffect(() => void resource.refresh(), [resource]);
  return useResource(resource).value ?? [];
}

type Trans = ReturnType<typeof useLanguage>['trans'];

function computeLabel(compute: Compute, trans: Trans): string {
  const free = Math.max(0, compute.slots - compute.slots_used);
  return compute.queued.length > 0
    ? trans.__(
        '%1: %2 of %3 slots free, %4 waiting',
        compute.name,
        free,
        compute.slots,
        compute.queued.length,
      )
    : trans.__('%1: %2 of %3 slots free', compute.name, free, compute.slots);
}

/** What was chosen, in one line. */
function summary(
  where: IWhere,
  computes: readonly Compute[],
  environments: readonly Environment[],
  trans: Trans,
): string {
  const compute = computes.find(other => other.name === where.compute) ?? computes[0];
  const environment = environments.find(other => other.name === where.environment);
  return [
    compute && computeLabel(compute, trans),
    environment?.display_name ?? where.environment,
    where.timeout && trans.__('time-out %1', where.timeout),
    Number(where.retries) > 0 && trans._n('%1 retry', '%1 retries', Number(where.retries)),
    where.memory && trans.__('memory %1', where.memory),
  ]
    .filter(Boolean)
    .join(' · ');
}

function hasProblemHere(problems: Readonly<Record<string, string>>): boolean {
  return Object.keys(problems).some(field => field !== 'command' && !field.startsWith('inputs.'));
}

function firstLines(source: string): string {
  const lines = source.split('\n');
  return lines.length > N_LINES ? [...lines.slice(0, N_LINES), '…'].join('\n') : source;
}

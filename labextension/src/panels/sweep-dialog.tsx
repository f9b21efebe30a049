// *Sweep…*: which parameters of a notebook are drawn, from where, and how trials are judged.
import '../../style/rundialog.css';
import '../../style/sweep.css';
import { Dialog } from '@jupyterlab/apputils';
import type { Job } from '../api/client';
import type { ISpaceRow, ISweepFields, RowKind, SweepDraft } from '../model/sweepdraft';
import type { IWorkspace } from '../tokens';
import { type ILanguage, useLanguage } from '../ui/context';
import { Check } from '../ui/controls';
import { localeOf } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { ErrorStrip } from '../ui/states';
import { Panel } from '../ui/widget';
import { FormDialog } from './formdialog';
import { Field, SelectField } from './rundialog-fields';

/** Show the dialog until the sweep is submitted or given up; answers its job or null. */
export async function openSweepDialog(
  workspace: IWorkspace,
  draft: SweepDraft,
): Promise<Job | null> {
  const language = { trans: workspace.trans, locale: localeOf(workspace.translator.languageCode) };
  const dialog = new SweepDialog(draft, language);
  await dialog.launch();
  return dialog.made;
}

/** Stays open while something is wrong. */
class SweepDialog extends FormDialog {
  constructor(
    private readonly _draft: SweepDraft,
    language: ILanguage,
  ) {
    const { trans } = language;
    super({
      title: trans.__('Sweep %1', _draft.source.title),
      body: new Panel(language, () => <Body draft={_draft} />),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Start sweep') }),
      ],
      focusNodeSelector: '.jp-MlwsSweepDialog-metric',
    });
    this.addClass('jp-MlwsRunDialog');
  }

  /** What was submitted. */
  made: Job | null = null;

  protected readonly _last = 1;

  protected async submit(): Promise<boolean> {
    this.made = await this._draft.submit();
    return this.made !== null;
  }
}

function Body(props: { draft: SweepDraft }): JSX.Element {
  const { draft } = props;
  const { trans } = useLanguage();
  useSignal(draft.changed);
  const { fields, problems } = draft;
  const known = ['objective.primary_metric', 'limits.max_total_trials'];
  known.push('limits.max_concurrent_trials', ...draft.rows.map(row => `search_space.${row.name}`));
  const isPlaced = Object.keys(problems).some(field => known.some(name => field.startsWith(name)));
  return (
    <form className="jp-MlwsRun jp-MlwsSweepDialog" aria-busy={draft.isBusy}>
      {draft.failure && !isPlaced && <ErrorStrip error={draft.failure} />}
      <Field
        label={trans.__('Metric')}
        help={trans.__('What the trials log and are judged by.')}
        problem={problems['objective.primary_metric']}
        isRequired
      >
        {ids => (
          <input
            {...ids}
            className="jp-mod-styled jp-MlwsSweepDialog-metric"
            value={fields.metric}
            spellCheck={false}
            onChange={event => draft.describe({ metric: event.target.value })}
          />
        )}
      </Field>
      <SelectField
        label={trans.__('Goal')}
        value={fields.goal}
        options={[
          ['minimize', trans.__('Minimize')],
          ['maximize', trans.__('Maximize')],
        ]}
        onChange={goal => draft.describe({ goal })}
      />
      <h3>{trans.__('Search space')}</h3>
      {draft.rows.length === 0 && (
        <p className="jp-MlwsNote">
          {trans.__('This notebook has no parameters: tag a cell “parameters” first.')}
        </p>
      )}
      {draft.rows.map(row => (
        <Row key={row.name} row={row} draft={draft} />
      ))}
      {problems.search_space && (
        <p className="jp-MlwsField-problem" role="alert">
          {problems.search_space}
        </p>
      )}
      <h3>{trans.__('Search')}</h3>
      <SelectField<ISweepFields['sampling']>
        label={trans.__('Sampling')}
        value={fields.sampling}
        options={[
          ['bayesian', trans.__('Bayesian')],
          ['random', trans.__('Random')],
          ['sobol', trans.__('Sobol')],
          ['grid', trans.__('Grid')],
        ]}
        onChange={sampling => draft.describe({ sampling })}
      />
      <SelectField<ISweepFields['policy']>
        label={trans.__('Early termination')}
        value={fields.policy}
        options={[
          ['none', trans.__('None')],
          ['bandit', trans.__('Bandit')],
          ['median_stopping', trans.__('Median stopping')],
          ['truncation_selection', trans.__('Truncation')],
        ]}
        onChange={policy => draft.describe({ policy })}
      />
      {(['trials', 'concurrent'] as const).map(name => (
        <Field
          key={name}
          label={name === 'trials' ? trans.__('Trials') : trans.__('At the same time')}
          problem={
            problems[`limits.max_${name === 'trials' ? 'total' : 'concurrent'}_trials`] ??
            (name === 'concurrent' ? problems.limits : undefined)
          }
        >
          {ids => (
            <input
              {...ids}
              className="jp-mod-styled"
              inputMode="numeric"
              value={fields[name]}
              onChange={event => draft.describe({ [name]: event.target.value })}
            />
          )}
        </Field>
      ))}
      <details>
        <summary>{trans.__('As YAML')}</summary>
        <pre className="jp-MlwsSweepDialog-yaml">{draft.yaml}</pre>
      </details>
    </form>
  );
}

function Row(props: { row: ISpaceRow; draft: SweepDraft }): JSX.Element {
  const { row, draft } = props;
  const { trans } = useLanguage();
  const problem = Object.entries(draft.problems).find(
    ([field]) =>
      field === `inputs.${row.name}` || `${field}.`.startsWith(`search_space.${row.name}.`),
  )?.[1];
  const input = (key: 'low' | 'high' | 'choices' | 'value', label: string): JSX.Element => (
    <input
      className="jp-mod-styled"
      aria-label={`${row.name}: ${label}`}
      placeholder={label}
      value={row[key]}
      spellCheck={false}
      onChange={event => draft.draw(row.name, { [key]: event.target.value })}
    />
  );
  return (
    <Field
      label={row.name}
      help={row.reason}
      problem={problem}
      isRequired={row.isRequired && row.kind === 'fixed'}
      parameter={row.name}
    >
      {ids => (
        <div className="jp-MlwsSweepDialog-row">
          <select
            {...ids}
            className="jp-mod-styled"
            value={row.kind}
            onChange={event => draft.draw(row.name, { kind: event.target.value as RowKind })}
          >
            <option value="fixed">{trans.__('Fixed')}</option>
            <option value="range">{trans.__('Range')}</option>
            <option value="log">{trans.__('Log range')}</option>
            <option value="choices">{trans.__('Choices')}</option>
          </select>
          {row.kind === 'fixed' && input('value', trans.__('value'))}
          {row.kind === 'choices' && input('choices', trans.__('values, between commas'))}
          {(row.kind === 'range' || row.kind === 'log') && (
            <>
              {input('low', trans.__('from'))}
              {input('high', trans.__('to'))}
              <Check
                label={trans.__('whole')}
                checked={row.isWhole}
                onChange={isWhole => draft.draw(row.name, { isWhole })}
              />
            </>
          )}
        </div>
      )}
    </Field>
  );
}

// The AutoML wizard: a table, what is predicted, how much is tried, and all of it on one page.
import '../../style/rundialog.css';
import '../../style/data.css';
import '../../style/automl.css';
import { addIcon } from '@jupyterlab/ui-components';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { Job } from '../api/client';
import type { AutoMLDraft, Column, IDraftFields, Step } from '../model/automldraft';
import { hintsOf, STEPS } from '../model/automldraft';
import { useLanguage } from '../ui/context';
import { Button, Check, CopyButton, Search, Tabs } from '../ui/controls';
import { useResource, useSignal } from '../ui/hooks';
import { Empty, ErrorStrip } from '../ui/states';
import { ForecastFields, forecastLine, proposal } from './automl-forecast';
import { blockerWord, hintWord, metricMeaning, stepWord, taskWord, typeWord } from './automl-words';
import { Shape, share, Working } from './dataset-profile';
import { usePage } from './page';
import { Field, SelectField } from './rundialog-fields';

/** Columns that are drawn at once; a search finds the others. */
const MAX_ROWS = 200;

export interface IWizardActions {
  /** What happens with the job that was submitted. */
  onSubmitted: (job: Job) => void;
  /** Writes the Python into a notebook instead of running it. */
  onNotebook: (python: string) => Promise<void>;
}

export function AutoMLWizard(props: { draft: AutoMLDraft } & IWizardActions): JSX.Element {
  const { draft, onSubmitted } = props;
  const { trans } = useLanguage();
  useSignal(draft.changed);
  const { step } = draft.fields;
  const at = STEPS.indexOf(step);
  const body = useRef<HTMLDivElement>(null);
  // The control that led to a step is gone with the one before: keys go on in the new one.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is done for each step
  useEffect(() => {
    if (document.activeElement === document.body) {
      body.current?.focus();
    }
  }, [step]);
  const blocker = draft.blocker(step);
  const next = (): void => {
    if (blocker || draft.isBusy) {
      return;
    }
    if (step === 'review') {
      void draft.submit().then(job => job && onSubmitted(job));
    } else {
      draft.describe({ step: STEPS[at + 1] ?? step });
    }
  };
  const reason = blocker && blockerWord(blocker, trans);
  return (
    <section
      className="jp-MlwsPage jp-MlwsWizard"
      aria-label={trans.__('New AutoML job')}
      aria-busy={draft.isBusy}
      onKeyDown={event => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          event.stopPropagation();
          next();
        }
      }}
    >
      <header className="jp-MlwsWizard-head">
        <h2>{draft.fields.title || trans.__('New AutoML job')}</h2>
        <Tabs
          label={trans.__('Steps')}
          tabs={STEPS.map((id, index) => ({ id, label: `${index + 1}. ${stepWord(id, trans)}` }))}
          active={step}
          onChange={id => draft.describe({ step: id as Step })}
        />
      </header>
      <div className="jp-MlwsWizard-body" data-step={step} ref={body} tabIndex={-1}>
        {draft.tasks.error && (
          <ErrorStrip error={draft.tasks.error} onRetry={() => void draft.tasks.refresh()} />
        )}
        {step === 'data' && <DataStep draft={draft} />}
        {step === 'task' && <TaskStep draft={draft} />}
        {step === 'setup' && <SetupStep draft={draft} />}
        {step === 'review' && <ReviewStep {...props} />}
      </div>
      <footer className="jp-MlwsWizard-foot">
        <Button disabled={at === 0} onClick={() => draft.describe({ step: STEPS[at - 1] ?? step })}>
          {trans.__('Back')}
        </Button>
        <span className="jp-MlwsNote" role="status">
          {reason}
        </span>
        <Button
          primary
          disabled={blocker !== null || draft.isBusy}
          title={reason ?? trans.__('Ctrl+Enter')}
          onClick={next}
        >
          {step !== 'review'
            ? trans.__('Next')
            : draft.isBusy
              ? trans.__('Submitting…')
              : trans.__('Start AutoML')}
        </Button>
      </footer>
    </section>
  );
}

function DataStep(props: { draft: AutoMLDraft }): JSX.Element {
  const { draft } = props;
  const { models } = usePage().workspace;
  const { trans, locale } = useLanguage();
  const { value, error } = useResource(models.data);
  useEffect(() => models.ensure(models.data), [models]);
  const { table } = draft.fields;
  const tables = (value ?? []).filter(asset => asset.type !== 'uri_folder');
  const isListed = tables.some(one => one.name === table?.name && one.version === table.version);
  const shown = table && !isListed ? [table, ...tables] : tables;
  if (error && !value) {
    return <ErrorStrip error={error} onRetry={() => void models.data.refresh()} />;
  }
  if (value && shown.length === 0) {
    return (
      <Empty
        text={trans.__(
          'There is no table yet. Select a CSV or Parquet file in the file browser and choose “AutoML…” in its menu.',
        )}
      />
    );
  }
  const number = new Intl.NumberFormat(locale);
  return (
    <>
      <SelectField
        label={trans.__('Data')}
        help={trans.__('A version that was registered; it never changes.')}
        value={table ? `${table.name}:${table.version}` : ''}
        options={[
          ...(table ? [] : [['', trans.__('Choose…')] as const]),
          ...shown.map(one => {
            const id = `${one.name}:${one.version}`;
            return [id, id] as const;
          }),
        ]}
        onChange={id => {
          const chosen = shown.find(one => `${one.name}:${one.version}` === id);
          if (chosen) {
            const { name, version, type } = chosen;
            draft.describe({ table: { name, version, type } });
          }
        }}
      />
      {draft.pending && !draft.profile && <Working pending={draft.pending} />}
      {draft.profile && (
        <>
          <p className="jp-MlwsNote">
            {trans.__(
              '%1 rows, %2 columns. Choose the column that is to be predicted.',
              number.format(draft.profile.n_rows),
              draft.profile.n_columns,
            )}
          </p>
          <Columns draft={draft} nRows={draft.profile.n_rows} />
        </>
      )}
    </>
  );
}

function Columns(props: { draft: AutoMLDraft; nRows: number }): JSX.Element {
  const { draft, nRows } = props;
  const { trans, locale } = useLanguage();
  const [text, setText] = useState('');
  const found = draft.columns.filter(column =>
    column.name.toLowerCase().includes(text.toLowerCase()),
  );
  const number = new Intl.NumberFormat(locale);
  return (
    <>
      {draft.columns.length > 12 && (
        <Search label={trans.__('Search columns')} value={text} onChange={setText} />
      )}
      <div className="jp-MlwsWizard-columns">
        <table className="jp-MlwsPlainTable" aria-label={trans.__('Columns')}>
          <thead>
            <tr>
              <th>{trans.__('Predict')}</th>
              <th>{trans.__('Column')}</th>
              <th>{trans.__('Type')}</th>
              <th className="jp-mod-end">{trans.__('Missing')}</th>
              <th className="jp-mod-end">{trans.__('Distinct')}</th>
              <th>{trans.__('Taken for')}</th>
              <th>{trans.__('Mind')}</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, MAX_ROWS).map(column => {
              const isTarget = column.name === draft.fields.target;
              return (
                <tr key={column.name} data-column={column.name} aria-selected={isTarget}>
                  <td>
                    <input
                      type="radio"
                      name="mlws-automl-target"
                      aria-label={trans.__('Predict %1', column.name)}
                      checked={isTarget}
                      onChange={() => draft.describe({ target: column.name, task: '', metric: '' })}
                    />
                  </td>
                  <th scope="row" title={column.name}>
                    {column.name}
                  </th>
                  <td>
                    <span className="jp-MlwsTag">{column.type}</span>
                  </td>
                  <td className="jp-mod-end">
                    {column.n_missing ? share(column.n_missing, nRows, locale) : ''}
                  </td>
                  <td className="jp-mod-end">
                    {column.n_distinct === undefined ? '' : number.format(column.n_distinct)}
                  </td>
                  <td>{!isTarget && <Treatment draft={draft} column={column} />}</td>
                  <td>
                    {hintsOf(column, nRows).map(hint => (
                      <span key={hint} className="jp-MlwsTag jp-mod-warn">
                        {hintWord(hint, trans)}
                      </span>
                    ))}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {found.length > MAX_ROWS && (
        <p className="jp-MlwsNote">
          {trans.__('The first %1 of %2: search for the others.', MAX_ROWS, found.length)}
        </p>
      )}
    </>
  );
}

function Treatment(props: { draft: AutoMLDraft; column: Column }): JSX.Element {
  const { draft, column } = props;
  const { trans } = useLanguage();
  const types = draft.view?.column_types ?? draft.tasks.value?.[0]?.column_types ?? [];
  return (
    <select
      className="jp-mod-styled"
      aria-label={trans.__('%1 is taken for', column.name)}
      value={draft.fields.types[column.name] ?? ''}
      onChange={event => draft.treat(column.name, event.target.value)}
    >
      <option value="">{trans.__('Automatic')}</option>
      {types.map(type => (
        <option key={type} value={type}>
          {typeWord(type, trans)}
        </option>
      ))}
    </select>
  );
}

function TaskStep(props: { draft: AutoMLDraft }): JSX.Element {
  const { draft } = props;
  const { trans, locale } = useLanguage();
  const { target, proposed, profile } = draft;
  if (!profile) {
    return <Empty text={trans.__('Choose the data first.')} />;
  }
  const number = new Intl.NumberFormat(locale);
  const distinct = number.format(target?.n_distinct ?? 0);
  return (
    <>
      <SelectField
        label={trans.__('Predict')}
        value={draft.fields.target}
        options={[
          ...(target ? [] : [['', trans.__('Choose…')] as const]),
          ...draft.columns.map(column => [column.name, column.name] as const),
        ]}
        onChange={name => draft.describe({ target: name, task: '', metric: '' })}
      />
      {target && (
        <>
          <fieldset className="jp-MlwsWizard-tasks">
            <legend>{trans.__('Task')}</legend>
            {(draft.tasks.value ?? []).map(({ task }) => (
              <label key={task} data-task={task}>
                <input
                  type="radio"
                  name="mlws-automl-task"
                  checked={task === draft.task}
                  onChange={() => draft.describe({ task, metric: '' })}
                />
                <strong>{taskWord(task, trans)}</strong>
                {task === proposed && (
                  <span className="jp-MlwsNote">{proposal(draft, task, distinct, trans)}</span>
                )}
              </label>
            ))}
          </fieldset>
          {draft.isForecast && <ForecastFields draft={draft} />}
          <figure className="jp-MlwsWizard-shape">
            <figcaption>
              {draft.task === 'classification'
                ? trans.__('How often each class is there')
                : trans.__('How the values are spread')}
            </figcaption>
            <Shape column={target} nRows={profile.n_rows} />
            {target.n_missing > 0 && !draft.isForecast && (
              <p className="jp-MlwsNote">
                {trans.__(
                  'Rows in which it is missing (%1) are left out.',
                  share(target.n_missing, profile.n_rows, locale),
                )}
              </p>
            )}
          </figure>
        </>
      )}
    </>
  );
}

function SetupStep(props: { draft: AutoMLDraft }): JSX.Element {
  const { draft } = props;
  const { trans } = useLanguage();
  const { fields, view, problems } = draft;
  if (!view) {
    return <Empty text={trans.__('Choose what is to be predicted first.')} />;
  }
  const blocker = draft.blocker('setup');
  const input = (
    name: 'folds' | 'share' | 'minutes' | 'trials' | 'parallel',
    label: string,
    field: string,
    help?: string,
  ): JSX.Element => (
    <Field
      label={label}
      help={help}
      problem={blocker === name ? blockerWord(name, trans) : problems[field]}
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
  );
  return (
    <>
      <SelectField
        label={trans.__('Primary metric')}
        help={metricMeaning(draft.metric, trans)}
        value={draft.metric}
        options={view.metrics.map(name => [name, name] as const)}
        onChange={metric => draft.describe({ metric })}
      />
      <SelectField<IDraftFields['validation']>
        label={trans.__('Validation')}
        value={draft.validation}
        options={[
          ['auto', draft.isForecast ? trans.__('Automatic') : trans.__('By the number of rows')],
          ['folds', draft.isForecast ? trans.__('Rolling origins') : trans.__('Cross-validation')],
          ...(draft.isForecast ? [] : [['share', trans.__('Hold-out')] as const]),
        ]}
        onChange={validation => draft.describe({ validation })}
      />
      {draft.validation === 'folds' && input('folds', trans.__('Folds'), 'n_cross_validations')}
      {draft.validation === 'share' &&
        input('share', trans.__('Held out (%)'), 'validation_data_size')}
      <Split draft={draft} />
      <h3>{trans.__('Limits')}</h3>
      {input('minutes', trans.__('Minutes'), 'limits.timeout_minutes')}
      {input(
        'trials',
        trans.__('Trials'),
        'limits.max_trials',
        trans.__('Empty: as many as the time allows.'),
      )}
      {input('parallel', trans.__('At the same time'), 'limits.max_concurrent_trials')}
      <h3>{trans.__('Algorithms')}</h3>
      <div className="jp-MlwsWizard-checks">
        {view.algorithms.map(({ name, label }) => (
          <Check
            key={name}
            label={label}
            checked={!fields.blocked.includes(name)}
            onChange={isTried =>
              draft.describe({
                blocked: isTried
                  ? fields.blocked.filter(other => other !== name)
                  : [...fields.blocked, name],
              })
            }
          />
        ))}
      </div>
      <h3>{trans.__('At the end')}</h3>
      <div className="jp-MlwsWizard-checks">
        <Check
          label={trans.__('Voting ensemble')}
          checked={fields.votes}
          onChange={votes => draft.describe({ votes })}
        />
        {!draft.isForecast && (
          <>
            <Check
              label={trans.__('Stacking ensemble')}
              checked={fields.stacks}
              onChange={stacks => draft.describe({ stacks })}
            />
            <Check
              label={trans.__('Explain the best model')}
              checked={fields.explains}
              onChange={explains => draft.describe({ explains })}
            />
          </>
        )}
      </div>
    </>
  );
}

/** Which rows train and which score, as a bar. */
function Split(props: { draft: AutoMLDraft }): JSX.Element | null {
  const { folds, share: percent } = props.draft.fields;
  const { validation, isForecast } = props.draft;
  const { trans } = useLanguage();
  if (isForecast) {
    return (
      <p className="jp-MlwsNote">
        {trans.__(
          'Each model forecasts from several origins in the past; what came true then scores it.',
        )}
      </p>
    );
  }
  if (validation === 'auto') {
    return (
      <p className="jp-MlwsNote">
        {trans.__('Cross-validation for small tables; from 20,000 rows on, a tenth is held out.')}
      </p>
    );
  }
  const count = validation === 'folds' ? Math.min(Math.max(Number(folds) || 2, 2), 20) : 1;
  const held = validation === 'folds' ? 100 / count : Math.min(Math.max(Number(percent), 0), 100);
  const label =
    validation === 'folds'
      ? trans.__('Each of %1 folds is scored once by a model of the others.', count)
      : trans.__('%1 % of the rows score, the others train.', held);
  return (
    <figure className="jp-MlwsWizard-split">
      {Array.from({ length: Math.min(count, 10) }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a fold is its place
        <div key={index} className="jp-MlwsWizard-fold">
          <span
            style={{
              left: `${validation === 'folds' ? index * held : 100 - held}%`,
              width: `${held}%`,
            }}
          />
        </div>
      ))}
      <figcaption className="jp-MlwsNote">{label}</figcaption>
    </figure>
  );
}

function ReviewStep(props: { draft: AutoMLDraft } & IWizardActions): JSX.Element {
  const { draft, onNotebook } = props;
  const { trans } = useLanguage();
  const [failure, setFailure] = useState<Error | null>(null);
  const { fields, view, task } = draft;
  const { blocked } = draft;
  const limits = [
    trans._n('at most %1 minute', 'at most %1 minutes', Number(fields.minutes)),
    fields.trials.trim()
      ? trans._n('%1 trial', '%1 trials', Number(fields.trials))
      : trans.__('as many trials as fit'),
    trans.__('%1 at the same time', fields.parallel),
  ];
  const treatments = Object.entries(fields.types).map(
    ([column, type]) => `${column}: ${typeWord(type, trans)}`,
  );
  const validation = {
    auto: draft.isForecast ? trans.__('Rolling origins') : trans.__('By the number of rows'),
    folds: trans._n(
      'Cross-validation, %1 fold',
      'Cross-validation, %1 folds',
      Number(fields.folds),
    ),
    share: trans.__('Hold-out, %1 %', fields.share),
  }[draft.validation];
  const table = fields.table ? `${fields.table.name}:${fields.table.version}` : '';
  const rows: [Step, string, ReactNode][] = [
    ['data', trans.__('Data'), table],
    ['task', trans.__('Predict'), fields.target && `${fields.target} · ${taskWord(task, trans)}`],
    ...(draft.isForecast
      ? [['task', trans.__('Forecast'), forecastLine(draft, trans)] as [Step, string, ReactNode]]
      : []),
    ['data', trans.__('Columns'), treatments.join(', ') || trans.__('Automatic')],
    ['setup', trans.__('Primary metric'), draft.metric],
    ['setup', trans.__('Validation'), validation],
    ['setup', trans.__('Limits'), limits.join(', ')],
    [
      'setup',
      trans.__('Algorithms'),
      view?.algorithms
        .filter(algorithm => draft.algorithms.includes(algorithm.name))
        .map(algorithm => algorithm.label)
        .join(', '),
    ],
  ];
  return (
    <>
      {draft.failure && <ErrorStrip error={draft.failure} />}
      {failure && <ErrorStrip error={failure} />}
      <Field label={trans.__('Name')} help={trans.__('What it is called in lists.')}>
        {ids => (
          <input
            {...ids}
            className="jp-mod-styled"
            value={fields.title}
            onChange={event => draft.describe({ title: event.target.value })}
          />
        )}
      </Field>
      <dl className="jp-MlwsWizard-review">
        {rows.map(([step, name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value || '—'}</dd>
            <Button
              minimal
              aria-label={trans.__('Edit %1', name)}
              onClick={() => draft.describe({ step })}
            >
              {trans.__('Edit')}
            </Button>
          </div>
        ))}
      </dl>
      <p>
        {trans.__(
          'What will happen: the table is explored in a notebook, every trial is a notebook that you can read, edit and rerun, and the best one leaves an MLflow model.',
        )}
      </p>
      {!blocked && (
        <>
          <Code title={trans.__('As YAML')} text={draft.yaml} />
          <Code title={trans.__('As Python')} text={draft.python} isOpen />
          <Button
            icon={addIcon}
            onClick={() => {
              setFailure(null);
              onNotebook(draft.python).catch(setFailure);
            }}
          >
            {trans.__('Create notebook instead of running')}
          </Button>
        </>
      )}
    </>
  );
}

function Code(props: { title: string; text: string; isOpen?: boolean }): JSX.Element {
  return (
    <details open={props.isOpen} className="jp-MlwsWizard-code">
      <summary>{props.title}</summary>
      <CopyButton text={props.text} />
      <pre>{props.text}</pre>
    </details>
  );
}

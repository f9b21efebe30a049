// The form for a new environment: packages as lines, or a conda file; or what a kernel has.
import '../../style/environments.css';
import { useState } from 'react';
import type { EnvironmentsModel, IEnvironmentDraft } from '../model/environments';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { ErrorStrip } from '../ui/states';
import { usePage } from './page';
import { Field } from './rundialog-fields';

export function EnvironmentForm(props: {
  model: EnvironmentsModel;
  draft: IEnvironmentDraft;
}): JSX.Element {
  const { model, draft } = props;
  const { trans } = useLanguage();
  const page = usePage();
  const [failure, setFailure] = useState<Error | null>(null);
  const kernel = page.kernelOfNotebook?.() ?? null;
  const { problems } = model;
  return (
    <form
      className="jp-MlwsEnvironmentForm"
      aria-label={trans.__('New environment')}
      onSubmit={event => {
        event.preventDefault();
        void model.create();
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          model.giveUp();
        }
      }}
    >
      <header className="jp-MlwsEnvironment-head">
        <h2>{trans.__('New environment')}</h2>
        <span className="jp-MlwsEnvironment-actions">
          {kernel && (
            <Button
              onClick={() => {
                setFailure(null);
                model.likeKernel(kernel).catch((error: Error) => setFailure(error));
              }}
            >
              {trans.__("Import from this notebook's kernel")}
            </Button>
          )}
        </span>
      </header>
      {failure && <ErrorStrip error={failure} />}
      {problems[''] && <ErrorStrip error={{ message: problems[''] }} />}
      <Field label={trans.__('Name')} problem={problems.name} isRequired>
        {ids => (
          <input
            {...ids}
            // biome-ignore lint/a11y/noAutofocus: the form was asked for, and this is its first field.
            autoFocus
            className="jp-mod-styled"
            type="text"
            value={draft.name}
            spellCheck={false}
            onChange={event => model.describe({ name: event.target.value })}
          />
        )}
      </Field>
      <Field label={trans.__('Described by')}>
        {ids => (
          <select
            {...ids}
            className="jp-mod-styled"
            value={draft.form}
            onChange={event =>
              model.describe({ form: event.target.value as IEnvironmentDraft['form'] })
            }
          >
            <option value="pip">{trans.__('Packages')}</option>
            <option value="conda_file">{trans.__('Conda file')}</option>
          </select>
        )}
      </Field>
      {draft.form === 'pip' ? (
        <>
          <Field
            label={trans.__('Python')}
            help={trans.__('Such as 3.12; that of the workspace when empty.')}
            problem={problems.python}
          >
            {ids => (
              <input
                {...ids}
                className="jp-mod-styled"
                type="text"
                value={draft.python}
                onChange={event => model.describe({ python: event.target.value })}
              />
            )}
          </Field>
          <Field
            label={trans.__('Packages')}
            help={
              draft.note
                ? trans.__('Left out, they lie on this machine alone: %1', draft.note)
                : trans.__('A requirement in each line, as pip takes them.')
            }
            problem={problems.pip}
          >
            {ids => (
              <textarea
                {...ids}
                className="jp-mod-styled jp-MlwsEnvironmentForm-text"
                rows={14}
                value={draft.packages}
                placeholder={'scikit-learn>=1.5\npandas\nmlflow-skinny'}
                spellCheck={false}
                onChange={event => model.describe({ packages: event.target.value })}
              />
            )}
          </Field>
        </>
      ) : (
        <Field
          label={trans.__('Conda file')}
          help={trans.__(
            'What pip has under the same or a known name is taken; the rest is named.',
          )}
          problem={problems.conda_file}
        >
          {ids => (
            <textarea
              {...ids}
              className="jp-mod-styled jp-MlwsEnvironmentForm-text"
              rows={14}
              value={draft.conda}
              spellCheck={false}
              onChange={event => model.describe({ conda: event.target.value })}
            />
          )}
        </Field>
      )}
      <div className="jp-MlwsEnvironmentForm-end">
        <Button onClick={() => model.giveUp()}>{trans.__('Cancel')}</Button>
        <Button primary type="submit" disabled={model.isBusy || !draft.name.trim()}>
          {trans.__('Create and build')}
        </Button>
      </div>
    </form>
  );
}

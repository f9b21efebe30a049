// *Run as job…*: a dialog built from what the notebook takes.
import '../../style/rundialog.css';
import { Dialog } from '@jupyterlab/apputils';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useId, useRef } from 'react';
import type { Job } from '../api/client';
import { isNotebook, nameOf } from '../jobform/draft';
import type { IRunFile, JobForm } from '../jobform/form';
import type { IWorkspace } from '../tokens';
import { type ILanguage, useLanguage } from '../ui/context';
import { localeOf, relativeTime } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { ErrorStrip, Skeleton } from '../ui/states';
import { Panel } from '../ui/widget';
import { Field, ParameterField } from './rundialog-fields';
import { CellChooser, Fillers, Lines, Where } from './rundialog-parts';

/** Marks the button that leads to the schedule editor. */
const SCHEDULE = 'mlws-schedule';
/** Milliseconds for which the dialog waits for the interface before it opens as a skeleton. */
const PATIENCE_MS = 200;

export interface IRunDialogOptions {
  workspace: IWorkspace;
  form: JobForm;
  /** Where a file is looked for. */
  contents: Pick<Contents.IManager, 'get'>;
  /** Offered beside *Run*: what was filled in is to run by the clock. */
  onSchedule?: (job: JobForm['job']) => void;
}

/** Show the dialog until a job is submitted or it is given up; answers the job or null. */
export async function openRunDialog(options: IRunDialogOptions): Promise<Job | null> {
  const { form, workspace } = options;
  const loaded = form.load();
  await Promise.race([loaded, new Promise(resolve => setTimeout(resolve, PATIENCE_MS))]);
  const language = { trans: workspace.trans, locale: localeOf(workspace.translator.languageCode) };
  const dialog = new RunDialog(options, language);
  await dialog.launch();
  form.dispose();
  return dialog.job;
}

/** Stays open while something is wrong; Enter runs, and so does Ctrl+Enter from anywhere. */
class RunDialog extends Dialog<void> {
  constructor(options: IRunDialogOptions, language: ILanguage) {
    const { form } = options;
    const { trans } = language;
    const save = form.file.isDirty;
    super({
      title: form.file.job ? trans.__('Run again') : trans.__('Run as job'),
      body: new Panel(language, () => <Body {...options} />),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        ...(options.onSchedule
          ? [Dialog.createButton({ label: trans.__('Schedule…'), actions: [SCHEDULE] })]
          : []),
        Dialog.okButton({ label: save ? trans.__('Save and run') : trans.__('Run') }),
      ],
      focusNodeSelector: '.jp-MlwsField input, .jp-MlwsField select, .jp-MlwsField textarea',
    });
    this.addClass('jp-MlwsRunDialog');
    this._form = form;
    this._onSchedule = options.onSchedule;
    form.changed.connect(this._onChanged, this);
  }

  /** What was submitted. */
  job: Job | null = null;

  override dispose(): void {
    this._form.changed.disconnect(this._onChanged, this);
    super.dispose();
  }

  override handleEvent(event: Event): void {
    if (!(event instanceof KeyboardEvent) || !this._isForBody(event)) {
      super.handleEvent(event);
      return;
    }
    // The base class takes Enter and the arrows away from the controls of its body.
    const target = event.target as HTMLElement;
    const isSubmit = event.key === 'Enter' && !event.isComposing;
    const isOwnEnter = target.matches('button, summary, textarea, [role="combobox"]');
    if (isSubmit && (event.ctrlKey || event.metaKey || !isOwnEnter)) {
      event.preventDefault();
      event.stopPropagation();
      this.resolve();
    }
  }

  override resolve(index?: number): void {
    if (index === 0) {
      super.resolve(index);
      return;
    }
    if (index === 1 && this._onSchedule) {
      const { job } = this._form;
      super.resolve(index);
      this._onSchedule(job);
      return;
    }
    void this._submit();
  }

  private async _submit(): Promise<void> {
    this.job = await this._form.submit();
    if (this.isDisposed) {
      return;
    }
    if (this.job) {
      super.resolve(this._onSchedule ? 2 : 1);
    } else {
      this._focusProblem();
    }
  }

  private _focusProblem(): void {
    const wrong = this.node.querySelector<HTMLElement>('[aria-invalid="true"]');
    wrong?.closest('details')?.setAttribute('open', '');
    wrong?.focus();
  }

  private _onChanged(): void {
    const run = this.node.querySelector<HTMLButtonElement>('.jp-Dialog-button.jp-mod-accept');
    if (run) {
      run.disabled = this._form.isSubmitting || !this._form.isReady;
    }
    this.toggleClass('jp-mod-busy', this._form.isSubmitting);
  }

  /** Whether a key is the body's own; Escape is only in a list that it closes. */
  private _isForBody(event: KeyboardEvent): boolean {
    const area = event.key === 'Escape' ? '.jp-MlwsPath[data-open="true"]' : '.jp-Dialog-body';
    return (event.target as HTMLElement).closest(area) !== null;
  }

  private readonly _form: JobForm;
  private readonly _onSchedule: IRunDialogOptions['onSchedule'];
}

function Body(props: IRunDialogOptions): JSX.Element {
  const { form, workspace, contents } = props;
  useSignal(form.changed);
  const body = useRef<HTMLFormElement>(null);
  const { trans } = useLanguage();
  useFirstFocus(body, form.isReady);

  return (
    <form
      ref={body}
      className="jp-MlwsRun"
      aria-busy={!form.isReady || form.isSubmitting}
      onSubmit={event => event.preventDefault()}
      onKeyDown={event => resetOnAltR(event, form)}
    >
      <FileLine form={form} />
      {form.failure && (
        <ErrorStrip
          error={form.failure}
          onRetry={form.isReady ? undefined : () => void form.load()}
        />
      )}
      {!form.isReady && !form.failure && <Skeleton rows={4} />}
      {form.isReady && (
        <>
          {!isNotebook(form.file.path) && <Command form={form} />}
          {isNotebook(form.file.path) && !form.interface?.has_parameters ? (
            <CellChooser form={form} />
          ) : (
            form.interface && <Parameters form={form} contents={contents} />
          )}
          <Where form={form} workspace={workspace} />
          <Lines form={form} />
        </>
      )}
      <div className="jp-MlwsRun-notice" role="status">
        {form.isSubmitting ? trans.__('Submitting…') : form.notice}
      </div>
    </form>
  );
}

function FileLine(props: { form: JobForm }): JSX.Element {
  const { file } = props.form;
  const { trans, locale } = useLanguage();
  const saved = savedLine(file, trans, locale);
  return (
    <div className="jp-MlwsRun-file">
      <span className="jp-MlwsRun-name" title={file.path}>
        {nameOf(file.path)}
      </span>
      <span className={file.isDirty ? 'jp-MlwsRun-saved jp-mod-dirty' : 'jp-MlwsRun-saved'}>
        {saved}
      </span>
    </div>
  );
}

function savedLine(file: IRunFile, trans: TranslationBundle, locale: string): string {
  if (file.job) {
    return trans.__('with the code of %1', file.job.display_name || file.job.name);
  }
  if (file.isDirty) {
    return trans.__('unsaved changes, saved before it runs');
  }
  return file.savedAt
    ? trans.__('as saved %1', relativeTime(file.savedAt, Date.now(), locale))
    : '';
}

function Parameters(props: {
  form: JobForm;
  contents: Pick<Contents.IManager, 'get'>;
}): JSX.Element | null {
  const { form, contents } = props;
  const { trans } = useLanguage();
  const title = useId();
  const unreadable = form.interface?.unreadable ?? [];
  if (!isNotebook(form.file.path) && form.ports.length === 0) {
    return null;
  }
  return (
    <section className="jp-MlwsRun-parameters" aria-labelledby={title}>
      <Fillers form={form} title={trans.__('Parameters')} titleId={title} />
      {form.ports.length === 0 && (
        <p className="jp-MlwsRun-hint">{trans.__('The parameters cell assigns nothing.')}</p>
      )}
      {form.ports.map(port => (
        <ParameterField key={port.name} port={port} form={form} contents={contents} />
      ))}
      {unreadable.length > 0 && (
        <details className="jp-MlwsRun-unreadable">
          <summary>
            {trans._n(
              '%1 line of the parameters cell cannot be set here',
              '%1 lines of the parameters cell cannot be set here',
              unreadable.length,
            )}
          </summary>
          <ul>
            {unreadable.map(line => (
              <li key={`${line.cell_id}:${line.line}`}>
                <code>{line.text}</code> {line.reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Command(props: { form: JobForm }): JSX.Element {
  const { form } = props;
  const { trans } = useLanguage();
  return (
    <Field
      label={trans.__('Command')}
      help={trans.__('Runs in a copy of the folder of the file.')}
      problem={form.problems.command}
    >
      {ids => (
        <textarea
          {...ids}
          className="jp-mod-styled jp-MlwsRun-command"
          rows={2}
          spellCheck={false}
          value={form.draft.command}
          onChange={event => form.setText('command', event.target.value, 'command')}
        />
      )}
    </Field>
  );
}

/** Put the cursor into the first field when it appears late, unless the person is elsewhere by then. */
function useFirstFocus(body: React.RefObject<HTMLElement>, isReady: boolean): void {
  const wasReady = useRef(isReady);
  useEffect(() => {
    if (isReady && !wasReady.current) {
      const active = document.activeElement;
      if (!active || active === document.body || active.closest('.jp-Dialog-footer')) {
        body.current?.querySelector<HTMLElement>('.jp-MlwsField :is(input, select)')?.focus();
      }
    }
    wasReady.current = isReady;
  }, [body, isReady]);
}

function resetOnAltR(event: React.KeyboardEvent, form: JobForm): void {
  if (!event.altKey || event.code !== 'KeyR') {
    return;
  }
  const field = (event.target as HTMLElement).closest<HTMLElement>('[data-parameter]');
  const port = form.ports.find(other => other.name === field?.dataset.parameter);
  if (port) {
    event.preventDefault();
    form.resetValue(port);
  }
}

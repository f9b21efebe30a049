// The dialog before a pipeline runs: its inputs, what will run, what is wrong.
import '../../style/designer.css';
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import { useId } from 'react';
import { parse, stringify } from 'yaml';
import type { Designer } from '../designer/designer';
import { Language } from '../ui/context';
import { localeOf } from '../ui/format';
import type { IPage } from './page';

/** What was decided: fields of the job beside those of the file; null when given up. */
export async function openPipelineRunDialog(
  page: IPage,
  designer: Designer,
  steps: readonly string[] | null,
): Promise<Record<string, unknown> | null> {
  const { trans } = page.workspace;
  const body = new RunBody(page, designer, steps);
  body.addClass('jp-MlwsPanel');
  const dialog = new Dialog({
    title: trans.__('Run pipeline'),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Run') }),
    ],
    focusNodeSelector: 'input',
  });
  const { button } = await dialog.launch();
  return button.accept ? body.fields : null;
}

class RunBody extends ReactWidget {
  constructor(
    private readonly _page: IPage,
    private readonly _designer: Designer,
    private readonly _steps: readonly string[] | null,
  ) {
    super();
    for (const [name, value] of Object.entries(_designer.pipeline.inputs)) {
      this._texts.set(name, textOf(value));
    }
    // What is wrong may be told later than the dialog is there.
    _designer.changed.connect(this._look, this);
  }

  override dispose(): void {
    this._designer.changed.disconnect(this._look, this);
    super.dispose();
  }

  /** What differs from the file. */
  get fields(): Record<string, unknown> {
    const { inputs } = this._designer.pipeline;
    const differs = [...this._texts].some(([name, text]) => text !== textOf(inputs[name]));
    return {
      ...(differs && {
        inputs: Object.fromEntries(
          Object.entries(inputs).map(([name, value]) => {
            const text = this._texts.get(name) ?? '';
            return [name, text === textOf(value) ? value : changed(text, value)];
          }),
        ),
      }),
      ...(this._displayName && { display_name: this._displayName }),
      ...(this._forced && {
        settings: { ...this._designer.pipeline.settings, force_rerun: true },
      }),
    };
  }

  protected render(): JSX.Element {
    const { trans, translator } = this._page.workspace;
    const { problems, pipeline, drawing } = this._designer;
    const steps = this._steps ?? drawing.steps.map(item => item.step.key);
    const names = Object.keys(pipeline.inputs);
    return (
      <Language.Provider value={{ trans, locale: localeOf(translator.languageCode) }}>
        <div className="jp-MlwsPipelineRun">
          {problems.length > 0 && (
            <ul className="jp-MlwsInspector-problems" role="alert">
              {problems.map(problem => (
                <li key={`${problem.line}:${problem.message}`}>{problem.message}</li>
              ))}
            </ul>
          )}
          <Line
            label={trans.__('Display name')}
            value={pipeline.label}
            onChange={text => {
              this._displayName = text;
            }}
          />
          {names.map(name => (
            <Line
              key={name}
              label={name}
              value={this._texts.get(name) ?? ''}
              onChange={text => this._texts.set(name, text)}
            />
          ))}
          <label className="jp-MlwsCheck">
            <input
              type="checkbox"
              onChange={event => {
                this._forced = event.target.checked;
              }}
            />{' '}
            {trans.__('Run every step, reuse nothing')}
          </label>
          <p>{trans._n('%1 step: %2', '%1 steps: %2', steps.length, steps.join(', '))}</p>
        </div>
      </Language.Provider>
    );
  }

  private _look(): void {
    this.update();
  }

  private readonly _texts = new Map<string, string>();
  private _displayName = '';
  private _forced = false;
}

function Line(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}): JSX.Element {
  const id = useId();
  return (
    <div className="jp-MlwsInspector-text">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        className="jp-mod-styled"
        defaultValue={props.value}
        spellCheck={false}
        onChange={event => props.onChange(event.target.value)}
      />
    </div>
  );
}

/** A value as one edits it: of data its path. */
function textOf(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'path' in value) {
    return String((value as { path: unknown }).path);
  }
  return typeof value === 'string' ? value : stringify(value ?? '').trimEnd();
}

function changed(text: string, before: unknown): unknown {
  if (typeof before === 'object' && before !== null && 'path' in before) {
    return { ...before, path: text };
  }
  return typeof before === 'string' ? text : parse(text, { version: '1.1' });
}

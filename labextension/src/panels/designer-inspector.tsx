// What the designer shows at its side: the fields of the chosen step, or of the pipeline itself.
import { useEffect, useId, useState } from 'react';
import { parse, stringify } from 'yaml';
import type { Designer } from '../designer/designer';
import { ancestors, fits, type IDrawnStep, type IPort } from '../designer/drawing';
import {
  bindingOf,
  type ISource,
  type IStep,
  inputOf,
  outputOf,
  setAfter,
  setField,
  setInput,
  setPipeline,
} from '../designer/pipelinefile';
import { useLanguage } from '../ui/context';
import { Button, Check } from '../ui/controls';
import { useSignal } from '../ui/hooks';

const NAME = /^[A-Za-z_]\w*$/;

export function DesignerInspector(props: {
  designer: Designer;
  /** Opens what a step runs: a notebook, a component's file. */
  onOpenSource: (step: IStep) => void;
}): JSX.Element {
  const { designer } = props;
  const { trans } = useLanguage();
  useSignal(designer.changed);
  const { chosen, chosenSource, selection } = designer;
  const drawn = designer.drawing.steps.find(item => item.step.key === chosen?.key);
  return (
    <aside className="jp-MlwsInspector" aria-label={trans.__('Inspector')}>
      {drawn ? (
        <StepFields key={drawn.step.key} {...props} drawn={drawn} />
      ) : chosenSource ? (
        <SourceFields key={chosenSource.key} designer={designer} source={chosenSource} />
      ) : selection.size > 1 ? (
        <p>{trans._n('%1 step chosen', '%1 steps chosen', selection.size)}</p>
      ) : (
        <PipelineFields designer={designer} />
      )}
    </aside>
  );
}

function StepFields(props: {
  designer: Designer;
  drawn: IDrawnStep;
  onOpenSource: (step: IStep) => void;
}): JSX.Element {
  const { designer, drawn, onOpenSource } = props;
  const { trans } = useLanguage();
  const { step } = drawn;
  const taken = designer.pipeline.steps.map(item => item.key);
  const change = (path: string[], value: unknown): void =>
    designer.edit(text => setField(text, step.key, path, value));
  const others = taken.filter(
    key => key !== step.key && !ancestors(designer.drawing.edges, key).has(step.key),
  );
  return (
    <>
      <header>
        <h2>{step.label}</h2>
        <span>{step.type}</span>
      </header>
      {drawn.problems.length > 0 && (
        <ul className="jp-MlwsInspector-problems" role="alert">
          {drawn.problems.map(problem => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
      <Text
        label={trans.__('Name')}
        value={step.key}
        check={name =>
          !NAME.test(name)
            ? trans.__('Letters, digits and _ only; no digit first.')
            : name !== step.key && taken.includes(name)
              ? trans.__('Another step has this name.')
              : ''
        }
        onChange={name => designer.rename(step.key, name)}
      />
      <Text
        label={trans.__('Display name')}
        value={said(step.said.display_name)}
        onChange={value => change(['display_name'], value || undefined)}
      />
      {step.type === 'command' && typeof step.said.component !== 'string' ? (
        <Text
          label={trans.__('Command')}
          value={step.source}
          lines={3}
          onChange={value => change(['command'], value)}
        />
      ) : (
        step.source && (
          <div className="jp-MlwsInspector-source">
            <code title={step.source}>{step.source}</code>
            <Button onClick={() => onOpenSource(step)}>{trans.__('Open')}</Button>
          </div>
        )
      )}
      <h3>{trans.__('Inputs')}</h3>
      {drawn.inputs.length === 0 && <p>{trans.__('It takes none.')}</p>}
      {drawn.inputs.map(port => (
        <InputField key={port.name} designer={designer} step={step} port={port} />
      ))}
      <h3>{trans.__('Outputs')}</h3>
      {drawn.outputs.length === 0 && <p>{trans.__('It gives none.')}</p>}
      {drawn.outputs.map(port => (
        <div key={port.name} className="jp-MlwsInspector-output">
          <span>{port.name}</span> <small>{port.type}</small>
        </div>
      ))}
      <h3>{trans.__('Runs')}</h3>
      <Text
        label={trans.__('Compute')}
        value={said(step.said.compute)}
        placeholder={said(designer.pipeline.settings.default_compute) || 'local'}
        onChange={value => change(['compute'], value || undefined)}
      />
      <Pick
        label={trans.__('Earlier results')}
        value={step.said.cache === false ? 'off' : said(step.said.cache) || 'use'}
        options={[
          ['use', trans.__('Reuse when nothing changed')],
          ['refresh', trans.__('Run, and keep the result')],
          ['off', trans.__('Always run')],
        ]}
        onChange={value => change(['cache'], value === 'use' ? undefined : value)}
      />
      <fieldset>
        <legend>{trans.__('Starts after')}</legend>
        {others.length === 0 && <p>{trans.__('No other step can come before it.')}</p>}
        {others.map(key => (
          <Check
            key={key}
            label={key}
            checked={step.after.includes(key)}
            onChange={on =>
              designer.edit(text =>
                setAfter(
                  text,
                  step.key,
                  on ? [...step.after, key] : step.after.filter(item => item !== key),
                ),
              )
            }
          />
        ))}
      </fieldset>
    </>
  );
}

/** A value, or where it comes from. */
function InputField(props: { designer: Designer; step: IStep; port: IPort }): JSX.Element {
  const { designer, step, port } = props;
  const { trans } = useLanguage();
  const id = useId();
  const value = step.inputs[port.name];
  const binding = bindingOf(value);
  const { edges, steps } = designer.drawing;
  const sources = steps
    .filter(other => other.step.key !== step.key)
    .filter(other => !ancestors(edges, other.step.key).has(step.key))
    .flatMap(other =>
      other.outputs
        .filter(output => fits(output.type, port.type))
        .map(output => [
          outputOf(other.step.key, output.name),
          `${other.step.label} › ${output.name}`,
        ]),
    );
  const own = Object.keys(designer.pipeline.inputs).map(name => [
    inputOf(name),
    trans.__('Pipeline › %1', name),
  ]);
  const from = binding ? plain(value) : '';
  const choices = [...sources, ...own];
  if (from && !choices.some(([expression]) => expression === from)) {
    choices.push([from, from]);
  }
  const put = (next: unknown): void =>
    designer.edit(text => setInput(text, step.key, port.name, next));
  return (
    <div className="jp-MlwsInspector-input">
      <label htmlFor={id} title={port.description}>
        {port.name}
        {port.required && <span aria-hidden="true"> *</span>} <small>{port.type}</small>
      </label>
      <select
        aria-label={trans.__('Where %1 comes from', port.name)}
        value={from}
        onChange={event => put(event.target.value || undefined)}
      >
        <option value="">{trans.__('Value')}</option>
        {choices.map(([expression, label]) => (
          <option key={expression} value={expression}>
            {label}
          </option>
        ))}
      </select>
      {!binding &&
        (port.choices ? (
          <select
            id={id}
            value={JSON.stringify(value ?? null)}
            onChange={event => put(JSON.parse(event.target.value) ?? undefined)}
          >
            <option value="null">{port.fallback === null ? '' : String(port.fallback)}</option>
            {port.choices.map(choice => (
              <option key={JSON.stringify(choice)} value={JSON.stringify(choice)}>
                {String(choice)}
              </option>
            ))}
          </select>
        ) : (
          <Field
            id={id}
            value={value === undefined ? '' : inline(value)}
            placeholder={port.fallback === null ? '' : String(port.fallback)}
            onChange={text => put(text === '' ? undefined : scalarOf(text, port.type))}
          />
        ))}
    </div>
  );
}

/** Data or a model that the pipeline is given: under which name, and which. */
function SourceFields(props: { designer: Designer; source: ISource }): JSX.Element {
  const { designer, source } = props;
  const { trans } = useLanguage();
  const taken = Object.keys(designer.pipeline.inputs);
  return (
    <>
      <header>
        <h2>{source.name}</h2>
        <span>{source.type}</span>
      </header>
      <Text
        label={trans.__('Name')}
        value={source.name}
        check={name =>
          !NAME.test(name)
            ? trans.__('Letters, digits and _ only; no digit first.')
            : name !== source.name && taken.includes(name)
              ? trans.__('Another input has this name.')
              : ''
        }
        onChange={name => designer.renameSource(source.name, name)}
      />
      <Text
        label={trans.__('Path')}
        value={source.path}
        placeholder="azureml:NAME@latest"
        onChange={path =>
          designer.edit(text => setPipeline(text, ['inputs', source.name, 'path'], path))
        }
      />
      <p>{trans.__('An input of the pipeline: a run can be given another one.')}</p>
    </>
  );
}

function PipelineFields({ designer }: { designer: Designer }): JSX.Element {
  const { trans } = useLanguage();
  const { pipeline } = designer;
  const [name, setName] = useState('');
  const change = (path: string[], value: unknown): void =>
    designer.edit(text => setPipeline(text, path, value));
  const isName = NAME.test(name) && !(name in pipeline.inputs);
  return (
    <>
      <header>
        <h2>{trans.__('Pipeline')}</h2>
      </header>
      <Text
        label={trans.__('Display name')}
        value={pipeline.label}
        onChange={value => change(['display_name'], value || undefined)}
      />
      <h3>{trans.__('Inputs')}</h3>
      {Object.entries(pipeline.inputs).map(([key, value]) => (
        <div key={key} className="jp-MlwsInspector-own">
          <Text
            label={key}
            value={inline(value)}
            onChange={text => change(['inputs', key], scalarOf(text, 'any'))}
          />
          <Button
            minimal
            title={trans.__('Remove %1', key)}
            onClick={() => change(['inputs', key], undefined)}
          >
            ×
          </Button>
        </div>
      ))}
      <form
        className="jp-MlwsInspector-own"
        onSubmit={event => {
          event.preventDefault();
          if (isName) {
            change(['inputs', name], '');
            setName('');
          }
        }}
      >
        <input
          className="jp-mod-styled"
          aria-label={trans.__('Name of a new input')}
          placeholder={trans.__('New input')}
          value={name}
          onChange={event => setName(event.target.value)}
        />
        <Button type="submit" disabled={!isName}>
          {trans.__('Add')}
        </Button>
      </form>
      <h3>{trans.__('Settings')}</h3>
      <Text
        label={trans.__('Default compute')}
        value={said(pipeline.settings.default_compute)}
        placeholder="local"
        onChange={value => change(['settings', 'default_compute'], value || undefined)}
      />
      <Check
        label={trans.__('Go on with other steps when one fails')}
        checked={pipeline.settings.continue_on_step_failure !== false}
        onChange={on => change(['settings', 'continue_on_step_failure'], on ? undefined : false)}
      />
      <Check
        label={trans.__('Run every step, reuse nothing')}
        checked={pipeline.settings.force_rerun === true}
        onChange={on => change(['settings', 'force_rerun'], on || undefined)}
      />
    </>
  );
}

/** A labelled text that is taken when the field is left or Enter is pressed. */
function Text(props: {
  label: string;
  value: string;
  placeholder?: string;
  lines?: number;
  check?: (value: string) => string;
  onChange: (value: string) => void;
}): JSX.Element {
  const id = useId();
  return (
    <div className="jp-MlwsInspector-text">
      <label htmlFor={id}>{props.label}</label>
      <Field {...props} id={id} />
    </div>
  );
}

function Field(props: {
  id: string;
  value: string;
  placeholder?: string;
  lines?: number;
  check?: (value: string) => string;
  onChange: (value: string) => void;
}): JSX.Element {
  const { id, value, placeholder, lines, check, onChange } = props;
  const [text, setText] = useState(value);
  const [wrong, setWrong] = useState('');
  useEffect(() => {
    setText(value);
    setWrong('');
  }, [value]);
  const take = (): void => {
    const refused = text === value ? '' : (check?.(text) ?? '');
    setWrong(refused);
    if (text !== value && !refused) {
      onChange(text);
    }
  };
  const shared = {
    id,
    className: 'jp-mod-styled',
    value: text,
    placeholder,
    spellCheck: false,
    'aria-invalid': Boolean(wrong),
    'aria-describedby': wrong ? `${id}-wrong` : undefined,
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>): void =>
      setText(event.target.value),
    onBlur: take,
  };
  return (
    <>
      {lines ? (
        <textarea {...shared} rows={lines} />
      ) : (
        <input
          {...shared}
          onKeyDown={event => {
            if (event.key === 'Enter') {
              event.preventDefault();
              take();
            }
          }}
        />
      )}
      {wrong && (
        <span id={`${id}-wrong`} role="alert">
          {wrong}
        </span>
      )}
    </>
  );
}

function Pick(props: {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}): JSX.Element {
  const id = useId();
  return (
    <div className="jp-MlwsInspector-text">
      <label htmlFor={id}>{props.label}</label>
      <select id={id} value={props.value} onChange={event => props.onChange(event.target.value)}>
        {props.options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}

function said(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function plain(value: unknown): string {
  const path =
    typeof value === 'object' && value !== null ? (value as { path?: unknown }).path : value;
  return String(path).replace(/\s+/g, '');
}

/** A value as one line of YAML. */
function inline(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}

/** What was typed as a value: a text where a text is wanted, else as YAML reads it. */
function scalarOf(text: string, type: string): unknown {
  if (type === 'string') {
    return text;
  }
  try {
    return parse(text, { version: '1.1' });
  } catch {
    return text;
  }
}

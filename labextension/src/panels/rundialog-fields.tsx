// The fields of the run dialog: a control that fits the type, help below, a way back to the default.
import '../../style/rundialog.css';
import type { Contents } from '@jupyterlab/services';
import { undoIcon } from '@jupyterlab/ui-components';
import { type ReactNode, useId } from 'react';
import type { JobForm } from '../jobform/form';
import {
  atShare,
  controlOf,
  isChanged,
  type Port,
  rangeOf,
  shareOf,
  stepped,
  textOf,
} from '../jobform/values';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { PathControl } from './rundialog-path';

/** What ties a control to its label, its help and what is wrong with it. */
export interface IControlIds {
  id: string;
  'aria-describedby': string;
  'aria-invalid': boolean;
  'aria-required': boolean;
}

export interface IFieldProps {
  label: string;
  help?: string;
  problem?: string;
  isRequired?: boolean;
  isChanged?: boolean;
  /** Puts the default back; there is no arrow without it. */
  onReset?: () => void;
  /** Name of the parameter, for keys that act on the field they are pressed in. */
  parameter?: string;
  children: (ids: IControlIds) => ReactNode;
}

/** A labelled control with help and problem below. */
export function Field(props: IFieldProps): JSX.Element {
  const { label, help, problem, onReset } = props;
  const { trans } = useLanguage();
  const id = useId();
  const names = ['jp-MlwsField', props.isChanged && 'jp-mod-changed', problem && 'jp-mod-wrong'];
  return (
    <div className={names.filter(Boolean).join(' ')} data-parameter={props.parameter}>
      <label className="jp-MlwsField-label" htmlFor={id} title={label}>
        {label}
        {props.isRequired && (
          <span
            className="jp-MlwsField-required"
            title={trans.__('Needs a value')}
            aria-hidden="true"
          >
            *
          </span>
        )}
      </label>
      <div className="jp-MlwsField-control">
        {props.children({
          id,
          'aria-describedby': `${id}-help ${id}-problem`,
          'aria-invalid': Boolean(problem),
          'aria-required': Boolean(props.isRequired),
        })}
      </div>
      <div className="jp-MlwsField-reset">
        {onReset && (
          <Button
            minimal
            // Alt+R does the same from the field itself: Tab goes from value to value.
            tabIndex={-1}
            icon={undoIcon}
            title={trans.__('Put the default of %1 back (Alt+R)', label)}
            onClick={onReset}
          />
        )}
      </div>
      <div className="jp-MlwsField-below">
        {help && (
          <div className="jp-MlwsField-help" id={`${id}-help`}>
            {help}
          </div>
        )}
        <div className="jp-MlwsField-problem" id={`${id}-problem`} role="alert">
          {problem}
        </div>
      </div>
    </div>
  );
}

/** A labelled choice of one among few. */
export function SelectField<T extends string>(
  props: Omit<IFieldProps, 'children'> & {
    value: T;
    options: readonly (readonly [T, string])[];
    onChange: (value: T) => void;
  },
): JSX.Element {
  const { value, options, onChange, ...field } = props;
  return (
    <Field {...field}>
      {ids => (
        <select
          {...ids}
          className="jp-mod-styled"
          value={value}
          onChange={event => onChange(event.target.value as T)}
        >
          {options.map(([id, label]) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A parameter of the notebook. */
export function ParameterField(props: {
  port: Port;
  form: JobForm;
  contents: Pick<Contents.IManager, 'get'>;
}): JSX.Element {
  const { port, form } = props;
  const { trans } = useLanguage();
  const text = form.draft.values[port.name] ?? '';
  const changed = isChanged(port, text, trans);
  const help = [port.description, rangeOf(port, trans)].filter(Boolean).join(' · ');
  return (
    <Field
      label={port.name}
      help={help}
      problem={form.problems[`inputs.${port.name}`]}
      isRequired={port.required}
      isChanged={changed}
      onReset={changed ? () => form.resetValue(port) : undefined}
      parameter={port.name}
    >
      {ids => (
        <Control
          ids={ids}
          port={port}
          text={text}
          folder={form.file.path}
          contents={props.contents}
          onChange={value => form.setValue(port.name, value)}
        />
      )}
    </Field>
  );
}

interface IControlProps {
  ids: IControlIds;
  port: Port;
  text: string;
  /** Path of the file beside which relative paths start. */
  folder: string;
  contents: Pick<Contents.IManager, 'get'>;
  onChange: (text: string) => void;
}

function Control(props: IControlProps): JSX.Element {
  const { ids, port, text, onChange } = props;
  const { trans } = useLanguage();
  switch (controlOf(port)) {
    case 'checkbox':
      return (
        <input
          {...ids}
          type="checkbox"
          checked={text === 'true'}
          onChange={event => onChange(String(event.target.checked))}
        />
      );
    case 'select':
      return <ChoiceControl {...props} />;
    case 'number':
      return <NumberControl {...props} />;
    case 'path':
      return <PathControl {...props} wantsFolder={port.type === 'folder'} />;
    case 'json':
      return (
        <textarea
          {...ids}
          className="jp-mod-styled jp-MlwsField-json"
          rows={Math.min(6, text.split('\n').length)}
          spellCheck={false}
          value={text}
          placeholder={port.type === 'list' ? '[…]' : '{…}'}
          onChange={event => onChange(event.target.value)}
        />
      );
    case 'password':
      return (
        <input
          {...ids}
          className="jp-mod-styled"
          type="password"
          autoComplete="off"
          value={text}
          placeholder={trans.__('Never stored')}
          onChange={event => onChange(event.target.value)}
        />
      );
    case 'date':
    case 'datetime-local':
      return (
        <input
          {...ids}
          className="jp-mod-styled"
          type={controlOf(port)}
          value={text}
          onChange={event => onChange(event.target.value)}
        />
      );
    default:
      return (
        <input
          {...ids}
          className="jp-mod-styled"
          type="text"
          autoComplete="off"
          value={text}
          onChange={event => onChange(event.target.value)}
        />
      );
  }
}

function ChoiceControl({ ids, port, text, onChange }: IControlProps): JSX.Element {
  const { trans } = useLanguage();
  const choices = port.choices ?? [];
  const isChosen = choices.some(choice => textOf(port, choice) === text);
  return (
    <select
      {...ids}
      className="jp-mod-styled"
      value={text}
      onChange={event => onChange(event.target.value)}
    >
      {!isChosen && <option value={text}>{trans.__('Choose…')}</option>}
      {choices.map(choice => (
        <option key={textOf(port, choice)} value={textOf(port, choice)}>
          {typeof choice === 'string' ? choice : JSON.stringify(choice)}
        </option>
      ))}
    </select>
  );
}

/** A number to type or step with the arrows; with both limits also a slider. */
function NumberControl({ ids, port, text, onChange }: IControlProps): JSX.Element {
  const { trans } = useLanguage();
  const share = shareOf(port, Number(text || Number.NaN));
  const value = Number(text);
  return (
    <div className="jp-MlwsField-number">
      <input
        {...ids}
        className="jp-mod-styled"
        type="text"
        inputMode={port.type === 'integer' ? 'numeric' : 'decimal'}
        role="spinbutton"
        aria-valuenow={Number.isFinite(value) ? value : undefined}
        aria-valuemin={port.minimum ?? undefined}
        aria-valuemax={port.maximum ?? undefined}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={event => onChange(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
            event.preventDefault();
            onChange(stepped(port, text, event.key === 'ArrowUp' ? 1 : -1));
          }
        }}
      />
      {share !== undefined && (
        <input
          className="jp-MlwsField-slider"
          type="range"
          min={0}
          max={1}
          step="any"
          tabIndex={-1}
          aria-label={trans.__('%1 between its limits', port.name)}
          value={Number.isNaN(share) ? 0 : share}
          onChange={event => onChange(String(atShare(port, Number(event.target.value))))}
        />
      )}
    </div>
  );
}

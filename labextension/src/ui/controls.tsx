// Buttons, fields and bars in JupyterLab's look.
import type { LabIcon } from '@jupyterlab/ui-components';
import type { ButtonHTMLAttributes, InputHTMLAttributes, ReactNode } from 'react';
import { useId } from 'react';
import { useLanguage } from './context';

export interface IButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** The one main action of a page. */
  primary?: boolean;
  /** Without border, for rows and bars. */
  minimal?: boolean;
  danger?: boolean;
  icon?: LabIcon;
}

/** A button; one with an icon or a sign alone (`×`) needs `title`, which is then its name. */
export function Button(props: IButtonProps): JSX.Element {
  const { primary, minimal, danger, icon: Icon, children, className, ...rest } = props;
  const names = [
    'jp-MlwsButton',
    primary && 'jp-mod-primary',
    minimal && 'jp-mod-minimal',
    danger && 'jp-mod-danger',
    !children && 'jp-mod-icon',
    className,
  ];
  return (
    <button
      type="button"
      aria-label={isNamed(children) ? undefined : rest.title}
      {...rest}
      className={names.filter(Boolean).join(' ')}
    >
      {Icon && <Icon.react tag="span" className="jp-MlwsButton-icon" elementSize="normal" />}
      {children && <span className="jp-MlwsButton-label">{children}</span>}
    </button>
  );
}

function isNamed(children: ReactNode): boolean {
  return typeof children === 'string' ? /\p{L}/u.test(children) : Boolean(children);
}

/** A row of actions; `end` stands at the far side. */
export function Toolbar(props: {
  label: string;
  children: ReactNode;
  end?: ReactNode;
}): JSX.Element {
  return (
    <div className="jp-MlwsToolbar" role="toolbar" aria-label={props.label}>
      <div className="jp-MlwsToolbar-start">{props.children}</div>
      {props.end && <div className="jp-MlwsToolbar-end">{props.end}</div>}
    </div>
  );
}

export interface ISearchProps
  extends Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> {
  value: string;
  onChange: (value: string) => void;
  label: string;
}

/** A text field to search or filter with; Escape clears it. */
export function Search(props: ISearchProps): JSX.Element {
  const { value, onChange, label, className, onKeyDown, ...rest } = props;
  return (
    <input
      {...rest}
      type="search"
      className={`jp-MlwsSearch jp-mod-styled ${className ?? ''}`}
      aria-label={label}
      placeholder={rest.placeholder ?? label}
      value={value}
      spellCheck={false}
      autoComplete="off"
      onChange={event => onChange(event.target.value)}
      onKeyDown={event => {
        if (event.key === 'Escape' && value) {
          event.stopPropagation();
          onChange('');
        }
        onKeyDown?.(event);
      }}
    />
  );
}

/** A labelled check box. */
export function Check(props: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}): JSX.Element {
  const id = useId();
  return (
    <span className="jp-MlwsCheck">
      <input
        id={id}
        type="checkbox"
        checked={props.checked}
        onChange={event => props.onChange(event.target.checked)}
      />
      <label htmlFor={id}>{props.label}</label>
    </span>
  );
}

/** A labelled choice. */
export function Choice<T extends string>(props: {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}): JSX.Element {
  const id = useId();
  return (
    <span className="jp-MlwsChoice">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        value={props.value}
        onChange={event => props.onChange(event.target.value as T)}
      >
        {props.options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </span>
  );
}

/** How far something is, as a bar of `done` of `total` cells in words for a screen reader. */
export function ProgressBar(props: { done: number; total: number; label: string }): JSX.Element {
  const share = props.total > 0 ? Math.min(props.done / props.total, 1) : 0;
  return (
    <div
      className="jp-MlwsProgress"
      role="progressbar"
      aria-valuenow={props.done}
      aria-valuemin={0}
      aria-valuemax={props.total}
      aria-valuetext={props.label}
      title={props.label}
    >
      <div className="jp-MlwsProgress-fill" style={{ width: `${share * 100}%` }} />
    </div>
  );
}

export interface ITab {
  id: string;
  label: string;
}

/** Tabs by the ARIA pattern: arrows move, the chosen one is in the tab order. */
export function Tabs(props: {
  label: string;
  tabs: readonly ITab[];
  active: string;
  onChange: (id: string) => void;
}): JSX.Element {
  const move = (event: React.KeyboardEvent, by: number): void => {
    event.preventDefault();
    const at = props.tabs.findIndex(tab => tab.id === props.active);
    const next = props.tabs[(at + by + props.tabs.length) % props.tabs.length];
    if (next) {
      props.onChange(next.id);
      const list = event.currentTarget.parentElement;
      list?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
    }
  };
  return (
    <div className="jp-MlwsTabs" role="tablist" aria-label={props.label}>
      {props.tabs.map(tab => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          data-tab={tab.id}
          aria-selected={tab.id === props.active}
          tabIndex={tab.id === props.active ? 0 : -1}
          className="jp-MlwsTabs-tab"
          onClick={() => props.onChange(tab.id)}
          onKeyDown={event => {
            if (event.key === 'ArrowRight') {
              move(event, 1);
            } else if (event.key === 'ArrowLeft') {
              move(event, -1);
            }
          }}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}

/** Puts a text on the clipboard. */
export function CopyButton(props: { text: string }): JSX.Element {
  const { trans } = useLanguage();
  return (
    <Button minimal onClick={() => void navigator.clipboard.writeText(props.text)}>
      {trans.__('Copy')}
    </Button>
  );
}

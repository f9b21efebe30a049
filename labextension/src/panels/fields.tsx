// A form of text fields: each with its label, what is wrong beside it; secrets are typed unseen.
import '../../style/data.css';
import { useId, useState } from 'react';
import type { ApiError } from '../api/client';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';

export interface IField {
  /** Dotted path in the document, such as `credentials.password`. */
  path: string;
  label: string;
  required?: boolean;
  secret?: boolean;
  hint?: string;
}

/** The document that values by path make; empty ones are left out. */
export function documentOf(values: Readonly<Record<string, string>>): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(values)) {
    if (value === '') {
      continue;
    }
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let here = made;
    for (const key of keys) {
      here[key] ??= {};
      here = here[key] as Record<string, unknown>;
    }
    here[last] = value;
  }
  return made;
}

export function Fields(props: {
  label: string;
  fields: readonly IField[];
  /** Values that are given at first. */
  given?: Readonly<Record<string, string>>;
  action: string;
  onSubmit: (values: Record<string, string>) => Promise<void>;
  onCancel: () => void;
  children?: React.ReactNode;
}): JSX.Element {
  const { trans } = useLanguage();
  const [values, setValues] = useState<Record<string, string>>({ ...props.given });
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const problems = new Map(
    (error?.problems ?? []).map(problem => [problem.field ?? '', problem.message]),
  );
  const known = new Set(props.fields.map(field => field.path));
  const rest = [...problems].filter(([path]) => !known.has(path));
  const submit = (): void => {
    setBusy(true);
    setError(null);
    const given = Object.fromEntries(
      props.fields.map(field => [field.path, values[field.path] ?? '']),
    );
    props
      .onSubmit(given)
      .catch((reason: ApiError) => setError(reason))
      .finally(() => setBusy(false));
  };
  return (
    <form
      className="jp-MlwsFields"
      aria-label={props.label}
      onSubmit={event => {
        event.preventDefault();
        submit();
      }}
    >
      {props.children}
      {props.fields.map(field => (
        <Field
          key={field.path}
          field={field}
          value={values[field.path] ?? ''}
          problem={problems.get(field.path)}
          onChange={value => setValues({ ...values, [field.path]: value })}
        />
      ))}
      {error && (problems.size === 0 || rest.length > 0) && (
        <p className="jp-MlwsFields-error" role="alert">
          {rest.length > 0
            ? rest.map(([path, message]) => `${path}: ${message}`).join(' ')
            : error.message}
        </p>
      )}
      <div className="jp-MlwsFields-actions">
        <Button onClick={props.onCancel}>{trans.__('Cancel')}</Button>
        <Button primary type="submit" disabled={isBusy}>
          {props.action}
        </Button>
      </div>
    </form>
  );
}

function Field(props: {
  field: IField;
  value: string;
  problem: string | undefined;
  onChange: (value: string) => void;
}): JSX.Element {
  const { field, problem } = props;
  const id = useId();
  return (
    <div className="jp-MlwsFields-field">
      <label htmlFor={id}>
        {field.label}
        {field.required && <span aria-hidden="true"> *</span>}
      </label>
      <input
        id={id}
        className="jp-mod-styled"
        type={field.secret ? 'password' : 'text'}
        autoComplete={field.secret ? 'new-password' : 'off'}
        spellCheck={false}
        required={field.required}
        placeholder={field.hint}
        aria-invalid={problem ? true : undefined}
        value={props.value}
        onChange={event => props.onChange(event.target.value)}
      />
      {problem && (
        <span className="jp-MlwsFields-error" role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}

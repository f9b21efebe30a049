// Empty, loading, failed: how every page says so.
import { Component, type ReactNode, useState } from 'react';
import { useLanguage } from './context';
import { Button } from './controls';
import { useDelayed } from './hooks';

/** One sentence, one action. */
export function Empty(props: { text: string; children?: ReactNode }): JSX.Element {
  return (
    <div className="jp-MlwsEmpty">
      <p>{props.text}</p>
      {props.children}
    </div>
  );
}

export interface IShownError {
  message: string;
  code?: string;
  status?: number;
  requestId?: string;
}

/** What failed and why, with the way out; the code stands under *Details*. */
export function ErrorStrip(props: {
  error: IShownError;
  onRetry?: () => void;
  children?: ReactNode;
}): JSX.Element {
  const { trans } = useLanguage();
  const [open, setOpen] = useState(false);
  const { error } = props;
  const text =
    error.code === 'UNREACHABLE'
      ? trans.__('The Jupyter server cannot be reached.')
      : error.message || trans.__('Something went wrong.');
  const details = [error.code, error.status || '', error.requestId, error.message]
    .filter(Boolean)
    .join(' · ');
  return (
    <div className="jp-MlwsErrorStrip" role="alert">
      <div className="jp-MlwsErrorStrip-text">{text}</div>
      <div className="jp-MlwsErrorStrip-actions">
        {props.onRetry && <Button onClick={props.onRetry}>{trans.__('Retry')}</Button>}
        {props.children}
        <Button minimal onClick={() => setOpen(!open)} aria-expanded={open}>
          {trans.__('Details')}
        </Button>
      </div>
      {open && (
        <div className="jp-MlwsErrorStrip-details">
          <code>{details}</code>
          <Button minimal onClick={() => void navigator.clipboard.writeText(details)}>
            {trans.__('Copy')}
          </Button>
        </div>
      )}
    </div>
  );
}

/** Grey rows in the place of what loads; nothing for the first 200 ms. */
export function Skeleton(props: { rows?: number }): JSX.Element | null {
  const { trans } = useLanguage();
  const late = useDelayed(true);
  if (!late) {
    return null;
  }
  return (
    <output className="jp-MlwsSkeleton" aria-label={trans.__('Loading')}>
      {Array.from({ length: props.rows ?? 3 }, (_, row) => `row-${row}`).map(key => (
        <div key={key} className="jp-MlwsSkeleton-row" />
      ))}
    </output>
  );
}

/** Keeps what goes wrong in drawing its children to their place on the page. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override state: { error: Error | null } = { error: null };

  override render(): ReactNode {
    const { error } = this.state;
    return error ? (
      <ErrorStrip error={error} onRetry={() => this.setState({ error: null })} />
    ) : (
      this.props.children
    );
  }
}

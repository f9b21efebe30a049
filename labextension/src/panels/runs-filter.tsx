// The filter of the runs page: completion while one types, and the fault shown where it is.
import '../../style/pages.css';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import type { ApiError } from '../api/client';
import { complete, completionAt, faultIn, type ICompletion } from '../model/completion';
import type { RunsModel } from '../model/runs';
import { isFilter } from '../model/search';
import { useLanguage } from '../ui/context';
import { Search } from '../ui/controls';

/** So long after the last key the filter is asked for. */
const PAUSE_MS = 350;

export function FilterBox(props: { model: RunsModel; isWrong: boolean }): JSX.Element {
  const { model, isWrong } = props;
  const { trans } = useLanguage();
  const [text, setText] = useState(model.query.text);
  const [completion, setCompletion] = useState<ICompletion | null>(null);
  const [active, setActive] = useState(-1);
  const [caret, setCaret] = useState<number | null>(null);
  const holder = useRef<HTMLSpanElement>(null);
  const timer = useRef<number>();
  const id = useId();
  const asked = model.query.text;
  // A new filter can come from outside too: a link, a command.
  useEffect(() => setText(asked), [asked]);
  useEffect(() => () => window.clearTimeout(timer.current), []);

  const field = (): HTMLInputElement | null => holder.current?.querySelector('input') ?? null;
  const change = (next: string, at: number): void => {
    const found = completionAt(next, at, keysOf(model));
    setText(next);
    setCompletion(found);
    setActive(-1);
    window.clearTimeout(timer.current);
    // Half a filter is no question yet.
    if (!(found && isFilter(next))) {
      timer.current = window.setTimeout(() => model.ask({ text: next }), PAUSE_MS);
    }
  };
  const ask = (): void => {
    window.clearTimeout(timer.current);
    setCompletion(null);
    model.ask({ text });
  };
  const accept = (option: string): void => {
    if (completion) {
      const next = complete(text, completion, option);
      change(next.text, next.caret);
      setCaret(next.caret);
    }
  };
  useLayoutEffect(() => {
    if (caret !== null) {
      field()?.focus();
      field()?.setSelectionRange(caret, caret);
      setCaret(null);
    }
  });

  const onKeys = (event: React.KeyboardEvent): void => {
    const options = completion?.options ?? [];
    const option = options[active];
    if (event.key === ' ' && event.ctrlKey) {
      setCompletion(completionAt(text, field()?.selectionStart ?? text.length, keysOf(model)));
    } else if (event.key === 'Enter' && option === undefined) {
      ask();
    } else if ((event.key === 'Enter' || event.key === 'Tab') && option !== undefined) {
      accept(option);
    } else if (event.key === 'Escape' && completion) {
      setCompletion(null);
    } else if (event.key === 'ArrowDown' && options.length > 0) {
      setActive((active + 1) % options.length);
    } else if (event.key === 'ArrowUp' && options.length > 0) {
      setActive((Math.max(active, 0) + options.length - 1) % options.length);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the field, before the field has them.
    <span
      ref={holder}
      className="jp-MlwsFilter"
      onKeyDownCapture={onKeys}
      onBlur={() => setCompletion(null)}
    >
      <Search
        className="jp-MlwsRuns-filter"
        label={trans.__('Filter runs')}
        placeholder={trans.__('Filter: name, failed, @me, or metrics.accuracy > 0.9')}
        value={text}
        onChange={next => change(next, field()?.selectionStart ?? next.length)}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={completion !== null}
        aria-controls={`${id}-options`}
        aria-activedescendant={completion && active >= 0 ? `${id}-${active}` : undefined}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? 'mlws-filter-error' : undefined}
      />
      {completion && (
        <div
          id={`${id}-options`}
          className="jp-MlwsFilter-options"
          role="listbox"
          aria-label={trans.__('Completions')}
        >
          {completion.options.map((option, at) => (
            <div
              key={option}
              id={`${id}-${at}`}
              role="option"
              tabIndex={-1}
              aria-selected={at === active}
              className="jp-MlwsFilter-option"
              onMouseDown={event => {
                // The field keeps the focus.
                event.preventDefault();
                accept(option);
              }}
            >
              {option}
            </div>
          ))}
        </div>
      )}
    </span>
  );
}

function keysOf({ keys }: RunsModel): { metrics: string[]; params: string[]; tags: string[] } {
  return { metrics: keys.names('metrics'), params: keys.names('params'), tags: keys.names('tags') };
}

/** What the server says of the filter, with a mark below the place where it could not go on. */
export function FilterFault(props: { filter: string; error: ApiError }): JSX.Element {
  const { filter, error } = props;
  const message = error.problems.map(problem => problem.message).join(' ') || error.message;
  const at = faultIn(message);
  return (
    <div className="jp-MlwsRuns-wrong" id="mlws-filter-error" role="alert">
      {at !== null && (
        <pre className="jp-MlwsRuns-fault" aria-hidden="true">
          {`${filter}\n${' '.repeat(Math.min(at, filter.length))}^`}
        </pre>
      )}
      {message}
    </div>
  );
}

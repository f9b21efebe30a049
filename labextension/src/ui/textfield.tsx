// A field that takes one short text in place and goes away again.
import { useEffect, useId, useRef, useState } from 'react';

export function TextField(props: {
  label: string;
  placeholder?: string;
  /** What can be chosen instead of typed. */
  options?: readonly string[];
  isRight: (text: string) => boolean;
  /** The text, once Enter is pressed; null when the person goes elsewhere. */
  onDone: (text: string | null) => void;
}): JSX.Element {
  const [text, setText] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => field.current?.focus(), []);
  const isRight = props.isRight(text);
  return (
    <>
      <input
        ref={field}
        className="jp-MlwsSearch jp-mod-styled"
        aria-label={props.label}
        placeholder={props.placeholder}
        aria-invalid={text !== '' && !isRight}
        list={props.options && id}
        value={text}
        onChange={event => setText(event.target.value)}
        onBlur={() => props.onDone(null)}
        onKeyDown={event => {
          if (event.key === 'Enter' && isRight) {
            props.onDone(text);
          } else if (event.key === 'Escape') {
            event.stopPropagation();
            props.onDone(null);
          }
        }}
      />
      {props.options && (
        <datalist id={id}>
          {props.options.map(option => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </>
  );
}

// Something that is opened to be looked at.
import '../../style/compare.css';
import { type ReactNode, useState } from 'react';

/** Its content is made when it is opened for the first time. */
export function Fold(props: {
  title: ReactNode;
  isOpen?: boolean;
  children: ReactNode;
}): JSX.Element {
  const [wasOpened, setOpened] = useState(props.isOpen ?? false);
  return (
    <details
      className="jp-MlwsDetails"
      open={props.isOpen}
      onToggle={event => {
        if (event.currentTarget.open) {
          setOpened(true);
        }
      }}
    >
      <summary>{props.title}</summary>
      {wasOpened && props.children}
    </details>
  );
}

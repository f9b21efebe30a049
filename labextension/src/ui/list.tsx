// A short list of rows with one focus: arrows move, Enter opens, right click shows what can be done.
import type { KeyboardEvent, ReactNode } from 'react';
import { useState } from 'react';
import { isMenuKey } from './table';

export interface IListProps<T> {
  label: string;
  items: readonly T[];
  itemKey: (item: T) => string;
  render: (item: T) => ReactNode;
  /** Shown on hover, and read aloud. */
  titleOf?: (item: T) => string;
  onOpen?: (item: T) => void;
  onMenu?: (item: T, x: number, y: number) => void;
}

export function List<T>(props: IListProps<T>): JSX.Element {
  const { items, itemKey } = props;
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const found = items.findIndex(item => itemKey(item) === activeKey);
  const active = found < 0 ? 0 : found;

  const onKeyDown = (event: KeyboardEvent<HTMLElement>, item: T, index: number): void => {
    if (event.target !== event.currentTarget) {
      return;
    }
    const rows = event.currentTarget.parentElement?.children;
    const steps: Record<string, number> = {
      ArrowDown: Math.min(items.length - 1, index + 1),
      ArrowUp: Math.max(0, index - 1),
      Home: 0,
      End: items.length - 1,
    };
    const target = steps[event.key];
    if (target !== undefined) {
      (rows?.[target] as HTMLElement | undefined)?.focus();
    } else if (event.key === 'Enter') {
      props.onOpen?.(item);
    } else if (isMenuKey(event)) {
      const box = event.currentTarget.getBoundingClientRect();
      props.onMenu?.(item, box.left + 24, box.bottom);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <ul className="jp-MlwsList" aria-label={props.label}>
      {items.map((item, index) => (
        <li
          key={itemKey(item)}
          className="jp-MlwsList-item"
          tabIndex={index === active ? 0 : -1}
          title={props.titleOf?.(item)}
          onFocus={() => setActiveKey(itemKey(item))}
          onClick={() => props.onOpen?.(item)}
          onContextMenu={event => {
            if (props.onMenu) {
              event.preventDefault();
              event.stopPropagation();
              props.onMenu(item, event.clientX, event.clientY);
            }
          }}
          onKeyDown={event => onKeyDown(event, item, index)}
        >
          {props.render(item)}
        </li>
      ))}
    </ul>
  );
}

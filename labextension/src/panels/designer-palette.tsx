// What a pipeline can be made of: notebooks of the project, components, control flow, notes.
import { useState } from 'react';
import type { Resource } from '../model/resource';
import { useLanguage } from '../ui/context';
import { Search } from '../ui/controls';
import { useResource } from '../ui/hooks';
import { Boundary, ErrorStrip, Skeleton } from '../ui/states';
import { type IPaletteStep, STEP_MIME } from './designer-canvas';

export interface IPaletteItem extends IPaletteStep {
  id: string;
  label: string;
  detail: string;
}

export interface IPaletteGroup {
  id: string;
  title: string;
  /** What to do when there is nothing. */
  empty: string;
  items: Resource<readonly IPaletteItem[]>;
}

export function DesignerPalette(props: {
  groups: readonly IPaletteGroup[];
  onAdd: (item: IPaletteItem) => void;
}): JSX.Element {
  const { trans } = useLanguage();
  const [search, setSearch] = useState('');
  return (
    <section className="jp-MlwsPalette" aria-label={trans.__('Parts')}>
      <Search
        label={trans.__('Search parts')}
        value={search}
        onChange={setSearch}
        onKeyDown={event => {
          if (event.key === 'ArrowDown') {
            event.preventDefault();
            event.currentTarget.parentElement?.querySelector<HTMLElement>('li')?.focus();
          }
        }}
      />
      <div className="jp-MlwsPalette-groups">
        {props.groups.map(group => (
          <Boundary key={group.id}>
            <Group group={group} search={search} onAdd={props.onAdd} />
          </Boundary>
        ))}
      </div>
    </section>
  );
}

function Group(props: {
  group: IPaletteGroup;
  search: string;
  onAdd: (item: IPaletteItem) => void;
}): JSX.Element | null {
  const { group, search, onAdd } = props;
  const { trans } = useLanguage();
  const { value, error, isLoading } = useResource(group.items);
  const [isOpen, setOpen] = useState(true);
  const words = search.toLowerCase();
  const found = (value ?? []).filter(item =>
    `${item.label} ${item.detail}`.toLowerCase().includes(words),
  );
  if (search && found.length === 0) {
    return null;
  }
  return (
    <div className="jp-MlwsPalette-group">
      <h3>
        <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {group.title} <small>{value ? found.length : ''}</small>
        </button>
      </h3>
      {isOpen && error && <ErrorStrip error={error} onRetry={() => void group.items.refresh()} />}
      {isOpen && !value && isLoading && <Skeleton rows={2} />}
      {isOpen && value?.length === 0 && <p className="jp-MlwsPalette-empty">{group.empty}</p>}
      {isOpen && (
        <ul>
          {found.map(item => (
            <li
              key={item.id}
              // biome-ignore lint/a11y/noNoninteractiveTabindex: it is dragged, and added by Enter
              tabIndex={0}
              draggable
              title={trans.__('Drag it onto the canvas, or press Enter')}
              onDragStart={event => {
                const { name, said, isSource } = item;
                const step: IPaletteStep = { name, said, isSource };
                event.dataTransfer.setData(STEP_MIME, JSON.stringify(step));
                event.dataTransfer.effectAllowed = 'copy';
              }}
              onDoubleClick={() => onAdd(item)}
              onKeyDown={event => {
                const row = event.currentTarget;
                if (event.key === 'Enter' || event.key === ' ') {
                  event.preventDefault();
                  onAdd(item);
                } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
                  event.preventDefault();
                  const rows = [
                    ...(row.closest('.jp-MlwsPalette')?.querySelectorAll<HTMLElement>('li') ?? []),
                  ];
                  rows[rows.indexOf(row) + (event.key === 'ArrowDown' ? 1 : -1)]?.focus();
                }
              }}
            >
              <span>{item.label}</span>
              {item.detail && <small>{item.detail}</small>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

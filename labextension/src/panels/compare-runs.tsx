// The runs of a comparison: put in order by mouse and keyboard, taken away, and added by a search.
import '../../style/pages.css';
import { addIcon, closeIcon } from '@jupyterlab/ui-components';
import { type KeyboardEvent, useEffect, useState } from 'react';
import type { Run } from '../api/client';
import { type CompareModel, MOST_RUNS } from '../model/compare';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Search } from '../ui/controls';
import { useDebounced, useResource, useSignal } from '../ui/hooks';
import { List } from '../ui/list';
import { Empty, ErrorStrip, type IShownError } from '../ui/states';
import { StatusIcon } from '../ui/status';
import { Ago } from '../ui/time';
import { execute, usePage } from './page';

export function RunChips(props: { model: CompareModel }): JSX.Element | null {
  const { model } = props;
  const page = usePage();
  const { trans } = useLanguage();
  useSignal(model.runs.changed);
  const { value } = useResource(model.facts);
  const [dragged, setDragged] = useState<string | null>(null);
  const [active, setActive] = useState<string | null>(null);
  const runs = model.runs.value;
  const heads = new Map(value?.value.runs.map(head => [head.run_id, head]));
  const focused = active !== null && runs.includes(active) ? active : runs[0];
  if (runs.length === 0) {
    return null;
  }

  const focus = (list: Element | null, id: string | undefined): void => {
    window.requestAnimationFrame(() =>
      list?.querySelector<HTMLElement>(`[data-run-chip="${id}"]`)?.focus(),
    );
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>, id: string): void => {
    if (event.target !== event.currentTarget) {
      return;
    }
    const list = event.currentTarget.parentElement;
    const at = runs.indexOf(id);
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by !== undefined && event.altKey) {
      model.place(id, at + by);
      focus(list, id);
    } else if (by !== undefined) {
      focus(list, runs[(at + by + runs.length) % runs.length]);
    } else if (event.key === 'b') {
      model.makeBaseline(id);
      focus(list, id);
    } else if (event.key === 'Delete') {
      model.remove(id);
      focus(list, runs[at + 1] ?? runs[at - 1]);
    } else if (event.key === 'Enter') {
      execute(page, CommandIDs.openRun, { run_id: id });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className="jp-MlwsCompare-bar">
      <ol className="jp-MlwsCompare-runs" aria-label={trans.__('Runs, the baseline first')}>
        {runs.map((id, at) => {
          const head = heads.get(id);
          const name = head?.name ?? id;
          return (
            <li
              key={id}
              data-run-chip={id}
              className={`jp-MlwsCompare-run ${at === 0 ? 'jp-mod-baseline' : ''}`}
              draggable
              tabIndex={id === focused ? 0 : -1}
              title={trans.__(
                '%1. Alt+←/→ moves it, b makes it the baseline, Del removes it',
                name,
              )}
              onFocus={() => setActive(id)}
              onKeyDown={event => onKeyDown(event, id)}
              onDoubleClick={() => execute(page, CommandIDs.openRun, { run_id: id })}
              onDragStart={event => {
                setDragged(id);
                event.dataTransfer.effectAllowed = 'move';
                event.dataTransfer.setData('text/plain', id);
              }}
              onDragEnd={() => setDragged(null)}
              onDragOver={event => {
                if (dragged !== null) {
                  event.preventDefault();
                }
              }}
              onDrop={event => {
                event.preventDefault();
                if (dragged !== null) {
                  model.place(dragged, at);
                }
                setDragged(null);
              }}
            >
              {head && <StatusIcon status={head.status} />}
              <span className="jp-MlwsCompare-name">{name}</span>
              {at === 0 && <span className="jp-MlwsTag">{trans.__('Baseline')}</span>}
              {at > 0 && (
                <Button minimal tabIndex={-1} onClick={() => model.makeBaseline(id)}>
                  {trans.__('Make baseline')}
                </Button>
              )}
              <Button
                minimal
                tabIndex={-1}
                icon={closeIcon}
                title={trans.__('Take %1 out of the comparison', name)}
                onClick={() => model.remove(id)}
              />
            </li>
          );
        })}
      </ol>
      {runs.length < MOST_RUNS && model.isReady && (
        <Button
          minimal
          icon={addIcon}
          onClick={() => {
            model.isAdding.value = !model.isAdding.value;
          }}
          aria-expanded={model.isAdding.value}
        >
          {trans.__('Add run')}
        </Button>
      )}
    </div>
  );
}

/** Looks for runs and adds the one that is chosen. */
export function Picker(props: { model: CompareModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const [text, setText] = useState('');
  const [found, setFound] = useState<readonly Run[] | null>(null);
  const [error, setError] = useState<IShownError | null>(null);
  const asked = useDebounced(text, 200);
  useSignal(model.runs.changed);
  const runs = model.runs.value;

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs that were chosen are not offered again.
  useEffect(() => {
    const call = new AbortController();
    model
      .find(asked, call.signal)
      .then(items => {
        setFound(items);
        setError(null);
      })
      .catch((reason: Error) => {
        if (!call.signal.aborted) {
          setError(reason);
        }
      });
    return () => call.abort();
  }, [model, asked, runs]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes it wherever in it the focus is.
    <div
      className="jp-MlwsCompare-picker"
      onKeyDown={event => {
        if (event.key === 'Escape' && model.isReady) {
          event.stopPropagation();
          model.isAdding.value = false;
        }
      }}
    >
      {!model.isReady && (
        <Empty
          text={
            runs.length === 0
              ? trans.__('Pick two runs to see what is different between them.')
              : trans.__('Pick a run to compare it with.')
          }
        />
      )}
      <Search
        label={trans.__('Search runs: a name, failed, @me')}
        value={text}
        onChange={setText}
        autoFocus
        onKeyDown={event => {
          const list = event.currentTarget.parentElement?.querySelector<HTMLElement>('li');
          if (event.key === 'ArrowDown' && list) {
            event.preventDefault();
            list.focus();
          } else if (event.key === 'Enter' && found?.[0]) {
            event.preventDefault();
            model.add(found[0].run_id);
          }
        }}
      />
      {error && <ErrorStrip error={error} />}
      {found?.length === 0 && !error && (
        <p className="jp-MlwsNote">{trans.__('No run fits this search.')}</p>
      )}
      {found && (
        <List
          label={trans.__('Runs found')}
          items={found}
          itemKey={run => run.run_id}
          titleOf={run => `${run.name} (${run.run_id})`}
          onOpen={run => {
            model.add(run.run_id);
            model.isAdding.value = false;
          }}
          render={run => (
            <div className="jp-MlwsRow">
              <StatusIcon status={run.status} />
              <span className="jp-MlwsRow-name">{run.name}</span>
              <span className="jp-MlwsNote">{run.experiment_name}</span>
              <span className="jp-MlwsNote">
                <Ago time={run.created_at} />
              </span>
            </div>
          )}
        />
      )}
    </div>
  );
}

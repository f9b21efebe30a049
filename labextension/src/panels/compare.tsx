// The compare page: runs side by side, section by section, only what differs unless all is asked for.
import '../../style/compare.css';
import { linkIcon } from '@jupyterlab/ui-components';
import { type KeyboardEvent, type ReactNode, useRef } from 'react';
import type { CompareModel } from '../model/compare';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Check, Toolbar } from '../ui/controls';
import { useResource, useSignal } from '../ui/hooks';
import { Boundary } from '../ui/states';
import { Artifacts } from './compare-artifacts';
import { Code } from './compare-code';
import { Picker, RunChips } from './compare-runs';
import { Data, Environment, Metrics, Parameters, Verdict } from './compare-values';
import { ConnectionMark } from './connection';
import { execute, usePage } from './page';

export function ComparePage(props: { model: CompareModel }): JSX.Element {
  const { model } = props;
  const page = usePage();
  const { trans } = useLanguage();
  const node = useRef<HTMLDivElement>(null);
  useSignal(model.runs.changed);
  useSignal(model.onlyDifferences.changed);
  useSignal(model.isAdding.changed);
  const { isLoading } = useResource(model.facts);
  const runs = model.runs.value;

  const sections: readonly [string, string, ReactNode][] = [
    ['verdict', trans.__('Verdict'), <Verdict key="v" model={model} />],
    ['metrics', trans.__('Metrics'), <Metrics key="m" model={model} />],
    ['parameters', trans.__('Parameters'), <Parameters key="p" model={model} />],
    ['code', trans.__('Code'), <Code key="c" model={model} />],
    ['environment', trans.__('Environment'), <Environment key="e" model={model} />],
    ['data', trans.__('Data'), <Data key="d" model={model} />],
    ['artifacts', trans.__('Artifacts'), <Artifacts key="a" model={model} />],
  ];

  const goTo = (id: string): void => {
    const section = node.current?.querySelector<HTMLElement>(`[data-section="${id}"]`);
    section?.scrollIntoView({ block: 'start' });
    section?.focus({ preventScroll: true });
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.key === 'F7' && node.current) {
      event.preventDefault();
      event.stopPropagation();
      goToDifference(node.current, event.shiftKey ? -1 : 1);
      return;
    }
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const section = sections[Number(event.key) - 1];
    if (section) {
      event.preventDefault();
      goTo(section[0]);
    } else if (event.key === 'b' && runs[1]) {
      event.preventDefault();
      model.makeBaseline(runs[1]);
    }
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the page's keys work wherever in it the focus is.
    <div
      ref={node}
      className="jp-MlwsPage jp-MlwsCompare"
      aria-busy={isLoading}
      onKeyDown={onKeyDown}
    >
      <Toolbar
        label={trans.__('Compare')}
        end={
          <>
            <ConnectionMark />
            {model.isReady && (
              <Button
                minimal
                icon={linkIcon}
                title={trans.__('Copy a link to this comparison')}
                onClick={() => execute(page, CommandIDs.copyCompareLink, { runs: [...runs] })}
              />
            )}
          </>
        }
      >
        <Check
          label={trans.__('Only differences')}
          checked={model.onlyDifferences.value}
          onChange={checked => {
            model.onlyDifferences.value = checked;
          }}
        />
        <Button
          minimal
          title={trans.__('Previous difference (Shift+F7)')}
          disabled={!model.isReady}
          onClick={() => node.current && goToDifference(node.current, -1)}
        >
          ↑
        </Button>
        <Button
          minimal
          title={trans.__('Next difference (F7)')}
          disabled={!model.isReady}
          onClick={() => node.current && goToDifference(node.current, 1)}
        >
          ↓
        </Button>
        {sections.map(([id, title], at) => (
          <Button
            key={id}
            minimal
            disabled={!model.isReady}
            aria-keyshortcuts={String(at + 1)}
            onClick={() => goTo(id)}
          >
            {title}
          </Button>
        ))}
      </Toolbar>
      <RunChips model={model} />
      {(!model.isReady || model.isAdding.value) && <Picker model={model} />}
      {model.isReady && (
        <div className="jp-MlwsCompare-sections">
          {sections.map(([id, title, content]) => (
            <section
              key={id}
              className="jp-MlwsCompare-section"
              data-section={id}
              tabIndex={-1}
              aria-label={title}
            >
              <h3>{title}</h3>
              <Boundary>{content}</Boundary>
            </section>
          ))}
        </div>
      )}
    </div>
  );
}

/** Focus the difference after or before the one that has, or is around, the focus. */
function goToDifference(page: HTMLElement, by: 1 | -1): void {
  const stops = [...page.querySelectorAll<HTMLElement>('[data-difference]')].filter(
    stop => stop.offsetParent !== null,
  );
  if (stops.length === 0) {
    return;
  }
  const here = document.activeElement;
  const current = here?.closest<HTMLElement>('[data-difference]') ?? null;
  let at = current ? stops.indexOf(current) + by : -1;
  if (!current) {
    const after = stops.findIndex(
      stop => here && here.compareDocumentPosition(stop) & Node.DOCUMENT_POSITION_FOLLOWING,
    );
    const next = here && page.contains(here) && after >= 0 ? after : 0;
    at = by > 0 ? next : next - 1;
  }
  const target = stops[(at + stops.length) % stops.length];
  target?.scrollIntoView({ block: 'center' });
  target?.focus({ preventScroll: true });
}

function isTyping(event: KeyboardEvent): boolean {
  const node = event.target as HTMLElement;
  return node.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(node.tagName);
}

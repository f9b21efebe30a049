// The lineage of a thing: graph or list, what is known of the chosen node, and what depends on it.
import '../../style/lineage.css';
import { type KeyboardEvent, useState } from 'react';
import type { Lineage, LineageNode } from '../api/client';
import { type IListed, type LineageModel, listed, shownOf } from '../model/lineage';
import { useLanguage } from '../ui/context';
import { Button, Check, Choice, Toolbar } from '../ui/controls';
import { exactTime } from '../ui/format';
import { useResource, useSignal } from '../ui/hooks';
import { List } from '../ui/list';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { StatusChip } from '../ui/status';
import { LineageGraph, Marks } from './lineage-graph';
import { canOpen, countsText, kindWord, openNode, relationWord } from './lineage-words';
import { usePage } from './page';

/** The lineage as a page of its own. */
export function LineagePage(props: { model: LineageModel }): JSX.Element {
  return (
    <div className="jp-MlwsPage jp-MlwsLineagePage">
      <LineageParts model={props.model} />
    </div>
  );
}

export function LineageParts(props: { model: LineageModel }): JSX.Element {
  const { model } = props;
  const { trans } = useLanguage();
  const { value, error } = useResource(model.graph);
  const impact = useResource(model.impact);
  const [asked, setAsked] = useState<string | null>(null);
  useSignal(model.hidden.changed);
  useSignal(model.view.changed);
  useSignal(model.changed);
  useSignal(model.selected.changed);
  if (!value) {
    return error ? (
      <ErrorStrip error={error} onRetry={() => void model.graph.refresh()} />
    ) : (
      <Skeleton rows={6} />
    );
  }
  const node = value.nodes.find(item => item.id === model.selected.value) ?? value.nodes[0];
  const answer = asked === node?.id && impact.value?.root === asked ? impact.value : null;
  const hit = new Set(answer?.nodes.map(item => item.id));
  const graph = shownOf(value, model.hidden.value);
  const ask = (): void => {
    setAsked(node?.id ?? null);
    void model.impact.restart();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const { tagName } = event.target as HTMLElement;
    if (['INPUT', 'SELECT', 'TEXTAREA'].includes(tagName) || event.ctrlKey || event.metaKey) {
      return;
    }
    if (event.key === 'i') {
      ask();
    } else if (event.key === '+') {
      model.depth += 1;
    } else if (event.key === '-') {
      model.depth -= 1;
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys work wherever in it the focus is.
    <div className="jp-MlwsLineage" data-root={value.root} onKeyDown={onKeyDown}>
      <Bar model={model} graph={value} />
      {error && <ErrorStrip error={error} onRetry={() => void model.graph.refresh()} />}
      {value.truncated && (
        <p className="jp-MlwsNote">{trans.__('There is more than fits here.')}</p>
      )}
      <div className="jp-MlwsLineage-split">
        {value.edges.length === 0 ? (
          <Alone node={node} />
        ) : model.view.value === 'graph' ? (
          <LineageGraph model={model} graph={graph} hit={hit} />
        ) : (
          <Lists model={model} graph={graph} hit={hit} />
        )}
        {node && (
          <aside className="jp-MlwsLineage-aside" aria-label={trans.__('Chosen')}>
            <Facts model={model} node={node} onAsk={ask} />
            {asked === node.id && impact.error && <ErrorStrip error={impact.error} onRetry={ask} />}
            {asked === node.id && answer && (
              <ImpactList model={model} nodes={answer.nodes} counts={answer.counts} />
            )}
          </aside>
        )}
      </div>
    </div>
  );
}

function Bar(props: { model: LineageModel; graph: Lineage }): JSX.Element {
  const { model, graph } = props;
  const { trans } = useLanguage();
  const kinds = [...new Set(graph.nodes.map(node => node.kind))].sort();
  const hidden = model.hidden.value;
  const isMore = graph.nodes.some(
    node => (node.n_hidden_up ?? 0) > 0 || (node.n_hidden_down ?? 0) > 0,
  );
  return (
    <Toolbar
      label={trans.__('Lineage')}
      end={
        <Choice
          label={trans.__('Show as')}
          value={model.view.value}
          options={[
            ['graph', trans.__('Graph')],
            ['list', trans.__('List')],
          ]}
          onChange={view => {
            model.view.value = view;
          }}
        />
      }
    >
      <Button
        minimal
        disabled={model.depth <= 1}
        title={trans.__('Fewer steps (-)')}
        onClick={() => {
          model.depth -= 1;
        }}
      >
        −
      </Button>
      <span className="jp-MlwsNote">
        {trans._n('%1 step to each side', '%1 steps to each side', model.depth)}
      </span>
      <Button
        minimal
        disabled={!isMore}
        title={trans.__('More steps (+)')}
        onClick={() => {
          model.depth += 1;
        }}
      >
        +
      </Button>
      {kinds.length > 1 && (
        <fieldset className="jp-MlwsLineage-kinds" aria-label={trans.__('Kinds that are shown')}>
          {kinds.map(kind => (
            <Check
              key={kind}
              label={kindWord(kind, trans)}
              checked={!hidden.includes(kind)}
              onChange={isShown => {
                model.hidden.value = isShown
                  ? hidden.filter(each => each !== kind)
                  : [...hidden, kind];
              }}
            />
          ))}
        </fieldset>
      )}
    </Toolbar>
  );
}

function Alone(props: { node: LineageNode | undefined }): JSX.Element {
  const { trans } = useLanguage();
  const isRun = props.node?.kind === 'run';
  return (
    <div className="jp-MlwsLineage-alone">
      <Empty
        text={
          isRun
            ? trans.__(
                'Nothing is known of what this run read and made: it declared no inputs and outputs. Those of a job, and what mlflow.log_input and log_model name, become its lineage.',
              )
            : trans.__(
                'No run has read or made this yet. What a job declares as inputs and outputs becomes its lineage.',
              )
        }
      />
    </div>
  );
}

function Facts(props: { model: LineageModel; node: LineageNode; onAsk: () => void }): JSX.Element {
  const { model, node, onAsk } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  return (
    <>
      <header>
        <span className="jp-MlwsThing-kind">{kindWord(node.kind, trans)}</span>
        <h3 title={node.id}>{node.label}</h3>
      </header>
      <p className="jp-MlwsLineage-facts">
        {node.kind === 'run' && node.status && (
          <StatusChip status={node.status as Parameters<typeof StatusChip>[0]['status']} />
        )}
        {node.type && <span className="jp-MlwsTag">{node.type}</span>}
        <Marks node={node} />
      </p>
      {node.created_at && <p className="jp-MlwsNote">{exactTime(node.created_at, locale)}</p>}
      {node.stale && (
        <p className="jp-MlwsNote">
          {trans.__('Something that it was made of has a newer version. Run it again to catch up.')}
        </p>
      )}
      <div className="jp-MlwsLineage-actions">
        {canOpen(page, node) && (
          <Button onClick={() => openNode(page, node)}>{trans.__('Open')}</Button>
        )}
        <Button title={trans.__('All that was made of it, however far away (i)')} onClick={onAsk}>
          {trans.__('What depends on this?')}
        </Button>
        {node.id !== model.graph.value?.root && (
          <Button onClick={() => model.start(node.id)}>{trans.__('Start here')}</Button>
        )}
      </div>
    </>
  );
}

function ImpactList(props: {
  model: LineageModel;
  nodes: readonly LineageNode[];
  counts: Readonly<Record<string, number>>;
}): JSX.Element {
  const { nodes, counts } = props;
  const page = usePage();
  const { trans, locale } = useLanguage();
  return (
    <section className="jp-MlwsLineage-impact" aria-label={trans.__('Depends on it')}>
      <p role="status">
        {nodes.length === 0
          ? trans.__('Nothing depends on this: it can change without consequence.')
          : trans.__('If this changes, it concerns %1', countsText(counts, trans, locale))}
      </p>
      {nodes.length > 0 && (
        <List
          label={trans.__('Depends on it')}
          items={nodes}
          itemKey={node => node.id}
          titleOf={node => node.id}
          onOpen={node => openNode(page, node)}
          render={node => (
            <div className="jp-MlwsLineage-item" data-depends={node.id}>
              <span className="jp-MlwsThing-kind">{kindWord(node.kind, trans)}</span>
              <span className="jp-MlwsLineage-name">{node.label}</span>
            </div>
          )}
        />
      )}
    </section>
  );
}

function Lists(props: {
  model: LineageModel;
  graph: Lineage;
  hit: ReadonlySet<string>;
}): JSX.Element {
  const { trans } = useLanguage();
  return (
    <div className="jp-MlwsLineage-lists">
      <Side {...props} title={trans.__('What it was made of')} side="up" />
      <Side {...props} title={trans.__('What was made of it')} side="down" />
    </div>
  );
}

function Side(props: {
  model: LineageModel;
  graph: Lineage;
  hit: ReadonlySet<string>;
  side: 'up' | 'down';
  title: string;
}): JSX.Element {
  const { model, graph, hit, side, title } = props;
  const { trans } = useLanguage();
  const page = usePage();
  const items = listed(graph, side);
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {items.length === 0 ? (
        <p className="jp-MlwsNote">{trans.__('Nothing that is known.')}</p>
      ) : (
        <List
          label={title}
          items={items}
          itemKey={item => item.node.id}
          onOpen={item => {
            // Once chooses, and what is chosen opens.
            if (model.selected.value === item.node.id) {
              openNode(page, item.node);
            }
            model.selected.value = item.node.id;
          }}
          render={item => (
            <Row
              item={item}
              isChosen={model.selected.value === item.node.id}
              isHit={hit.has(item.node.id)}
            />
          )}
        />
      )}
    </section>
  );
}

function Row(props: { item: IListed; isChosen: boolean; isHit: boolean }): JSX.Element {
  const { item, isChosen, isHit } = props;
  const { node, edge, level } = item;
  const { trans } = useLanguage();
  const names = ['jp-MlwsLineage-item', isChosen && 'jp-mod-selected', isHit && 'jp-mod-hit'];
  return (
    <div
      className={names.filter(Boolean).join(' ')}
      data-listed={node.id}
      aria-current={isChosen || undefined}
      style={{ paddingInlineStart: 8 + (level - 1) * 18 }}
    >
      <span className="jp-MlwsThing-kind">{kindWord(node.kind, trans)}</span>
      <span className="jp-MlwsLineage-name">{node.label}</span>
      <span className="jp-MlwsNote">{relationWord(edge, trans)}</span>
      {node.kind === 'run' && node.status && (
        <StatusChip status={node.status as Parameters<typeof StatusChip>[0]['status']} />
      )}
      <Marks node={node} />
    </div>
  );
}

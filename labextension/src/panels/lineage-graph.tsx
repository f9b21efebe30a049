// The lineage as a graph: from where things come on the left to what was made of them on the right.
import dagre from '@dagrejs/dagre';
import {
  Background,
  BackgroundVariant,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useNodesInitialized,
  useReactFlow,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import type { TranslationBundle } from '@jupyterlab/translation';
import { type KeyboardEvent, memo, useEffect, useMemo, useRef, useState } from 'react';
import type { Lineage, LineageNode } from '../api/client';
import { edgeId, type LineageModel, neighbour, pathOf } from '../model/lineage';
import { useLanguage } from '../ui/context';
import { useSignal } from '../ui/hooks';
import { StatusIcon } from '../ui/status';
import { kindWord, openNode, relationWord } from './lineage-words';
import { usePage } from './page';

const WIDTH = 210;
const HEIGHT = 62;
const FIT = { padding: 0.12, maxZoom: 1 };

type Places = ReadonlyMap<string, readonly [number, number]>;
type Box = Node<
  {
    node: LineageNode;
    model: LineageModel;
    isRoot: boolean;
    isDim: boolean;
    isHit: boolean;
    onPoint: (id: string | null) => void;
  },
  'thing'
>;

const NODE_TYPES = { thing: memo(Thing) };

export interface IGraphProps {
  model: LineageModel;
  graph: Lineage;
  /** What depends on the chosen node, when that was asked. */
  hit: ReadonlySet<string>;
}

export function LineageGraph(props: IGraphProps): JSX.Element {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
}

/** Where the nodes stand, by id: their upper left corners. */
export function arranged(graph: Lineage): Places {
  const drawn = new dagre.graphlib.Graph();
  drawn.setGraph({ rankdir: 'LR', nodesep: 22, ranksep: 84, marginx: 20, marginy: 20 });
  drawn.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) {
    drawn.setNode(node.id, { width: WIDTH, height: HEIGHT });
  }
  for (const edge of graph.edges) {
    drawn.setEdge(edge.source, edge.target);
  }
  dagre.layout(drawn);
  return new Map(
    graph.nodes.map(({ id }) => {
      const { x, y } = drawn.node(id);
      return [id, [Math.round(x - WIDTH / 2), Math.round(y - HEIGHT / 2)] as const];
    }),
  );
}

function Flow({ model, graph, hit }: IGraphProps): JSX.Element {
  const { trans } = useLanguage();
  const page = usePage();
  const flow = useReactFlow<Box, Edge>();
  const box = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<string | null>(null);
  useSignal(model.selected.changed);
  const selected = model.selected.value;
  const places = useMemo(() => arranged(graph), [graph]);
  const lit = useMemo(
    () => (pointed ? pathOf(graph.edges, pointed) : null),
    [graph.edges, pointed],
  );
  const nodes = useMemo(
    () =>
      graph.nodes.map<Box>(node => {
        const [x, y] = places.get(node.id) ?? [0, 0];
        return {
          id: node.id,
          type: 'thing',
          position: { x, y },
          width: WIDTH,
          height: HEIGHT,
          selected: node.id === selected,
          data: {
            node,
            model,
            isRoot: node.id === graph.root,
            isDim: lit !== null && !lit.has(node.id),
            isHit: hit.has(node.id),
            onPoint: setPointed,
          },
        };
      }),
    [graph, places, selected, model, lit, hit],
  );
  const edges = useMemo(() => edgesOf(graph, lit, trans), [graph, lit, trans]);
  const shape = graph.nodes.map(node => node.id).join(' ');
  const isMeasured = useNodesInitialized();
  // A graph that has grown is shown whole.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only its shape moves the view.
  useEffect(() => {
    if (isMeasured) {
      void flow.fitView(FIT);
    }
  }, [shape, isMeasured, flow]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const node = graph.nodes.find(item => item.id === selected);
    if (event.key === 'Enter' && node && (event.target as HTMLElement).dataset.node) {
      openNode(page, node);
    } else {
      const next = neighbour(graph, places, selected, event.key);
      if (next === null) {
        return;
      }
      model.selected.value = next;
      const [x, y] = places.get(next) ?? [0, 0];
      void flow.setCenter(x + WIDTH / 2, y + HEIGHT / 2, { zoom: flow.getZoom() });
      for (const button of box.current?.querySelectorAll<HTMLElement>('[data-node]') ?? []) {
        if (button.dataset.node === next) {
          button.focus();
        }
      }
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={box}
      className="jp-MlwsLineage-graph"
      role="application"
      aria-label={trans.__('Lineage as a graph')}
      onKeyDown={onKeyDown}
    >
      <ReactFlow<Box, Edge>
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        disableKeyboardA11y
        minZoom={0.1}
        maxZoom={1.5}
        fitView
        fitViewOptions={FIT}
        proOptions={{ hideAttribution: true }}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1} />
        <Controls
          showInteractive={false}
          fitViewOptions={FIT}
          aria-label={trans.__('Zoom')}
          position="bottom-left"
        />
      </ReactFlow>
    </div>
  );
}

function Thing({ data, selected }: NodeProps<Box>): JSX.Element {
  const { node, model, isRoot, isDim, isHit, onPoint } = data;
  const page = usePage();
  const { trans } = useLanguage();
  const [up, down] = [node.n_hidden_up ?? 0, node.n_hidden_down ?? 0];
  const names = [
    'jp-MlwsThing',
    `jp-mod-${node.kind}`,
    isRoot && 'jp-mod-root',
    selected && 'jp-mod-selected',
    isDim && 'jp-mod-dim',
    isHit && 'jp-mod-hit',
  ];
  return (
    <div className={names.filter(Boolean).join(' ')} style={{ width: WIDTH, height: HEIGHT }}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <Handle type="source" position={Position.Right} isConnectable={false} />
      <button
        type="button"
        className="jp-MlwsThing-face nodrag"
        data-node={node.id}
        tabIndex={selected ? 0 : -1}
        aria-current={isRoot || undefined}
        aria-pressed={selected}
        title={node.label}
        onMouseEnter={() => onPoint(node.id)}
        onMouseLeave={() => onPoint(null)}
        onClick={() => {
          model.selected.value = node.id;
        }}
        onDoubleClick={() => openNode(page, node)}
      >
        <span className="jp-MlwsThing-kind">
          {kindWord(node.kind, trans)}
          <Marks node={node} />
        </span>
        <span className="jp-MlwsThing-label">
          {node.kind === 'run' && node.status && <NodeStatus node={node} />}
          <strong>{node.label}</strong>
        </span>
      </button>
      {up > 0 && (
        <MoreButton side="up" n={up} label={node.label} onClick={() => model.grow(node.id)} />
      )}
      {down > 0 && (
        <MoreButton side="down" n={down} label={node.label} onClick={() => model.grow(node.id)} />
      )}
    </div>
  );
}

function NodeStatus(props: { node: LineageNode }): JSX.Element {
  return (
    <StatusIcon
      status={props.node.status as Parameters<typeof StatusIcon>[0]['status']}
      withTitle
    />
  );
}

/** What is to be known of a node at once: outdated, of something outdated, gone. */
export function Marks(props: { node: LineageNode }): JSX.Element {
  const { node } = props;
  const { trans } = useLanguage();
  return (
    <>
      {node.newer && (
        <span className="jp-MlwsThing-mark">{trans.__('version %1 is newer', node.newer)}</span>
      )}
      {node.stale && (
        <span
          className="jp-MlwsThing-mark jp-mod-stale"
          title={trans.__('Something that it was made of has a newer version.')}
        >
          {trans.__('stale')}
        </span>
      )}
      {node.missing && <span className="jp-MlwsThing-mark">{trans.__('gone')}</span>}
    </>
  );
}

function MoreButton(props: {
  side: 'up' | 'down';
  n: number;
  label: string;
  onClick: () => void;
}): JSX.Element {
  const { side, n, label } = props;
  const { trans } = useLanguage();
  const title =
    side === 'up'
      ? trans._n('Show %1 more before %2', 'Show %1 more before %2', n, label)
      : trans._n('Show %1 more after %2', 'Show %1 more after %2', n, label);
  return (
    <button
      type="button"
      tabIndex={-1}
      className={`jp-MlwsThing-more jp-mod-${side} nodrag`}
      title={title}
      aria-label={title}
      onClick={props.onClick}
    >
      +{n}
    </button>
  );
}

/** Edges with the names of what is handed on; words only where an edge is no flow of content. */
function edgesOf(
  graph: Lineage,
  lit: ReadonlySet<string> | null,
  trans: TranslationBundle,
): Edge[] {
  return graph.edges.map(edge => {
    const isFlow = edge.relation === 'input' || edge.relation === 'output';
    const isPlain = isFlow || edge.relation === 'code_of' || edge.relation === 'environment_of';
    const inputs = edge.detail?.inputs;
    const label = Array.isArray(inputs) ? inputs.join(', ') : '';
    const isDim = lit !== null && !(lit.has(edge.source) && lit.has(edge.target));
    return {
      id: edgeId(edge),
      source: edge.source,
      target: edge.target,
      label: isPlain ? label : relationWord(edge, trans),
      markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14 },
      className: `jp-MlwsLineage-edge jp-mod-${isFlow ? 'flow' : 'other'}${isDim ? ' jp-mod-dim' : ''}`,
    };
  });
}

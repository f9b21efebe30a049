// The lineage around one thing: what it was made of, what was made of it, as far as was asked for.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Event, ICaller, Impact, Lineage, LineageEdge, LineageNode } from '../api/client';
import { subjectOf } from './concerns';
import { Resource } from './resource';
import { State } from './state';
import { SLOW_REFRESH_MS, type WorkspaceModel } from './workspace';

/** Steps to each side that are shown before more are asked for. */
export const DEPTH = 2;
const MOST_STEPS = 50;

export type LineageView = 'graph' | 'list';

/** Kinds of things that have a place in the lineage. */
const KINDS: ReadonlySet<string> = new Set([
  'job',
  'run',
  'data',
  'model',
  'component',
  'environment',
]);

export class LineageModel implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    models: WorkspaceModel,
    private _node: string,
  ) {
    this.selected = new State(_node);
    this.graph = new Resource<Lineage>(signal => this._read(signal));
    this.impact = new Resource<Impact>(signal =>
      this._caller.call('lineage.impact', { node: this.selected.value }, { signal }),
    );
    this.graph.changed.connect(() => this._settle());
    this._following = models.follow(this.graph, isLink, SLOW_REFRESH_MS);
    void this.graph.refresh();
  }

  readonly graph: Resource<Lineage>;
  /** What depends on the chosen node; read when somebody asks. */
  readonly impact: Resource<Impact>;
  /** Id of the node that is looked at. */
  readonly selected: State<string>;
  readonly hidden = new State<readonly string[]>([]);
  readonly view = new State<LineageView>('graph');

  /** The node that the graph starts at. */
  get node(): string {
    return this._node;
  }

  /** Fires when the graph starts elsewhere, or goes further. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get depth(): number {
    return this._depth;
  }

  set depth(value: number) {
    const depth = Math.min(MOST_STEPS, Math.max(1, value));
    if (depth !== this._depth) {
      this._depth = depth;
      this._again();
    }
  }

  get isDisposed(): boolean {
    return this.graph.isDisposed;
  }

  /** Look at what lies around another node. */
  start(node: string): void {
    this._node = node;
    this._depth = DEPTH;
    this._grown = [];
    this.selected.value = node;
    this._again();
  }

  /** Show also what lies beside this node. */
  grow(node: string): void {
    if (!this._grown.includes(node)) {
      this._grown = [...this._grown, node];
      this._again();
    }
  }

  dispose(): void {
    this._following.dispose();
    this.graph.dispose();
    this.impact.dispose();
    Signal.clearData(this);
  }

  private _again(): void {
    this._changed.emit();
    void this.graph.restart();
  }

  private async _read(signal: AbortSignal): Promise<Lineage> {
    const { _node: node, _depth: depth } = this;
    const around = await this._caller.call('lineage.show', { node, depth }, { signal });
    const more = await Promise.all(
      this._grown.map(id => this._caller.call('lineage.show', { node: id, depth: 1 }, { signal })),
    );
    return more.reduce(joined, around);
  }

  /** What was asked for by a short name has the name of the answer from now on. */
  private _settle(): void {
    const { value } = this.graph;
    if (value && !value.nodes.some(node => node.id === this.selected.value)) {
      this.selected.value = value.root;
    }
  }

  private _depth = DEPTH;
  private _grown: readonly string[] = [];
  private readonly _following: IDisposable;
  private readonly _changed = new Signal<this, void>(this);
}

/** Whether an event may have made an edge, or changed what a node says. */
function isLink(event: Event): boolean {
  return (
    KINDS.has(subjectOf(event).kind) &&
    !['artifacts/write', 'jobs/progress'].includes(event.action) &&
    !('metrics' in (event.change ?? {})) &&
    !('n_system_metrics' in (event.change ?? {}))
  );
}

export function edgeId(edge: LineageEdge): string {
  return `${edge.source} ${edge.relation} ${edge.target}`;
}

/** Two graphs as one, seen from the root of the first. */
export function joined(first: Lineage, second: Lineage): Lineage {
  const nodes = new Map(first.nodes.map(node => [node.id, node]));
  const at = nodes.get(second.root)?.distance ?? 0;
  const edges = new Map([...first.edges, ...second.edges].map(edge => [edgeId(edge), edge]));
  const all = [...edges.values()];
  for (const node of second.nodes) {
    if (!nodes.has(node.id)) {
      nodes.set(node.id, { ...node, distance: at + node.distance });
    }
  }
  const degree = (graph: Lineage, id: string): [number, number] => [
    graph.edges.filter(edge => edge.target === id).length,
    graph.edges.filter(edge => edge.source === id).length,
  ];
  const left = (node: LineageNode): LineageNode => {
    const graph = first.nodes.some(item => item.id === node.id) ? first : second;
    const [up, down] = degree(graph, node.id);
    const [upNow, downNow] = degree({ ...first, edges: all }, node.id);
    return {
      ...node,
      n_hidden_up: Math.max(0, (node.n_hidden_up ?? 0) + up - upNow),
      n_hidden_down: Math.max(0, (node.n_hidden_down ?? 0) + down - downNow),
    };
  };
  return {
    ...first,
    nodes: [...nodes.values()].map(left),
    edges: all,
    truncated: Boolean(first.truncated || second.truncated),
  };
}

/** The graph without the kinds that are hidden; its root is always there. */
export function shownOf(graph: Lineage, hidden: readonly string[]): Lineage {
  const nodes = graph.nodes.filter(node => node.id === graph.root || !hidden.includes(node.kind));
  const ids = new Set(nodes.map(node => node.id));
  return {
    ...graph,
    nodes,
    edges: graph.edges.filter(edge => ids.has(edge.source) && ids.has(edge.target)),
  };
}

/** The nodes that lie on a way through `id`, and `id` itself. */
export function pathOf(edges: readonly LineageEdge[], id: string): Set<string> {
  const found = new Set([id]);
  for (const down of [true, false]) {
    let level = [id];
    const seen = new Set(level);
    while (level.length > 0) {
      level = edges
        .filter(edge => level.includes(down ? edge.source : edge.target))
        .map(edge => (down ? edge.target : edge.source))
        .filter(other => !seen.has(other));
      for (const other of level) {
        seen.add(other);
        found.add(other);
      }
    }
  }
  return found;
}

/** A node in the list, with the edge that led to it. */
export interface IListed {
  node: LineageNode;
  edge: LineageEdge;
  /** How many edges from the root, from 1. */
  level: number;
}

/** All that lies to one side of the root, each once, what is nearer before what comes of it. */
export function listed(graph: Lineage, side: 'up' | 'down'): readonly IListed[] {
  const nodes = new Map(graph.nodes.map(node => [node.id, node]));
  const seen = new Set([graph.root]);
  const found: IListed[] = [];
  const follow = (id: string, level: number): void => {
    for (const edge of graph.edges) {
      const [near, far] = side === 'down' ? [edge.source, edge.target] : [edge.target, edge.source];
      const node = nodes.get(far);
      if (near === id && node && !seen.has(far)) {
        seen.add(far);
        found.push({ node, edge, level });
        follow(far, level + 1);
      }
    }
  };
  follow(graph.root, 1);
  return found;
}

/** The neighbour that an arrow key leads to: along an edge, or beside it in its column. */
export function neighbour(
  graph: Lineage,
  places: ReadonlyMap<string, readonly [number, number]>,
  id: string,
  key: string,
): string | null {
  const here = places.get(id);
  if (!here) {
    return null;
  }
  const apart = (other: string): number => Math.abs((places.get(other)?.[1] ?? 0) - here[1]);
  const nearest = (ids: string[]): string | null =>
    ids.sort((a, b) => apart(a) - apart(b))[0] ?? null;
  switch (key) {
    case 'ArrowRight':
      return nearest(graph.edges.filter(edge => edge.source === id).map(edge => edge.target));
    case 'ArrowLeft':
      return nearest(graph.edges.filter(edge => edge.target === id).map(edge => edge.source));
    case 'ArrowUp':
    case 'ArrowDown':
      return nearest(
        [...places]
          .filter(([, [x, y]]) => x === here[0] && (key === 'ArrowUp' ? y < here[1] : y > here[1]))
          .map(([other]) => other),
      );
    default:
      return null;
  }
}

import { expect, test } from 'vitest';
import type { Lineage, LineageEdge, LineageNode } from '../../src/api/client';
import { joined, listed, neighbour, pathOf, shownOf } from '../../src/model/lineage';

function node(id: string, distance = 0, more: Partial<LineageNode> = {}): LineageNode {
  const [kind = '', name = ''] = id.split(':');
  return { id, kind, name, label: name, distance, ...more };
}

function edge(source: string, target: string): LineageEdge {
  return { source, relation: source.startsWith('run') ? 'output' : 'input', target };
}

const rows = 'data:rows@1';
const train = 'run:train';
const model = 'model:m@1';
const score = 'run:score';
const chain: Lineage = {
  root: train,
  nodes: [node(rows, -1), node(train), node(model, 1, { n_hidden_down: 1 })],
  edges: [edge(rows, train), edge(train, model)],
};

test('what a graph grows by is shown, and no longer told as hidden', () => {
  const beside: Lineage = {
    root: model,
    nodes: [node(train, -1, { n_hidden_up: 1 }), node(model), node(score, 1)],
    edges: [edge(train, model), edge(model, score)],
  };

  const found = joined(chain, beside);

  expect(found.root).toBe(train);
  expect(found.nodes.map(item => item.id)).toEqual([rows, train, model, score]);
  expect(found.nodes.map(item => item.distance)).toEqual([-1, 0, 1, 2]);
  expect(found.edges).toHaveLength(3);
  expect(found.nodes.map(item => item.n_hidden_down)).toEqual([0, 0, 0, 0]);
});

test('what lies beyond what the graph grew by is still told', () => {
  const beside: Lineage = {
    root: model,
    nodes: [node(train, -1), node(model), node(score, 1, { n_hidden_down: 2 })],
    edges: [edge(train, model), edge(model, score)],
  };

  const found = joined(chain, beside);

  expect(found.nodes.find(item => item.id === score)?.n_hidden_down).toBe(2);
});

test('hidden kinds go with their edges, and the root stays', () => {
  const found = shownOf(chain, ['data', 'run']);

  expect(found.nodes.map(item => item.id)).toEqual([train, model]);
  expect(found.edges).toEqual([edge(train, model)]);
});

test('a way goes up and down from a node, and not through its neighbours', () => {
  const other = edge(rows, 'run:other');

  const found = pathOf([...chain.edges, other], train);

  expect([...found].sort()).toEqual([rows, model, train].sort());
});

test('the list has each node once, below what it came by', () => {
  const graph: Lineage = {
    root: rows,
    nodes: [node(rows), node(train, 1), node(model, 2), node(score, 2)],
    edges: [edge(rows, train), edge(train, model), edge(rows, score), edge(model, score)],
  };

  const found = listed(graph, 'down');

  expect(found.map(item => [item.node.id, item.level])).toEqual([
    [train, 1],
    [model, 2],
    [score, 3],
  ]);
  expect(listed(graph, 'up')).toEqual([]);
});

test('arrows walk along edges and within a column', () => {
  const places = new Map([
    [rows, [0, 0] as const],
    ['data:more@1', [0, 80] as const],
    [train, [300, 40] as const],
  ]);
  const graph = { ...chain, edges: [edge(rows, train), edge('data:more@1', train)] };

  expect(neighbour(graph, places, rows, 'ArrowRight')).toBe(train);
  expect(neighbour(graph, places, rows, 'ArrowDown')).toBe('data:more@1');
  expect(neighbour(graph, places, rows, 'ArrowUp')).toBeNull();
  expect(neighbour(graph, places, train, 'ArrowLeft')).not.toBeNull();
  expect(neighbour(graph, places, train, 'Enter')).toBeNull();
});

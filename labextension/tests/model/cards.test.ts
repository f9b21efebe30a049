import { expect, test } from 'vitest';
import { columnsOf, firstCards, type ICard, moved, newCard } from '../../src/model/cards';

const NAMES = {
  metrics: ['auc', 'loss'],
  params: ['model', 'lr', 'depth'],
  numbers: ['lr', 'depth'],
};

const ids = (cards: readonly ICard[]): string[] => cards.map(card => card.id);

test('a card moves by its places and stays within the row', () => {
  const cards = firstCards(['a', 'b', 'c']);

  expect(ids(moved(cards, 'line-a', 1))).toEqual(['line-b', 'line-a', 'line-c']);
  expect(ids(moved(cards, 'line-a', -1))).toEqual(ids(cards));
  expect(ids(moved(cards, 'line-b', 9))).toEqual(['line-a', 'line-c', 'line-b']);
});

test('a new card has an id of its own and shows what is there', () => {
  const first = newCard('scatter', NAMES, []);
  const second = newCard('scatter', NAMES, [first]);

  expect([first.id, second.id]).toEqual(['scatter-1', 'scatter-2']);
  expect(first.columns).toEqual(['params.lr', 'metrics.auc', '']);
  expect(newCard('contour', NAMES, []).columns).toEqual([
    'params.lr',
    'params.depth',
    'metrics.auc',
  ]);
  expect(newCard('box', NAMES, []).columns).toEqual(['params.model', 'metrics.auc']);
});

test('a card can be made where nothing was logged', () => {
  const none = { metrics: [], params: [], numbers: [] };

  expect(columnsOf([newCard('scatter', none, []), newCard('parallel', none, [])])).toEqual([]);
});

test('each column is asked for once', () => {
  const cards = [newCard('scatter', NAMES, []), newCard('box', NAMES, [])];

  expect(columnsOf(cards)).toEqual(['metrics.auc', 'params.lr', 'params.model']);
});

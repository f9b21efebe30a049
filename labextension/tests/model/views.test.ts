import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FIRST_LOOK, NO_QUERY } from '../../src/model/runs';
import { WorkspaceSettings } from '../../src/model/settings';
import { stateOf, ViewsModel } from '../../src/model/views';
import { WorkspaceModel } from '../../src/model/workspace';
import { FakeEvents, FakeService } from './fakeservice';

const STATE = { query: { ...NO_QUERY, text: 'failed' }, look: FIRST_LOOK };

let kept: { id: string; name: string; state: unknown }[];
let service: FakeService;
let events: FakeEvents;
let model: ViewsModel;

beforeEach(async () => {
  vi.useFakeTimers();
  kept = [];
  service = new FakeService({
    'views.list': () => [...kept],
    'views.create': ({ view }) => {
      const made = { id: `v${kept.length}`, ...(view as { name: string; state: unknown }) };
      kept.push(made);
      return made;
    },
    'views.delete': ({ id }) => {
      kept = kept.filter(view => view.id !== id);
      return null;
    },
  });
  events = new FakeEvents();
  model = new ViewsModel(
    service,
    new WorkspaceModel(service, events.stream, new WorkspaceSettings()),
  );
  await vi.advanceTimersByTimeAsync(0);
});

afterEach(() => {
  model.dispose();
  vi.useRealTimers();
});

test('a view that is saved is the one that is shown, and unchanged until something else is', async () => {
  await model.create('Broken', STATE);

  expect(model.current?.name).toBe('Broken');
  expect(model.isChanged(STATE)).toBe(false);
  expect(model.isChanged({ ...STATE, query: NO_QUERY })).toBe(true);
});

test('the order of keys, which the server may change, is no change', async () => {
  await model.create('Broken', STATE);
  const { look, query } = STATE;

  expect(model.isChanged({ look: { ...look }, query: { ...query } })).toBe(false);
});

test('a view that somebody else saves appears', async () => {
  kept.push({ id: 'x', name: 'Hers', state: {} });
  events.ring('view:x', 'views/write');
  await vi.advanceTimersByTimeAsync(3000);

  expect(model.views.value?.map(view => view.name)).toEqual(['Hers']);
});

test('a view that was deleted is shown no more', async () => {
  await model.create('Broken', STATE);

  await model.remove();

  expect([model.current, model.views.value]).toEqual([null, []]);
});

test('a view of another release says what it can', () => {
  const view = { id: 'x', name: 'x', state: {} } as never;

  expect(stateOf(view)).toEqual({ query: {}, look: {} });
});

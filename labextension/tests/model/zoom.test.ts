import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SeriesZoom, stepsWithin } from '../../src/model/zoom';
import { FakeService } from './fakeservice';

const RANGE = { axis: 'step', x: [10, 20], steps: [9, 21] } as const;

let service: FakeService;
let zoom: SeriesZoom;

beforeEach(() => {
  vi.useFakeTimers();
  service = new FakeService({
    'runs.series': args => (args.keys as string[]).map(key => ({ run_id: 'a', key })),
  });
  zoom = new SeriesZoom(service, () => ['a']);
});

afterEach(() => {
  zoom.dispose();
  vi.useRealTimers();
});

test('only what is in view is read, and only in the stretch', async () => {
  zoom.see('loss');
  zoom.see('gone').dispose();

  zoom.range.value = RANGE;
  await vi.advanceTimersByTimeAsync(0);

  const [call] = service.calls;
  expect(call?.args).toMatchObject({ keys: ['loss'], start_step: 9, end_step: 21 });
  expect(zoom.of('loss')?.length).toBe(1);
  expect(zoom.of('gone')).toBeNull();
});

test('a chart that comes into view is read as well', async () => {
  zoom.see('loss');
  zoom.range.value = RANGE;
  await vi.advanceTimersByTimeAsync(0);

  zoom.see('auc');
  await vi.advanceTimersByTimeAsync(0);

  expect(zoom.of('auc')?.length).toBe(1);
});

test('points of another stretch are not taken for those of this one', async () => {
  zoom.see('loss');
  zoom.range.value = RANGE;
  await vi.advanceTimersByTimeAsync(0);

  zoom.range.value = { ...RANGE, x: [11, 12] };

  expect(zoom.of('loss')).toBeNull();
  zoom.range.value = null;
  expect(zoom.of('loss')).toBeNull();
});

test('the steps of a stretch reach one point beyond it on both sides', () => {
  const line = { places: [0, 10, 20, 30, 40], steps: [0, 1, 2, 3, 4] };

  expect(stepsWithin([12, 28], [line])).toEqual([1, 3]);
  expect(stepsWithin([-5, 99], [line])).toEqual([0, 4]);
  expect(stepsWithin([12, 28], [line, { places: [12, 28], steps: [7, 9] }])).toEqual([1, 9]);
  expect(stepsWithin([0, 1], [])).toBeNull();
});

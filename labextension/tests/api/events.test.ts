import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Event, ICaller } from '../../src/api/client';
import { backoffMs, EventStream } from '../../src/api/events';

function event(seq: number): Event {
  return { seq, time: '', who: 'ana', action: 'jobs/write', subject: 'job:a', change: {} };
}

/** A service with events that one can add to; `isDown` makes calls fail. */
class Service implements ICaller {
  events: Event[] = [];
  isDown = false;
  asked: { name: string; after?: number; wait_s?: number }[] = [];

  call: ICaller['call'] = (async (
    name: string,
    args: { after?: number; wait_s?: number },
    options?: { signal?: AbortSignal },
  ) => {
    this.asked.push({ name, ...args });
    if (this.isDown) {
      throw new Error('down');
    }
    if (name === 'workspaces.show') {
      return { last_event: this.events.length };
    }
    return await this._news(args.after ?? 0, (args.wait_s ?? 0) * 1000, options?.signal);
  }) as ICaller['call'];

  private _news(after: number, waitMs: number, signal?: AbortSignal): Promise<Event[]> {
    return new Promise((resolve, reject) => {
      const until = Date.now() + waitMs;
      const look = (): void => {
        const found = this.events.filter(one => one.seq > after);
        if (found.length > 0 || Date.now() >= until) {
          resolve(found);
        } else {
          setTimeout(look, 10);
        }
      };
      signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      look();
    });
  }
}

let service: Service;
let stream: EventStream;
let seen: number[];
let resets: number;

function listen(options = {}): void {
  stream = new EventStream(service, options);
  stream.arrived.connect((_, events) => seen.push(...events.map(one => one.seq)));
  stream.reset.connect(() => {
    resets += 1;
  });
}

function setHidden(hidden: boolean): void {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new globalThis.Event('visibilitychange'));
}

beforeEach(() => {
  vi.useFakeTimers();
  service = new Service();
  seen = [];
  resets = 0;
});

afterEach(() => {
  stream.dispose();
  setHidden(false);
  vi.useRealTimers();
});

test('the stream begins at the newest event and asks listeners to read the state', async () => {
  service.events = [event(1), event(2)];

  listen();
  await vi.advanceTimersByTimeAsync(50);

  expect(stream.cursor).toBe(2);
  expect(resets).toBe(1);
  expect(seen).toEqual([]);
  expect(stream.connection).toBe('live');
});

test('each event arrives once and in order', async () => {
  listen();
  await vi.advanceTimersByTimeAsync(300);

  service.events.push(event(1));
  await vi.advanceTimersByTimeAsync(300);
  service.events.push(event(2), event(3));
  await vi.advanceTimersByTimeAsync(3000);

  expect(seen).toEqual([1, 2, 3]);
});

test('after a failure it waits longer each time, and then goes on where it was', async () => {
  listen();
  await vi.advanceTimersByTimeAsync(300);
  service.events.push(event(1));
  await vi.advanceTimersByTimeAsync(3000);

  service.isDown = true;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(stream.connection).toBe('reconnecting');
  const before = service.asked.length;
  service.events.push(event(2), event(3));
  service.isDown = false;
  await vi.advanceTimersByTimeAsync(31_000);

  expect(stream.connection).toBe('live');
  expect(seen).toEqual([1, 2, 3]);
  expect(resets).toBe(2);
  expect(before).toBeLessThan(15);
});

test('retry asks at once', async () => {
  service.isDown = true;
  listen();
  await vi.advanceTimersByTimeAsync(10_000);
  service.isDown = false;

  stream.retry();
  await vi.advanceTimersByTimeAsync(1);

  expect(stream.connection).toBe('live');
});

test('a hidden tab asks nothing, and catches up when it is seen again', async () => {
  listen();
  await vi.advanceTimersByTimeAsync(300);
  setHidden(true);
  await vi.advanceTimersByTimeAsync(10);
  const before = service.asked.length;

  service.events.push(event(1));
  await vi.advanceTimersByTimeAsync(120_000);
  expect(service.asked.length).toBe(before);
  expect(stream.connection).toBe('standby');
  setHidden(false);
  await vi.advanceTimersByTimeAsync(100);

  expect(seen).toEqual([1]);
});

test('too many events at once are passed over: listeners read the state instead', async () => {
  listen();
  await vi.advanceTimersByTimeAsync(300);
  setHidden(true);
  service.events = Array.from({ length: 5000 }, (_, at) => event(at + 1));

  setHidden(false);
  await vi.advanceTimersByTimeAsync(2000);

  expect(seen).toEqual([]);
  expect(resets).toBe(2);
  expect(stream.cursor).toBe(5000);
});

test('a stream of events is read in ever larger batches', async () => {
  listen();
  await vi.advanceTimersByTimeAsync(300);
  const before = service.asked.length;

  for (let seq = 1; seq <= 200; seq++) {
    service.events.push(event(seq));
    await vi.advanceTimersByTimeAsync(50);
  }
  await vi.advanceTimersByTimeAsync(2000);

  expect(seen).toHaveLength(200);
  expect(service.asked.length - before).toBeLessThan(20);
});

test('nothing is asked after it was disposed', async () => {
  listen();
  await vi.advanceTimersByTimeAsync(300);

  stream.dispose();
  const before = service.asked.length;
  await vi.advanceTimersByTimeAsync(60_000);

  expect(service.asked.length).toBe(before);
});

test('the pause doubles up to its limit', () => {
  const pauses = [0, 1, 2, 10].map(failures => backoffMs(failures, 30_000));

  expect(pauses).toEqual([500, 1000, 2000, 30_000]);
});

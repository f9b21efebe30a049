import { expect, test } from 'vitest';
import { Collection } from '../../src/model/collection';
import { Resource } from '../../src/model/resource';

/** A read that is answered by hand. */
class Reads<T> {
  readonly open: { resolve: (value: T) => void; reject: (error: Error) => void }[] = [];

  read = (): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      this.open.push({ resolve, reject });
    });
}

const settle = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 0));

test('many refreshes while one is under way cost one read more', async () => {
  const reads = new Reads<number>();
  const resource = new Resource(reads.read);

  const done = [resource.refresh(), resource.refresh(), resource.refresh()];
  reads.open[0]?.resolve(1);
  await settle();
  reads.open[1]?.resolve(2);
  await Promise.all(done);

  expect(reads.open).toHaveLength(2);
  expect(resource.value).toBe(2);
});

test('the old value stays beside the error of a read that failed', async () => {
  const reads = new Reads<number>();
  const resource = new Resource(reads.read);
  const first = resource.refresh();
  reads.open[0]?.resolve(1);
  await first;

  const second = resource.refresh();
  reads.open[1]?.reject(new Error('down'));
  await second;

  expect(resource.value).toBe(1);
  expect(resource.error?.message).toBe('down');
  expect(resource.isLoading).toBe(false);
});

test('a read that was given up does not overwrite the newer one', async () => {
  const reads = new Reads<string>();
  const resource = new Resource(reads.read);
  const first = resource.refresh();

  const second = resource.restart();
  reads.open[0]?.resolve('old');
  await settle();
  reads.open[1]?.resolve('new');
  await Promise.all([first, second]);

  expect(resource.value).toBe('new');
});

test('nothing fires after it was disposed', async () => {
  const reads = new Reads<number>();
  const resource = new Resource(reads.read);
  let fired = 0;
  resource.changed.connect(() => {
    fired += 1;
  });
  void resource.refresh();
  const before = fired;

  resource.dispose();
  reads.open[0]?.resolve(1);
  await settle();

  expect(fired).toBe(before);
});

/** Numbers from `first`, three a page. */
function pages(first: () => number): Collection<number> {
  return new Collection<number>(async token => {
    const from = Number(token ?? 0);
    return {
      items: [0, 1, 2].map(at => first() + from + at),
      next_page_token: from < 12 ? String(from + 3) : null,
    };
  }, String);
}

test('more reads on from where the last page ended, until there is no more', async () => {
  const numbers = pages(() => 0);
  await numbers.refresh();

  for (let page = 0; page < 9; page++) {
    await numbers.more();
  }

  expect(numbers.items).toEqual(Array.from({ length: 15 }, (_, at) => at));
  expect(numbers.hasMore).toBe(false);
});

test('a refresh reads as many pages as were shown', async () => {
  let first = 0;
  const numbers = pages(() => first);
  await numbers.refresh();
  await numbers.more();

  first = 100;
  await numbers.refresh();

  expect(numbers.items).toEqual([100, 101, 102, 103, 104, 105]);
});

test('a restart begins with one page', async () => {
  const numbers = pages(() => 0);
  await numbers.refresh();
  await numbers.more();

  await numbers.restart();

  expect(numbers.items).toEqual([0, 1, 2]);
});

test('a refresh of a long list reads its head again, and no item stands twice', async () => {
  let first = 0;
  const numbers = pages(() => first);
  await numbers.refresh();
  for (let page = 0; page < 4; page++) {
    await numbers.more();
  }

  first = -2;
  await numbers.refresh();

  expect(numbers.items?.slice(0, 9)).toEqual([-2, -1, 0, 1, 2, 3, 4, 5, 6]);
  expect(numbers.items).toHaveLength(17);
  expect(new Set(numbers.items).size).toBe(17);
});

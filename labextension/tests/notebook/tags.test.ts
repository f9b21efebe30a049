import { expect, test } from 'vitest';
import { setTag, tagOf, tagsIn } from '../../src/notebook/tags';

class FakeCell {
  constructor(public metadata: Record<string, unknown>) {}

  getMetadata(key?: string) {
    return key === undefined ? this.metadata : this.metadata[key];
  }

  setMetadata(key: string, value: unknown): void {
    this.metadata[key] = value;
  }

  deleteMetadata(key: string): void {
    delete this.metadata[key];
  }
}

test('a cell has one part at a time and keeps its other tags', () => {
  const cell = new FakeCell({ tags: ['mine', 'parameters'] });

  setTag(cell as never, 'outputs');

  expect(cell.metadata.tags).toEqual(['mine', 'outputs']);
  expect(tagOf(cell as never)).toBe('outputs');
});

test('the last tag takes the list with it', () => {
  const cell = new FakeCell({ tags: ['skip-in-run'] });

  setTag(cell as never, undefined);

  expect(cell.metadata).toEqual({});
});

test.each([[undefined], [null], [{}], [{ tags: 'parameters' }], [{ tags: [1, null] }]])(
  'there is no tag in %j',
  metadata => {
    expect(tagsIn(metadata)).toEqual([]);
  },
);

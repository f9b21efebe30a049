import { describe, expect, it, vi } from 'vitest';
import { DataModel, Rows } from '../../src/model/data';
import { WorkspaceSettings } from '../../src/model/settings';
import { identifier, snippet } from '../../src/model/snippet';
import { WorkspaceModel } from '../../src/model/workspace';
import { FakeEvents, FakeService } from './fakeservice';

const asset = (version: string, more: object = {}): object => ({
  id: `azureml:towns:${version}`,
  name: 'towns',
  version,
  type: 'uri_file',
  latest: version === '3',
  labels: [],
  creation_context: { created_at: '2024-01-01T00:00:00Z' },
  ...more,
});

const page = (offset: number, count: number, more: boolean): object => ({
  columns: [{ name: 'n', type: 'BIGINT', family: 'number' }],
  rows: Array.from({ length: count }, (_, at) => [offset + at]),
  offset,
  has_more: more,
  files: 1,
});

async function made(service: FakeService, version?: string) {
  const events = new FakeEvents();
  const workspace = new WorkspaceModel(service, events.stream, new WorkspaceSettings());
  const model = new DataModel(service, workspace, 'towns', version);
  await vi.waitFor(() => expect(model.current).not.toBeNull());
  return { model, events };
}

describe('Rows', () => {
  it('are read on from where they end, once at a time', async () => {
    const asked: number[] = [];
    const rows = new Rows(async offset => {
      asked.push(offset);
      return page(offset, 2, offset < 2) as never;
    });
    await Promise.all([rows.more(), rows.more()]);
    expect(rows.rows).toEqual([[0], [1]]);
    await rows.more();
    await rows.more();
    expect(asked).toEqual([0, 2]);
    expect(rows.hasMore).toBe(false);
  });

  it('keep what was read when the next cannot be read, and go on when asked again', async () => {
    let isDown = false;
    const rows = new Rows(async offset => {
      if (isDown) {
        throw new Error('gone');
      }
      return page(offset, 1, true) as never;
    });
    await rows.more();
    isDown = true;
    await rows.more();
    expect(rows.rows).toHaveLength(1);
    expect(rows.error?.message).toBe('gone');
    isDown = false;
    await rows.retry();
    expect(rows.rows).toHaveLength(2);
    expect(rows.error).toBeNull();
  });
});

describe('DataModel', () => {
  const versions = { items: [asset('3'), asset('2'), asset('1')] };

  it('shows the newest version against the one before', async () => {
    const { model } = await made(new FakeService({ 'data.list': () => versions }));
    expect([model.version, model.base]).toEqual(['3', '2']);
    model.show('1');
    expect([model.version, model.base]).toEqual(['1', undefined]);
    model.show('3');
    model.compareWith('1');
    expect([model.version, model.base]).toEqual(['3', '1']);
  });

  it('keeps what was read of a version when a label moves, and shows the label', async () => {
    let labels: string[] = [];
    const service = new FakeService({
      'data.list': () => ({ items: [asset('3', { labels }), asset('2')] }),
      'data.set_label': () => {
        labels = ['golden'];
        return asset('3');
      },
    });
    const { model } = await made(service);
    const before = model.current;
    await model.setLabel('golden');
    expect(model.current).toBe(before);
    expect(model.asset?.labels).toEqual(['golden']);
  });

  it('asks until what is worked out is there', async () => {
    const states = ['running', 'running', 'ready'];
    const service = new FakeService({
      'data.list': () => versions,
      'data.profile': () => ({ state: states.shift(), progress: 0.5 }),
    });
    const { model } = await made(service);
    const pending = model.current?.profile;
    await pending?.refresh();
    expect(pending?.value?.state).toBe('ready');
    expect(pending?.progress?.progress).toBe(0.5);
    expect(
      service.calls.filter(call => call.name === 'data.profile').map(c => c.args.wait_s),
    ).toEqual([0, 20, 20]);
  });
});

describe('Code', () => {
  it('is Python, whatever the data is called', () => {
    expect(identifier('my-data.v2')).toBe('my_data_v2');
    expect(identifier('2024')).toBe('data_2024');
    expect(snippet({ name: 'a-b', version: '1', type: 'uri_file' })).toContain(
      'a_b = mlws.data("a-b:1")',
    );
  });
});

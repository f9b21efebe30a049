import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ApiError, type ICaller } from '../../src/api/client';
import { ImportDraft } from '../../src/model/dataimport';

const DATASTORES = [
  { name: 'workspaceblobstore', type: 'file' },
  { name: 'towns', type: 'sql' },
];
const CONNECTIONS = [
  { name: 'pg', type: 'azure_postgres_db' },
  { name: 'bucket', type: 's3' },
  { name: 'code', type: 'git' },
];

/** A service that wants a name, and a query that does not say "wrong". */
class Service {
  readonly started: unknown[] = [];

  readonly caller: ICaller = {
    call: (async (operation: string, args: { data_import: Record<string, never> }) => {
      if (operation === 'datastores.list') {
        return DATASTORES;
      }
      if (operation === 'connections.list') {
        return CONNECTIONS;
      }
      const { name, source } = args.data_import as unknown as {
        name: string;
        source: { query?: string };
      };
      const errors = [
        ...(name ? [] : [{ field: 'name', message: 'is no name' }]),
        ...(source.query === '' ? [{ field: 'source', message: 'give one of query' }] : []),
      ];
      if (operation === 'data.validate_import') {
        const obstacles =
          source.query === 'far' ? [{ field: 'source.connection', message: 'is not here' }] : [];
        return { passed: errors.length === 0, errors, obstacles, warnings: [] };
      }
      if (source.query === 'down') {
        throw new ApiError('try again', 503, 'UNAVAILABLE', []);
      }
      this.started.push(args.data_import);
      return { name: 'job' };
    }) as unknown as ICaller['call'],
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

async function loaded(service: Service): Promise<ImportDraft> {
  const draft = new ImportDraft(service.caller);
  await draft.load();
  return draft;
}

it('offers what opens rows and what opens files, and takes the first database', async () => {
  const draft = await loaded(new Service());

  expect(draft.sources?.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'file_system workspaceblobstore',
    'database towns',
    'database pg',
    'file_system bucket',
  ]);
  expect(draft.document.source).toMatchObject({ type: 'database', connection: 'azureml:towns' });
});

it('says what is wrong with touched fields as one types, and with all once it was tried', async () => {
  const draft = await loaded(new Service());
  expect(draft.problems).toEqual({});

  draft.set({ query: '' });
  await vi.advanceTimersByTimeAsync(300);
  expect(draft.problems).toEqual({ 'source.query': 'give one of query' });

  expect(await draft.submit()).toBeNull();
  expect(draft.problems).toEqual({ name: 'is no name', 'source.query': 'give one of query' });
});

it('names what only this workspace lacks', async () => {
  const draft = await loaded(new Service());
  draft.set({ name: 'a', query: 'far' });

  expect(await draft.isReady()).toBe(false);
  expect(draft.problems).toEqual({ 'source.connection': 'is not here' });
});

it('is started as its YAML says it', async () => {
  const service = new Service();
  const draft = await loaded(service);
  draft.set({ kind: 'file_system', path: 'in/', name: 'files', target: 'azureml://x', query: 'q' });

  expect(await draft.submit()).toEqual({ name: 'job' });
  expect(service.started).toEqual([
    {
      name: 'files',
      type: 'uri_folder',
      path: 'azureml://x',
      source: { type: 'file_system', connection: 'azureml:workspaceblobstore', path: 'in/' },
    },
  ]);
});

it('keeps what was written when the service does not answer', async () => {
  const draft = await loaded(new Service());
  draft.set({ name: 'a', query: 'down' });

  expect(await draft.submit()).toBeNull();
  expect(draft.failure?.message).toBe('try again');
  expect(draft.fields.query).toBe('down');
  draft.set({ query: 'up' });
  expect(draft.failure).toBeNull();
});

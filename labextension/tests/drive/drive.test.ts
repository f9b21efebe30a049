import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, test } from 'vitest';
import { Client } from '../../src/api/client';
import { ArtifactDrive } from '../../src/drive/drive';
import { drivePath, folderOf, parsePath, runOfPath } from '../../src/drive/path';

const RUN = {
  run_id: 'brave_fox',
  experiment_id: '0',
  experiment_name: 'Default',
  name: 'train',
  type: 'notebook',
  status: 'Running',
  user: 'me',
  created_at: '2026-01-02T03:04:05.000Z',
  ended_at: '2026-01-02T04:00:00.000Z',
};

const FILES: Record<string, BodyInit> = {
  'scores.csv': 'a,b\n1,2\n',
  'plot.png': new Uint8Array([137, 80, 78, 71, 255]),
  'broken.txt': new Uint8Array([0x61, 0xff, 0xfe]),
  'nested/deep/odd name?.json': '{"a": 1}',
  'train.ipynb': JSON.stringify({
    cells: [
      { cell_type: 'code', metadata: { trusted: true, tags: ['x'] }, outputs: [], source: '' },
    ],
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  }),
  'bad.ipynb': 'not json',
};

const TYPES = [
  { ends: '.ipynb', contentType: 'notebook', fileFormat: 'json', mimeTypes: [''] },
  { ends: '.csv', contentType: 'file', fileFormat: 'text', mimeTypes: ['text/csv'] },
  { ends: '.png', contentType: 'file', fileFormat: 'base64', mimeTypes: ['image/png'] },
];

const sizes = new Map<string, number>();

/** A workspace service with one run, as the wire shows it. */
async function serve(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const path = decodeURIComponent(url.pathname.replace(/^.*\/mlws\/api/, ''));
  const wanted = url.searchParams.get('path') ?? '';
  if (path === '/runs') {
    return Response.json({ items: [RUN] });
  }
  if (path === '/runs/brave_fox') {
    return Response.json(RUN);
  }
  if (path === '/runs/brave_fox:list_artifacts') {
    return Response.json(listing(wanted));
  }
  if (path === '/runs/brave_fox:read_artifact' && wanted in FILES) {
    return new Response(FILES[wanted]);
  }
  if (path === '/jobs/brave_fox:get_notebook') {
    const notebook = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };
    return Response.json({ name: 'brave_fox', path: 'live.ipynb', notebook, cells: [] });
  }
  return Response.json({ code: 'NOT_FOUND', message: `There is no ${path}.` }, { status: 404 });
}

function listing(folder: string) {
  const inside = Object.keys(FILES).filter(name => !folder || name.startsWith(`${folder}/`));
  const names = inside.map(name => {
    const rest = name.slice(folder ? folder.length + 1 : 0);
    return [folder, rest.split('/')[0]].filter(Boolean).join('/');
  });
  return [...new Set(names)].map(path => ({
    path,
    is_dir: !(path in FILES),
    size_bytes: path in FILES ? (sizes.get(path) ?? 10) : null,
  }));
}

function makeDrive() {
  const serverSettings = ServerConnection.makeSettings({
    baseUrl: 'http://localhost/',
    fetch: (input, init) => serve(new Request(input, init)),
  });
  return new ArtifactDrive({
    client: new Client(serverSettings),
    fileTypes: {
      getFileTypesForPath: path => TYPES.filter(type => path.endsWith(type.ends)) as never,
    },
    serverSettings,
    trans: nullTranslator.load('jupyter_mlws'),
  });
}

describe('a path', () => {
  test.each([
    ['', '', ''],
    ['/', '', ''],
    ['brave_fox', 'brave_fox', ''],
    ['/brave_fox/', 'brave_fox', ''],
    ['brave_fox/a/b.csv', 'brave_fox', 'a/b.csv'],
    ['brave_fox/./a//b.csv', 'brave_fox', 'a/b.csv'],
    ['brave_fox/a/../b.csv', 'brave_fox', 'b.csv'],
    ['../../etc/passwd', 'etc', 'passwd'],
  ])('%j is artifact %j %j', (path, runId, inside) => {
    expect(parsePath(path)).toEqual({ runId, path: inside });
  });

  test('goes to the drive and back', () => {
    expect(drivePath('brave_fox', 'a/b.csv')).toBe('MLWS:brave_fox/a/b.csv');
    expect(runOfPath('MLWS:brave_fox/a/b.csv')).toEqual({ runId: 'brave_fox', path: 'a/b.csv' });
    expect(runOfPath('work/brave_fox/a.csv')).toBeUndefined();
    expect([folderOf('a/b/c'), folderOf('c')]).toEqual(['a/b', '']);
  });
});

describe('reading', () => {
  test('the drive lists runs as folders', async () => {
    const root = await makeDrive().get('');

    expect(root).toMatchObject({ type: 'directory', writable: false });
    expect(root.content).toMatchObject([{ name: 'brave_fox', type: 'directory' }]);
  });

  test('a folder lists its files with type, size and time', async () => {
    const folder = await makeDrive().get('brave_fox');
    const byName = new Map(folder.content.map((item: { name: string }) => [item.name, item]));

    expect(byName.get('nested')).toMatchObject({ type: 'directory', path: 'brave_fox/nested' });
    expect(byName.get('train.ipynb')).toMatchObject({ type: 'notebook' });
    expect(byName.get('scores.csv')).toMatchObject({
      type: 'file',
      mimetype: 'text/csv',
      size: 10,
      last_modified: RUN.ended_at,
      writable: false,
    });
  });

  test('text comes as text, other bytes in base64', async () => {
    const drive = makeDrive();

    expect(await drive.get('brave_fox/scores.csv')).toMatchObject({
      format: 'text',
      content: 'a,b\n1,2\n',
    });
    expect(await drive.get('brave_fox/plot.png', { format: 'base64' })).toMatchObject({
      format: 'base64',
      content: btoa(String.fromCharCode(137, 80, 78, 71, 255)),
    });
  });

  test('names with odd signs arrive', async () => {
    const file = await makeDrive().get('brave_fox/nested/deep/odd name?.json', { type: 'file' });

    expect(JSON.parse(file.content)).toEqual({ a: 1 });
  });

  test('a notebook comes without its marks of trust', async () => {
    const { content, format } = await makeDrive().get('brave_fox/train.ipynb');

    expect(format).toBe('json');
    expect(content.cells[0].metadata).toEqual({ tags: ['x'] });
  });

  test('a notebook that still runs comes from its job', async () => {
    const { content, writable } = await makeDrive().get('brave_fox/live.ipynb', {
      type: 'notebook',
    });

    expect(content.nbformat).toBe(4);
    expect(writable).toBe(false);
  });

  test('asking for no content reads no bytes', async () => {
    expect(await makeDrive().get('brave_fox/scores.csv', { content: false })).toMatchObject({
      content: null,
      format: null,
    });
  });
});

describe('what goes wrong is told', () => {
  test.each([
    ['brave_fox/broken.txt', { format: 'text' as const }, 'not text in UTF-8'],
    ['brave_fox/bad.ipynb', {}, 'not a notebook'],
    ['brave_fox/none.csv', {}, 'has no artifact none.csv'],
    ['nobody', {}, 'There is no /runs/nobody.'],
  ])('%s', async (path, options, words) => {
    await expect(makeDrive().get(path, options)).rejects.toThrow(words);
  });

  test('a file that would fill the memory is not read', async () => {
    sizes.set('scores.csv', 5e9);

    await expect(makeDrive().get('brave_fox/scores.csv')).rejects.toThrow('too large');

    sizes.clear();
  });

  test('nothing can be changed', async () => {
    const drive = makeDrive();

    for (const change of [drive.save(), drive.delete(), drive.rename(), drive.newUntitled()]) {
      await expect(change).rejects.toThrow('cannot be changed');
    }
    expect(await drive.listCheckpoints()).toEqual([]);
  });
});

test('a download goes to the artifact', async () => {
  expect(await makeDrive().getDownloadUrl('brave_fox/nested/a b.csv')).toBe(
    'http://localhost/mlws/api/runs/brave_fox:read_artifact?path=nested%2Fa+b.csv',
  );
});

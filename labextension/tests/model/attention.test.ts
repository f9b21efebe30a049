import { beforeEach, expect, test } from 'vitest';
import type { ICaller, Job, Status } from '../../src/api/client';
import { EventStream } from '../../src/api/events';
import { Attention } from '../../src/model/attention';
import { WorkspaceSettings } from '../../src/model/settings';
import { WorkspaceModel } from '../../src/model/workspace';

let jobs: Job[];
let models: WorkspaceModel;
let attention: Attention;
let ended: string[];

function job(name: string, status: Status, ended_at?: string, user = 'ana'): Job {
  const moment = '2026-01-01T00:00:00.000Z';
  return {
    id: name,
    name,
    type: 'command',
    display_name: name,
    experiment_name: 'e',
    experiment_id: '1',
    status,
    user,
    compute: 'local',
    ended_at,
    creation_context: {
      created_at: moment,
      created_by: user,
      last_modified_at: moment,
      last_modified_by: user,
    },
  };
}

beforeEach(async () => {
  const call = (async (name: string) =>
    name === 'jobs.list' ? { items: jobs } : { user: 'ana', last_event: 0 }) as ICaller['call'];
  const caller = { call, labState: () => Promise.reject(new Error('not asked')) };
  const events = new EventStream(caller);
  models = new WorkspaceModel(caller, events, new WorkspaceSettings());
  events.dispose();
  attention = new Attention(models);
  ended = [];
  attention.ended.connect((_, one) => ended.push(one.name));
  await models.info.refresh();
});

async function look(...now: Job[]): Promise<void> {
  jobs = now;
  await models.jobs.refresh();
}

test('what had ended before the page was opened is not told', async () => {
  await look(job('old', 'Completed', '2026-01-01T00:00:01.000Z'));

  expect(ended).toEqual([]);
});

test('a job that ends is told once', async () => {
  await look(job('a', 'Running'));

  await look(job('a', 'Completed', '2026-01-01T00:00:05.000Z'));
  await look(job('a', 'Completed', '2026-01-01T00:00:05.000Z'));

  expect(ended).toEqual(['a']);
});

test('a job that began and ended between two looks is told', async () => {
  await look(job('old', 'Completed', '2026-01-01T00:00:01.000Z'));

  await look(
    job('quick', 'Failed', '2026-01-01T00:00:02.000Z'),
    job('old', 'Completed', '2026-01-01T00:00:01.000Z'),
  );

  expect(ended).toEqual(['quick']);
});

test('a new attempt that ends is told again', async () => {
  await look(job('a', 'Running'));
  await look(job('a', 'Failed', '2026-01-01T00:00:02.000Z'));
  await look({ ...job('a', 'Running'), attempt: 2 });

  await look({ ...job('a', 'Completed', '2026-01-01T00:00:09.000Z'), attempt: 2 });

  expect(ended).toEqual(['a', 'a']);
});

test('own failures count until they are seen', async () => {
  await look(
    job('a', 'Failed', '2026-01-01T00:00:02.000Z'),
    job('b', 'Failed', '2026-01-01T00:00:03.000Z'),
    job('c', 'Failed', '2026-01-01T00:00:04.000Z', 'ben'),
  );
  expect(attention.failed.map(one => one.name)).toEqual(['a', 'b']);

  attention.see('a');
  expect(attention.failed.map(one => one.name)).toEqual(['b']);
  attention.seeAll();

  expect(attention.failed).toEqual([]);
});

test('what was seen on an earlier visit stays seen', async () => {
  attention.restore({ until: '2026-01-01T00:00:02.000Z', ids: ['b'] });

  await look(
    job('a', 'Failed', '2026-01-01T00:00:02.000Z'),
    job('b', 'Failed', '2026-01-01T00:00:03.000Z'),
    job('c', 'Failed', '2026-01-01T00:00:04.000Z'),
  );

  expect(attention.failed.map(one => one.name)).toEqual(['c']);
});

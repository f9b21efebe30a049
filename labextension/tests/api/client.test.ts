import { ServerConnection } from '@jupyterlab/services';
import { expect, test } from 'vitest';
import { ApiError, Client, request } from '../../src/api/client';

/** A client whose requests are answered by `answer`. */
function clientOf(answer: (input: Request) => Promise<Response> | Response): Client {
  const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> =>
    answer(new Request(input, init));
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://host/user/ana/',
    wsUrl: 'ws://host/user/ana/',
    token: 'secret',
    fetch,
  });
  return new Client(settings);
}

test('the key of a thing stands in the path, the rest of a read in the query', () => {
  const made = request('jobs.read_log', { name: 'a b/c', offset: 5, wait_s: 25 });

  expect(made).toEqual({
    method: 'GET',
    path: '/jobs/a%20b%2Fc:read_log',
    query: '?offset=5&wait_s=25',
  });
});

test('a list is sent as the same key again and again', () => {
  const made = request('runs.series', { run_ids: ['a', 'b'], keys: ['loss'] });

  expect(made.query).toBe('?run_ids=a&run_ids=b&keys=loss');
});

test('what is not given is not sent', () => {
  const made = request('runs.list', { filter: undefined, max_results: 3 });

  expect(made.query).toBe('?max_results=3');
});

test('a change sends its arguments as a body, without the key', () => {
  const made = request('runs.update', { run_id: 'r1', name: 'new' });

  expect(made).toEqual({ method: 'PATCH', path: '/runs/r1', query: '', body: { name: 'new' } });
});

test('a call goes below the base address of the person’s server and gives the parsed answer', async () => {
  let asked = '';
  const client = clientOf(input => {
    asked = input.url;
    return Response.json({ run_id: 'r1' });
  });

  const run = await client.call('runs.get', { run_id: 'r1' });

  expect(asked).toBe('http://host/user/ana/mlws/api/runs/r1');
  expect(run.run_id).toBe('r1');
});

test('a refusal carries code, problems and the id of the request', async () => {
  const client = clientOf(() =>
    Response.json(
      { code: 'INVALID', message: 'filter: no', problems: [{ message: 'no', field: 'filter' }] },
      { status: 422, headers: { 'X-Request-Id': 'q7' } },
    ),
  );

  const error = await client.call('runs.list', {}).catch((reason: unknown) => reason);

  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({
    code: 'INVALID',
    status: 422,
    message: 'filter: no',
    requestId: 'q7',
    problems: [{ message: 'no', field: 'filter' }],
  });
});

test('an answer that is no JSON is an error with the status line', async () => {
  const client = clientOf(
    () => new Response('<html>proxy</html>', { status: 502, statusText: 'Bad Gateway' }),
  );

  const error = await client.call('runs.list', {}).catch((reason: unknown) => reason);

  expect(error).toMatchObject({ code: 'INTERNAL', status: 502, message: 'Bad Gateway' });
});

test('a server that cannot be reached is told from one that refuses', async () => {
  const client = clientOf(() => Promise.reject(new TypeError('Failed to fetch')));

  const error = await client.call('runs.list', {}).catch((reason: unknown) => reason);

  expect(error).toMatchObject({ code: 'UNREACHABLE', status: 0 });
});

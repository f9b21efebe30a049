import { expect, test, vi } from 'vitest';
import type { ICaller, LogChunk } from '../../src/api/client';
import { jobLogs, LogModel } from '../../src/model/log';

/** A log on a server: bytes that grow, and an end. */
class Log implements ICaller {
  bytes = new Uint8Array();
  ended = false;
  isDown = false;
  reads: { offset: number; limit: number; attempt?: number }[] = [];

  write(text: string): void {
    const more = new TextEncoder().encode(text);
    const all = new Uint8Array(this.bytes.length + more.length);
    all.set(this.bytes);
    all.set(more, this.bytes.length);
    this.bytes = all;
  }

  call: ICaller['call'] = (async (
    name: string,
    args: { offset: number; limit: number; attempt?: number; wait_s: number },
    options?: { signal?: AbortSignal },
  ) => {
    if (name === 'jobs.list_logs') {
      return [{ path: 'user_logs/std_log.txt', size_bytes: this.bytes.length }];
    }
    this.reads.push(args);
    if (this.isDown) {
      throw new Error('down');
    }
    while (args.wait_s > 0 && args.offset >= this.bytes.length && !this.ended) {
      if (options?.signal?.aborted) {
        throw new DOMException('', 'AbortError');
      }
      await new Promise(resolve => setTimeout(resolve, 1));
    }
    const end = Math.min(args.offset + args.limit, this.bytes.length);
    const chunk: LogChunk = {
      path: 'user_logs/std_log.txt',
      text: new TextDecoder().decode(this.bytes.slice(args.offset, end)),
      offset: args.offset,
      next_offset: end,
      size_bytes: this.bytes.length,
      ended: this.ended && end === this.bytes.length,
    };
    return chunk;
  }) as ICaller['call'];
}

function open(log: Log): LogModel {
  const model = new LogModel(jobLogs(log, 'job'));
  model.show('user_logs/std_log.txt', undefined);
  return model;
}

test('lines appear as they are written, until the log ends', async () => {
  const log = new Log();
  log.write('one\n');
  const model = open(log);
  await vi.waitFor(() => expect(model.head.lines).toContain('one'));

  log.write('two\n');
  await vi.waitFor(() => expect(model.head.lines).toContain('two'));
  log.write('three\n');
  log.ended = true;
  await vi.waitFor(() => expect(model.isEnded).toBe(true));

  expect(model.head.lines.slice(0, model.head.length)).toEqual(['one', 'two', 'three']);
  model.dispose();
});

test('reading goes on after an error, from the same place', async () => {
  const log = new Log();
  log.isDown = true;
  const model = open(log);
  await vi.waitFor(() => expect(model.error).not.toBeNull());

  log.isDown = false;
  log.write('late\n');
  log.ended = true;
  model.retry();
  await vi.waitFor(() => expect(model.isEnded).toBe(true));

  expect(model.error).toBeNull();
  expect(model.head.lines[0]).toBe('late');
  model.dispose();
});

test('a very long log shows head and tail, and what lies between on demand', async () => {
  const log = new Log();
  const line = `${'x'.repeat(99)}\n`;
  log.write(`first\n${line.repeat(200_000)}last\n`);
  log.ended = true;
  const model = open(log);
  await vi.waitFor(() => expect(model.isEnded).toBe(true));

  expect(model.head.lines[0]).toBe('first');
  expect(model.tail.lines[model.tail.length - 1]).toBe('last');
  expect(model.gap).not.toBeNull();
  while (model.gap) {
    await model.fill();
  }

  expect(model.head.length).toBe(200_002);
  expect(model.head.lines[200_001]).toBe('last');
  model.dispose();
});

test('another attempt is shown from its start', async () => {
  const log = new Log();
  log.write('one\n');
  const model = open(log);
  await vi.waitFor(() => expect(model.isLoaded).toBe(true));

  model.show(model.path, 1);
  await vi.waitFor(() => expect(model.isLoaded).toBe(true));

  expect(log.reads.at(-1)).toMatchObject({ attempt: 1 });
  expect(model.head.lines.slice(0, model.head.length)).toEqual(['one']);
  model.dispose();
});

test('the whole log can be saved, however many reads that takes', async () => {
  const log = new Log();
  log.write(`${'a'.repeat(99)}\n`.repeat(50_000));
  log.ended = true;
  const model = open(log);
  await vi.waitFor(() => expect(model.isEnded).toBe(true));
  const before = log.reads.length;

  const blob = await model.whole();

  expect(blob.size).toBe(5_000_000);
  expect(log.reads.length - before).toBe(2);
  model.dispose();
});

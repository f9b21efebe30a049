import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ApiError, type ICaller } from '../../src/api/client';
import {
  type IScheduleSource,
  nameFor,
  type Preview,
  type Schedule,
  ScheduleDraft,
} from '../../src/model/schedules';

const PREVIEW: Preview = {
  sentence: 'At 07:00',
  time_zone: 'Asia/Tokyo',
  times: [],
  warnings: [],
};

/** A service that knows one cron expression to be wrong, and keeps what it is asked. */
class Service {
  readonly asked: Record<string, unknown>[] = [];

  readonly caller: ICaller = {
    call: (async (_: string, args: { trigger: { expression?: string } }) => {
      this.asked.push(args.trigger);
      if (args.trigger.expression === '61 * * * *') {
        const problem = { field: 'trigger.expression', message: "'61' is no minute", line: null };
        throw new ApiError('wrong', 422, 'INVALID', [problem as never]);
      }
      return PREVIEW;
    }) as ICaller['call'],
  };
}

const created: Record<string, unknown>[] = [];

function source(create?: IScheduleSource['create']): IScheduleSource {
  return {
    title: 'report.ipynb',
    name: 'weekly report',
    schedule: null,
    create:
      create ??
      (async given => {
        created.push(given);
        return { name: given.name } as Schedule;
      }),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  created.length = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

it.each([
  ['weekly report', 'weekly-report'],
  ['__x y__', 'x-y__'],
  ['日本語', 'schedule'],
])('a name is made of %s', (text, name) => {
  expect(nameFor(text)).toBe(name);
});

it('asks for the meaning once typing has stopped', async () => {
  const service = new Service();
  const draft = new ScheduleDraft(service.caller, source(), 'Asia/Tokyo');
  await vi.advanceTimersByTimeAsync(0);

  draft.set({ expression: '0 8 * * *' });
  draft.set({ expression: '0 9 * * *' });
  await vi.advanceTimersByTimeAsync(300);

  expect(service.asked.map(trigger => trigger.expression)).toEqual(['0 7 * * 1-5', '0 9 * * *']);
  expect(draft.preview).toEqual(PREVIEW);
});

it('tells what is wrong at the field, and takes it back', async () => {
  const draft = new ScheduleDraft(new Service().caller, source(), 'UTC');

  draft.set({ expression: '61 * * * *' });
  await vi.advanceTimersByTimeAsync(300);
  expect(draft.problems['trigger.expression']).toContain('no minute');
  expect(draft.preview).toBeNull();

  draft.set({ expression: '1 * * * *' });
  await vi.advanceTimersByTimeAsync(300);
  expect(draft.problems).toEqual({});
});

it('creates what was filled in', async () => {
  const draft = new ScheduleDraft(new Service().caller, source(), 'Asia/Tokyo');
  draft.set({ kind: 'recurrence', interval: '6', frequency: 'hour', overlap: 'queue' });

  await draft.submit();

  expect(created).toEqual([
    {
      name: 'weekly-report',
      trigger: { type: 'recurrence', interval: 6, frequency: 'hour', time_zone: 'Asia/Tokyo' },
      missed_runs: { policy: 'latest', max_age_s: 86_400 },
      overlap: 'queue',
      jitter_s: 0,
    },
  ]);
});

it('keeps a refusal that belongs to no field as a whole', async () => {
  const refusal = new ApiError('no such compute', 422, 'INVALID', [
    { field: 'create_job.compute', message: 'no such compute' } as never,
  ]);
  const draft = new ScheduleDraft(
    new Service().caller,
    source(() => Promise.reject(refusal)),
    'UTC',
  );

  expect(await draft.submit()).toBeNull();
  expect(draft.failure).toBe(refusal);
});

// A service whose answers tests set, with an event stream that they ring by hand.
import { Signal } from '@lumino/signaling';
import type { Event, ICaller, ILabState } from '../../src/api/client';
import type { EventStream } from '../../src/api/events';

type Answers = Record<string, (args: Record<string, unknown>) => unknown>;

/** Answers calls by operation name and remembers them. */
export class FakeService implements ICaller {
  constructor(readonly answers: Answers) {}

  calls: { name: string; args: Record<string, unknown> }[] = [];

  call: ICaller['call'] = (async (name: string, args: Record<string, unknown>) => {
    this.calls.push({ name, args });
    const answer = this.answers[name];
    if (!answer) {
      throw new Error(`The test gives no answer to ${name}.`);
    }
    return answer(args);
  }) as ICaller['call'];

  labState = async (): Promise<ILabState> => ({
    state: 'ready',
    workspace: '/w',
    url: '',
    message: '',
  });

  /** How often an operation was called. */
  count(name: string): number {
    return this.calls.filter(call => call.name === name).length;
  }
}

/** The signals of an event stream. */
export class FakeEvents {
  readonly arrived = new Signal<this, readonly Event[]>(this);
  readonly reset = new Signal<this, void>(this);
  readonly failed = new Signal<this, void>(this);

  ring(subject: string, action: string, change: Record<string, unknown> = {}): void {
    this.arrived.emit([{ seq: 1, time: '', who: 'ana', action, subject, change }]);
  }

  get stream(): EventStream {
    return this as unknown as EventStream;
  }
}

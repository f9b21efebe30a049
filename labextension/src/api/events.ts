// What happens in the workspace, as it happens: a long poll with a cursor.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { Event, ICaller } from './client';

/** `live`: waiting for news; `standby`: the tab is hidden; `reconnecting`: the last call failed. */
export type Connection = 'connecting' | 'live' | 'reconnecting' | 'standby';

/** Most events of one call; more than these at once and it is cheaper to read the state anew. */
const LIMIT = 2000;

export interface IEventsOptions {
  /** Seconds that the server may hold a call that has no news. */
  waitS?: number;
  /** Longest pause between two calls while events stream in; after a quiet time there is none. */
  paceMs?: number;
  /** Longest pause between attempts while the server cannot be reached, in milliseconds. */
  maxBackoffMs?: number;
}

/**
 * The events of the workspace in order, each once.
 *
 * `arrived` fires with every batch; `reset` fires when what was read before may be out of date: on the
 * first connection, when the connection was lost, and when too many events came at once to be told.
 */
export class EventStream implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    options: IEventsOptions = {},
  ) {
    this._waitS = options.waitS ?? 25;
    this._paceMs = options.paceMs ?? 1000;
    this._maxBackoffMs = options.maxBackoffMs ?? 30_000;
    document.addEventListener('visibilitychange', this._onVisibility);
    void this._run();
  }

  /** Number of the last event that arrived; -1 before the first connection. */
  get cursor(): number {
    return this._cursor;
  }

  get connection(): Connection {
    return this._connection;
  }

  /** When the server last answered, in milliseconds since 1970; 0 when it never did. */
  get answeredAt(): number {
    return this._answeredAt;
  }

  get arrived(): ISignal<this, readonly Event[]> {
    return this._arrived;
  }

  get reset(): ISignal<this, void> {
    return this._reset;
  }

  get connectionChanged(): ISignal<this, Connection> {
    return this._connectionChanged;
  }

  /** Fires after every call that failed. */
  get failed(): ISignal<this, void> {
    return this._failed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Try now instead of after the pause. */
  retry(): void {
    this._failures = 0;
    this._wake();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    document.removeEventListener('visibilitychange', this._onVisibility);
    this._call?.abort();
    this._wake();
    Signal.clearData(this);
  }

  private async _run(): Promise<void> {
    while (!this._isDisposed) {
      if (document.hidden) {
        this._setConnection('standby');
        await this._pause();
        continue;
      }
      this._call = new AbortController();
      try {
        const hadNews = await this._step(this._call.signal);
        this._failures = 0;
        // The first news after a quiet time come at once, a stream of them in ever larger batches.
        this._pauseMs = hadNews ? Math.min(2 * this._pauseMs + this._paceMs / 8, this._paceMs) : 0;
        if (this._pauseMs > 0) {
          await this._pause(this._pauseMs);
        }
      } catch {
        // Whatever went wrong, the way out is the same: show it, wait, ask again.
        if (!this._call.signal.aborted) {
          this._setConnection(this._answeredAt ? 'reconnecting' : 'connecting');
          this._failed.emit();
          await this._pause(backoffMs(this._failures++, this._maxBackoffMs));
        }
      }
    }
  }

  /** Read what is new; answers whether there was any. */
  private async _step(signal: AbortSignal): Promise<boolean> {
    if (this._cursor < 0) {
      await this._catchUp(signal);
      return true;
    }
    const events = await this._caller.call(
      'events.list',
      // After a failure the first call answers at once, so that the page soon knows it is connected.
      { after: this._cursor, limit: LIMIT, wait_s: this._connection === 'live' ? this._waitS : 0 },
      { signal },
    );
    const wasLost = this._connection === 'reconnecting';
    this._answered();
    if (wasLost) {
      // What was read meanwhile has failed, and the service may be another one.
      this._reset.emit();
    }
    if (events.length >= LIMIT) {
      await this._catchUp(signal);
    } else if (events.length > 0) {
      this._cursor = Math.max(...events.map(event => event.seq));
      this._arrived.emit(events);
    }
    return events.length > 0;
  }

  private async _catchUp(signal: AbortSignal): Promise<void> {
    const info = await this._caller.call('workspaces.show', {}, { signal });
    this._cursor = info.last_event;
    this._answered();
    this._reset.emit();
  }

  private _answered(): void {
    this._answeredAt = Date.now();
    this._setConnection('live');
  }

  private _setConnection(connection: Connection): void {
    if (connection !== this._connection) {
      this._connection = connection;
      this._connectionChanged.emit(connection);
    }
  }

  private _pause(ms?: number): Promise<void> {
    return new Promise(resolve => {
      const timer = ms === undefined ? undefined : window.setTimeout(() => this._wake(), ms);
      this._wake = () => {
        window.clearTimeout(timer);
        this._wake = () => undefined;
        resolve();
      };
    });
  }

  private readonly _onVisibility = (): void => {
    if (document.hidden) {
      this._call?.abort();
    }
    this._wake();
  };

  private readonly _waitS: number;
  private readonly _paceMs: number;
  private readonly _maxBackoffMs: number;
  private _cursor = -1;
  private _failures = 0;
  private _pauseMs = 0;
  private _answeredAt = 0;
  private _isDisposed = false;
  private _connection: Connection = 'connecting';
  private _call: AbortController | null = null;
  private _wake: () => void = () => undefined;
  private readonly _arrived = new Signal<this, readonly Event[]>(this);
  private readonly _reset = new Signal<this, void>(this);
  private readonly _failed = new Signal<this, void>(this);
  private readonly _connectionChanged = new Signal<this, Connection>(this);
}

/** Pause before attempt number `failures` + 1: doubles from half a second, up to `maxMs`. */
export function backoffMs(failures: number, maxMs: number): number {
  return Math.min(500 * 2 ** failures, maxMs);
}

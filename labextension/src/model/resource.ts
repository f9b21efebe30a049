// Something the server keeps, as it was read last, with its loading state and one signal.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { ApiError } from '../api/client';

/**
 * A value that is read from the server.
 *
 * The old value stays while a new one arrives. Calls of `refresh` while one is under way are answered by
 * one more read after it, so a storm of events costs two reads.
 */
export class Resource<T> implements IDisposable {
  constructor(private readonly _read: (signal: AbortSignal) => Promise<T>) {}

  /** What was read last; null before the first answer. */
  get value(): T | null {
    return this._value;
  }

  /** Why the last read failed; null when it did not. */
  get error(): ApiError | null {
    return this._error;
  }

  get isLoading(): boolean {
    return this._isLoading;
  }

  /** Fires when value, error or loading state changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Read again; resolves when the value is at least as new as this call. Never rejects. */
  refresh(): Promise<void> {
    if (this._refreshing) {
      this._again = true;
    } else {
      this._refreshing = this._refresh().finally(() => {
        this._refreshing = null;
      });
    }
    return this._refreshing;
  }

  /** Give up the read under way, and read anew: what is asked for has changed. */
  restart(): Promise<void> {
    this._call?.abort();
    return this.refresh();
  }

  /** Change what is shown before the server says so; the next read has the last word. */
  patch(change: (value: T) => T): void {
    if (this._value !== null) {
      this._value = change(this._value);
      this._changed.emit();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    this._call?.abort();
    Signal.clearData(this);
  }

  /** Make `read` the value, unless another read was begun in the meantime. */
  protected async load(read: (signal: AbortSignal) => Promise<T>): Promise<void> {
    const call = new AbortController();
    this._call?.abort();
    this._call = call;
    this._isLoading = true;
    this._changed.emit();
    try {
      const value = await read(call.signal);
      if (call === this._call && !call.signal.aborted) {
        this._value = value;
        this._error = null;
      }
    } catch (error) {
      if (call === this._call && !call.signal.aborted) {
        this._error = error as ApiError;
      }
    }
    if (call === this._call) {
      this._isLoading = false;
      this._changed.emit();
    }
  }

  private async _refresh(): Promise<void> {
    do {
      this._again = false;
      await this.load(this._read);
    } while (this._again && !this._isDisposed);
  }

  private _value: T | null = null;
  private _error: ApiError | null = null;
  private _isLoading = false;
  private _isDisposed = false;
  private _again = false;
  private _refreshing: Promise<void> | null = null;
  private _call: AbortController | null = null;
  private readonly _changed = new Signal<this, void>(this);
}

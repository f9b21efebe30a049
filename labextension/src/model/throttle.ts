// At most one call in a stretch of time, and never the last one lost.
import type { IDisposable } from '@lumino/disposable';

/** Calls through at once when it is quiet, else once at the end of the stretch. */
export class Throttle implements IDisposable {
  constructor(
    private readonly _call: () => void,
    private readonly _ms: number,
  ) {}

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  invoke(): void {
    if (this._timer !== undefined || this._isDisposed) {
      return;
    }
    const rest = this._last + this._ms - Date.now();
    if (rest <= 0) {
      this._fire();
    } else {
      this._timer = window.setTimeout(() => this._fire(), rest);
    }
  }

  dispose(): void {
    this._isDisposed = true;
    window.clearTimeout(this._timer);
  }

  private _fire(): void {
    this._timer = undefined;
    this._last = Date.now();
    this._call();
  }

  private _isDisposed = false;
  private _last = 0;
  private _timer: number | undefined;
}

// One value that many look at.
import { type ISignal, Signal } from '@lumino/signaling';

export class State<T> {
  constructor(private _value: T) {}

  get value(): T {
    return this._value;
  }

  set value(value: T) {
    if (value !== this._value) {
      this._value = value;
      this._changed.emit(value);
    }
  }

  get changed(): ISignal<this, T> {
    return this._changed;
  }

  private readonly _changed = new Signal<this, T>(this);
}

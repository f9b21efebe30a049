// Hooks that tie components to signals and to the clock.
import type { ISignal } from '@lumino/signaling';
import { useEffect, useReducer, useRef, useState } from 'react';

/** Draw again whenever `signal` fires. */
export function useSignal<S, A>(signal: ISignal<S, A> | null | undefined): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    if (!signal) {
      return undefined;
    }
    const slot = (): void => redraw();
    signal.connect(slot);
    // What fired between drawing and this effect must not be missed.
    redraw();
    return () => {
      signal.disconnect(slot);
    };
  }, [signal]);
}

/** What `useResource` needs of a model. */
export interface IObservable<T, E = Error> {
  readonly value: T | null;
  readonly error: E | null;
  readonly isLoading: boolean;
  readonly changed: ISignal<unknown, void>;
}

/** The state of a model, drawn again when it changes. */
export function useResource<T, E>(
  resource: IObservable<T, E>,
): {
  value: T | null;
  error: E | null;
  isLoading: boolean;
} {
  useSignal(resource.changed);
  return { value: resource.value, error: resource.error, isLoading: resource.isLoading };
}

/** This moment in milliseconds, ticking while `active`. */
export function useNow(intervalMs: number, active = true): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!active) {
      return undefined;
    }
    setNow(Date.now());
    const timer = window.setInterval(() => {
      if (!document.hidden) {
        setNow(Date.now());
      }
    }, intervalMs);
    return () => window.clearInterval(timer);
  }, [intervalMs, active]);
  return now;
}

/** True once `active` has been true for `delayMs`: nothing flickers for what is quick. */
export function useDelayed(active: boolean, delayMs = 200): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!active) {
      setLate(false);
      return undefined;
    }
    const timer = window.setTimeout(() => setLate(true), delayMs);
    return () => window.clearTimeout(timer);
  }, [active, delayMs]);
  return late && active;
}

/** `value` as it was once it has not changed for `delayMs`. */
export function useDebounced<T>(value: T, delayMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), delayMs);
    return () => window.clearTimeout(timer);
  }, [value, delayMs]);
  return settled;
}

/** Width and height of an element in pixels, followed as it changes. */
export function useSize<T extends HTMLElement>(): [React.RefObject<T>, number, number] {
  const ref = useRef<T>(null);
  const [[width, height], setSize] = useState<[number, number]>([0, 0]);
  useEffect(() => {
    const node = ref.current;
    if (!node) {
      return undefined;
    }
    const observer = new ResizeObserver(() => setSize([node.clientWidth, node.clientHeight]));
    observer.observe(node);
    setSize([node.clientWidth, node.clientHeight]);
    return () => observer.disconnect();
  }, []);
  return [ref, width, height];
}

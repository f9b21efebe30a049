// What JupyterLab expects of a browser and jsdom does not have.
import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

class Nothing {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

Object.assign(globalThis, {
  DragEvent: globalThis.DragEvent ?? class extends Event {},
  ResizeObserver: globalThis.ResizeObserver ?? Nothing,
  IntersectionObserver: globalThis.IntersectionObserver ?? Nothing,
  requestIdleCallback:
    globalThis.requestIdleCallback ?? ((call: () => void) => setTimeout(call, 0)),
  cancelIdleCallback: globalThis.cancelIdleCallback ?? ((id: number) => clearTimeout(id)),
  matchMedia:
    globalThis.matchMedia ??
    ((query: string) => ({
      media: query,
      matches: false,
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
      addListener: () => undefined,
      removeListener: () => undefined,
    })),
});

afterEach(cleanup);

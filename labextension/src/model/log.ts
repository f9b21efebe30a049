// A log of a job or a build, followed as it grows.
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { ApiError, ICaller, LogChunk, LogFile } from '../api/client';
import { backoffMs } from '../api/events';
import { LogText } from './logtext';

/** Bytes of one read. */
const CHUNK = 1 << 20;

/** A longer log shows its head and its tail, and what lies between on demand. */
const WHOLE = 16 << 20;
const HEAD = 1 << 18;
const TAIL = 2 << 20;

/** Seconds that the server may hold a read at the end of a growing log. */
const WAIT_S = 25;

/** Bytes `[from, to)` that were passed over. */
export interface IGap {
  from: number;
  to: number;
}

/** Which piece of a log is read. */
export interface IPlace {
  path: string;
  /** Counted from 1; undefined for the newest. */
  attempt?: number;
  offset: number;
  limit: number;
  /** Seconds to wait for growth. */
  wait_s: number;
}

/** Where the logs of one thing are read. */
export interface ILogSource {
  readonly name: string;
  list(attempt: number | undefined, signal: AbortSignal): Promise<readonly LogFile[]>;
  read(place: IPlace, signal: AbortSignal): Promise<LogChunk>;
}

/** The logs of a job. */
export function jobLogs(caller: ICaller, name: string): ILogSource {
  return {
    name,
    list: (attempt, signal) => caller.call('jobs.list_logs', { name, attempt }, { signal }),
    read: (place, signal) => caller.call('jobs.read_log', { name, ...place }, { signal }),
  };
}

export class LogModel implements IDisposable {
  constructor(private readonly _source: ILogSource) {
    document.addEventListener('visibilitychange', this._onVisibility);
  }

  get name(): string {
    return this._source.name;
  }

  /** What is shown; the log of the newest attempt at first. */
  get path(): string {
    return this._path;
  }

  /** Attempt that is shown, counted from 1; undefined for the newest. */
  get attempt(): number | undefined {
    return this._attempt;
  }

  /** Log files of the attempt. */
  get files(): readonly LogFile[] {
    return this._files;
  }

  /** Text before the gap, or all of it where there is no gap. */
  readonly head = new LogText();
  /** Text after the gap. */
  readonly tail = new LogText();

  get gap(): IGap | null {
    return this._gap;
  }

  get sizeBytes(): number {
    return this._sizeBytes;
  }

  /** Whether nothing will follow. */
  get isEnded(): boolean {
    return this._isEnded;
  }

  /** Whether the first piece has arrived. */
  get isLoaded(): boolean {
    return this._isLoaded;
  }

  get error(): ApiError | null {
    return this._error;
  }

  /** Line to go to once it is there, counted from 0; a link asks for it. */
  wanted: number | null = null;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Show a log from its start: another file, another attempt, or the same again. */
  show(path: string, attempt: number | undefined): void {
    this._path = path;
    this._attempt = attempt;
    this._files = [];
    this.head.clear();
    this.tail.clear();
    this._gap = null;
    this._offset = 0;
    this._sizeBytes = 0;
    this._isEnded = false;
    this._isLoaded = false;
    this._error = null;
    this._changed.emit();
    void this._follow();
  }

  /** Show a line, counted from 0, as soon as it is there. */
  goTo(line: number | null): void {
    this.wanted = line;
    this._changed.emit();
  }

  /** Read on after an error. */
  retry(): void {
    void this._follow();
  }

  /** Read more of what was passed over, from where the head ends. */
  async fill(): Promise<void> {
    const gap = this._gap;
    if (!gap) {
      return;
    }
    const chunk = await this._read(gap.from, Math.min(TAIL, gap.to - gap.from), 0, this._signal());
    this.head.append(chunk.text, chunk.times);
    if (chunk.next_offset >= gap.to) {
      this.head.times.append(this.tail.times, this.head.lines.length - 1);
      this.head.append(this.tail.lines.join('\n'));
      this.tail.clear();
      this._gap = null;
    } else {
      this._gap = { from: chunk.next_offset, to: gap.to };
    }
    this._changed.emit();
  }

  /** The whole log as it is now, for saving. */
  async whole(): Promise<Blob> {
    const parts: string[] = [];
    let offset = 0;
    let size = this._sizeBytes;
    while (offset < size) {
      const chunk = await this._read(offset, 4 << 20, 0, this._signal());
      parts.push(chunk.text);
      size = chunk.size_bytes;
      if (chunk.next_offset <= offset) {
        break;
      }
      offset = chunk.next_offset;
    }
    return new Blob(parts, { type: 'text/plain' });
  }

  dispose(): void {
    this._isDisposed = true;
    document.removeEventListener('visibilitychange', this._onVisibility);
    this._call?.abort();
    Signal.clearData(this);
  }

  private async _follow(): Promise<void> {
    this._call?.abort();
    const call = new AbortController();
    this._call = call;
    const { signal } = call;
    let failures = 0;
    while (!signal.aborted && !this._isEnded) {
      try {
        await this._step(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        this._error = error as ApiError;
        this._isLoaded = true;
        this._changed.emit();
        await pause(backoffMs(failures++, 30_000), signal);
      }
    }
  }

  private async _step(signal: AbortSignal): Promise<void> {
    if (this._files.length === 0) {
      this._files = await this._source.list(this.attempt, signal);
      if (this._files.length > 0 && !this._files.some(file => file.path === this._path)) {
        this._path = this._files[0]?.path ?? this._path;
      }
    }
    const isFirst = !this._isLoaded;
    const chunk = await this._read(
      this._offset,
      isFirst ? HEAD : CHUNK,
      isFirst ? 0 : WAIT_S,
      signal,
    );
    if (signal.aborted) {
      return;
    }
    this._error = null;
    this._isLoaded = true;
    this._sizeBytes = chunk.size_bytes;
    this._isEnded = chunk.ended && chunk.next_offset >= chunk.size_bytes;
    (this._gap ? this.tail : this.head).append(chunk.text, chunk.times);
    this._offset = chunk.next_offset;
    if (isFirst && chunk.size_bytes > WHOLE) {
      this._gap = { from: chunk.next_offset, to: chunk.size_bytes - TAIL };
      this._offset = this._gap.to;
    }
    this._changed.emit();
  }

  private _read(
    offset: number,
    limit: number,
    wait_s: number,
    signal: AbortSignal,
  ): Promise<LogChunk> {
    const { path, attempt } = this;
    return this._source.read({ path, attempt, offset, limit, wait_s }, signal);
  }

  private _signal(): AbortSignal {
    return this._call?.signal ?? new AbortController().signal;
  }

  private readonly _onVisibility = (): void => {
    if (document.hidden) {
      this._call?.abort();
    } else if (this._isLoaded && !this._isEnded) {
      void this._follow();
    }
  };

  private _path = 'user_logs/std_log.txt';
  private _attempt: number | undefined;
  private _files: readonly LogFile[] = [];
  private _gap: IGap | null = null;
  private _offset = 0;
  private _sizeBytes = 0;
  private _isEnded = false;
  private _isLoaded = false;
  private _error: ApiError | null = null;
  private _isDisposed = false;
  private _call: AbortController | null = null;
  private readonly _changed = new Signal<this, void>(this);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = window.setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      window.clearTimeout(timer);
      resolve();
    });
  });
}

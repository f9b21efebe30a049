// A list that the server gives in pages, as far as it was read.
import { Resource } from './resource';

export interface IPage<T> {
  items: T[];
  next_page_token?: string | null;
}

/** Reads one page; `token` is that of the page before, undefined for the first. */
export type ReadPage<T> = (token: string | undefined, signal: AbortSignal) => Promise<IPage<T>>;

/** A refresh reads at most this many pages again; what lies further down stays as it was read. */
export const PAGES_AGAIN = 3;

/** Items with the pages read so far. */
export class Collection<T> extends Resource<readonly T[]> {
  /** `keyOf` tells items apart: one that moved up must not stand twice. */
  constructor(
    private readonly _readPage: ReadPage<T>,
    private readonly _keyOf: (item: T) => string,
  ) {
    super(signal => this._readPages(signal));
  }

  /** What was read; null before the first answer. */
  get items(): readonly T[] | null {
    return this.value;
  }

  /** Whether the server has more than `items`. */
  get hasMore(): boolean {
    return this._next !== undefined;
  }

  /** Read one page more, when there is one and no read is under way. */
  async more(): Promise<void> {
    const token = this._next;
    if (token === undefined || this.isLoading) {
      return;
    }
    await this.load(async signal => {
      const page = await this._readPage(token, signal);
      if (!signal.aborted) {
        this._next = page.next_page_token ?? undefined;
        this._nPages += 1;
      }
      return this._joined(this.items ?? [], page.items);
    });
  }

  override restart(): Promise<void> {
    this._nPages = 1;
    return super.restart();
  }

  private async _readPages(signal: AbortSignal): Promise<readonly T[]> {
    const items: T[] = [];
    let token: string | undefined;
    let read = 0;
    do {
      const page = await this._readPage(token, signal);
      items.push(...page.items);
      token = page.next_page_token ?? undefined;
      read += 1;
    } while (token !== undefined && read < Math.min(this._nPages, PAGES_AGAIN));
    if (token !== undefined && read < this._nPages) {
      return this._joined(items, this.items ?? []);
    }
    if (!signal.aborted) {
      this._next = token;
      this._nPages = read;
    }
    return items;
  }

  /** `first`, then those of `second` that are not in it. */
  private _joined(first: readonly T[], second: readonly T[]): readonly T[] {
    const keys = new Set(first.map(this._keyOf));
    return [...first, ...second.filter(item => !keys.has(this._keyOf(item)))];
  }

  private _next: string | undefined;
  private _nPages = 1;
}

// The charts of the runs page: its cards, and what those over many runs show.
import type { IDisposable } from '@lumino/disposable';
import type { ICaller, ParamImportance, RunColumns } from '../api/client';
import {
  type CardKind,
  columnsOf,
  firstCards,
  type ICard,
  type ICardNames,
  moved,
  newCard,
} from './cards';
import { Resource } from './resource';

/** Runs that charts over many runs show at most, the newest. */
export const MOST_RUNS = 2000;

/** What the charts need to know of the page. */
export interface IChartsPage {
  /** Whether charts are shown at all. */
  readonly isOpen: boolean;
  /** The cards that were chosen; null for one a metric. */
  cards: readonly ICard[] | null;
  readonly filter: string;
  readonly view: 'active' | 'archived';
  /** Names of what the charted runs have. */
  readonly names: ICardNames;
  /** Metrics that have a card unless others were chosen. */
  readonly firstMetrics: readonly string[];
}

export class ChartsModel implements IDisposable {
  constructor(
    private readonly _caller: ICaller,
    private readonly _page: IChartsPage,
  ) {
    this.table = new Resource<RunColumns | null>(async signal => {
      const columns = columnsOf(this.cards);
      this._read = columns.join('\n');
      if (!_page.isOpen || columns.length === 0) {
        return null;
      }
      const { filter, view } = _page;
      const args = { columns, filter, view, max_results: MOST_RUNS };
      return _caller.call('runs.columns', args, { signal });
    });
  }

  /** Columns of runs that fit the filter, for all cards that show such. */
  readonly table: Resource<RunColumns | null>;

  get cards(): readonly ICard[] {
    return this._page.cards ?? firstCards(this._page.firstMetrics);
  }

  get names(): ICardNames {
    return this._page.names;
  }

  /** Metrics whose points are drawn. */
  get metrics(): string[] {
    const names = this.cards.flatMap(card => (card.kind === 'line' ? (card.metric ?? []) : []));
    return [...new Set(names)];
  }

  /** Put a new card on top; answers its id. */
  add(kind: CardKind): string {
    const card = newCard(kind, this.names, this.cards);
    this._page.cards = [card, ...this.cards];
    return card.id;
  }

  remove(id: string): void {
    this._page.cards = this.cards.filter(card => card.id !== id);
  }

  move(id: string, by: number): void {
    this._page.cards = moved(this.cards, id, by);
  }

  configure(id: string, change: Partial<ICard>): void {
    this._page.cards = this.cards.map(card => (card.id === id ? { ...card, ...change } : card));
  }

  /** One card for each metric again. */
  reset(): void {
    this._page.cards = null;
  }

  /** How much the params explain of a metric; read when it is asked for the first time. */
  importance(metric: string): Resource<readonly ParamImportance[]> {
    let found = this._importances.get(metric);
    if (!found) {
      found = new Resource<readonly ParamImportance[]>(signal => {
        const { filter, view } = this._page;
        return this._caller.call('runs.importance', { metric, filter, view }, { signal });
      });
      this._importances.set(metric, found);
      void found.refresh();
    }
    return found;
  }

  /** The cards or the page have changed: read what is missing. */
  arrange(): void {
    if (this._page.isOpen && columnsOf(this.cards).join('\n') !== this._read) {
      void this.table.refresh();
    }
  }

  /** Other runs are asked for: read all anew. */
  restart(): void {
    void this.table.restart();
    for (const resource of this._importances.values()) {
      void resource.restart();
    }
  }

  get isDisposed(): boolean {
    return this.table.isDisposed;
  }

  dispose(): void {
    this.table.dispose();
    for (const resource of this._importances.values()) {
      resource.dispose();
    }
  }

  private _read = '';
  private readonly _importances = new Map<string, Resource<readonly ParamImportance[]>>();
}

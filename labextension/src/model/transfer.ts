// Bringing another MLflow's runs in: what is asked for, and how far the service is with it.
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { ApiError, type ICaller, type Transfer } from '../api/client';

export type SourceKind = 'folder' | 'database' | 'server';

export interface ITransferDraft {
  kind: SourceKind;
  /** A folder or file on the machine of the workspace, or an address. */
  place: string;
  /** Where the files of a database lie whose server does not run. */
  artifacts: string;
  withFiles: boolean;
}

/** `asking` until something was begun, and again when it could not be read at all. */
export type Phase = 'asking' | 'running' | 'counted' | 'done' | 'canceled';

/** Seconds for which the service may keep an answer until there is news. */
const WAIT_S = 20;
const ABSOLUTE = /^(\/|~|[A-Za-z]:[\\/]|\\\\)/;

export class TransferModel implements IDisposable {
  constructor(
    private readonly _client: ICaller,
    private readonly _trans: TranslationBundle,
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get draft(): Readonly<ITransferDraft> {
    return this._draft;
  }

  /** What is wrong, by the name of the field in the draft. */
  get problems(): Readonly<Partial<Record<keyof ITransferDraft, string>>> {
    return this._problems;
  }

  /** What went wrong and belongs to no field. */
  get failure(): Error | null {
    return this._failure;
  }

  get transfer(): Transfer | null {
    return this._transfer;
  }

  /** Runs that the last dry run found in the same place; null when none has looked. */
  get nExpected(): number | null {
    return this._nExpected;
  }

  /** Whether the service was asked to begin or to end, and has not answered. */
  get isAsking(): boolean {
    return this._isAsking;
  }

  get phase(): Phase {
    const { _transfer: transfer } = this;
    if (!transfer) {
      return 'asking';
    }
    switch (transfer.state) {
      case 'done':
        return transfer.dry_run ? 'counted' : 'done';
      case 'canceled':
        return 'canceled';
      case 'failed':
        return 'asking';
      default:
        return 'running';
    }
  }

  get isDisposed(): boolean {
    return this._stop.signal.aborted;
  }

  dispose(): void {
    this._stop.abort();
    Signal.clearData(this);
  }

  describe(change: Partial<ITransferDraft>): void {
    this._draft = { ...this._draft, ...change };
    this._problems = {};
    this._failure = null;
    this._nExpected = null;
    this._changed.emit();
  }

  /** Take up a transfer that is running already. */
  async resume(): Promise<void> {
    await this._ask(async () => {
      const all = await this._client.call('transfers.list', {});
      this._transfer = all.find(item => item.state === 'running') ?? null;
    });
    void this._follow();
  }

  /** Begin; answers whether the service has. */
  async start(dryRun: boolean): Promise<boolean> {
    const { kind, artifacts, withFiles } = this._draft;
    const problem = this._problem();
    if (problem) {
      this._problems = { place: problem };
      this._changed.emit();
      return false;
    }
    const isBegun = await this._ask(async () => {
      this._transfer = await this._client.call('transfers.create', {
        transfer: {
          source: sourceOf(this._draft),
          dry_run: dryRun,
          with_files: withFiles,
          ...(kind === 'database' && artifacts.trim() && { artifacts: artifacts.trim() }),
        },
      });
    });
    void this._follow();
    return isBegun;
  }

  /** End what is running; what has come stays. */
  async cancel(): Promise<void> {
    const id = this._transfer?.id;
    if (id) {
      await this._ask(async () => {
        this._transfer = await this._client.call('transfers.cancel', { id });
      });
    }
  }

  /** Put the form back, as it was filled in. */
  back(): void {
    this._transfer = null;
    this._changed.emit();
  }

  /** Resolves when nothing is running any more. */
  ended(): Promise<void> {
    return this._following ?? Promise.resolve();
  }

  private _problem(): string | null {
    const trans = this._trans;
    const place = this._draft.place.trim();
    if (place === '') {
      return trans.__('Say where the runs are.');
    }
    switch (this._draft.kind) {
      case 'server':
        return /^https?:\/\/[^/]/.test(place)
          ? null
          : trans.__('An address begins with http:// or https://.');
      case 'database':
        return /^sqlite:\/\/\//.test(place) || ABSOLUTE.test(place)
          ? null
          : trans.__('Write the whole path, such as /home/me/mlflow.db.');
      default:
        return ABSOLUTE.test(place)
          ? null
          : trans.__('Write the whole path, such as /home/me/mlruns.');
    }
  }

  private async _ask(act: () => Promise<void>): Promise<boolean> {
    this._isAsking = true;
    this._failure = null;
    this._problems = {};
    this._changed.emit();
    try {
      await act();
      return true;
    } catch (error) {
      this._refused(error as Error);
      return false;
    } finally {
      this._isAsking = false;
      this._changed.emit();
    }
  }

  private _refused(error: Error): void {
    const problems = error instanceof ApiError ? error.problems : [];
    const of = (name: string): string | undefined =>
      problems.find(problem => (problem.field ?? '').split('.').pop() === name)?.message;
    const [place, artifacts] = [of('source'), of('artifacts')];
    this._problems = { ...(place && { place }), ...(artifacts && { artifacts }) };
    this._failure = place || artifacts ? null : error;
  }

  private _follow(): Promise<void> {
    this._following ??= this._read().finally(() => {
      this._following = null;
    });
    return this._following;
  }

  private async _read(): Promise<void> {
    const { signal } = this._stop;
    while (this._transfer && this.phase === 'running' && !signal.aborted) {
      const { id, step } = this._transfer;
      try {
        const news = await this._client.call(
          'transfers.get',
          { id, after: step ?? 0, wait_s: WAIT_S },
          { signal },
        );
        if (this._transfer?.id === id && this.phase === 'running') {
          this._take(news);
        }
      } catch (error) {
        if (!signal.aborted) {
          this._transfer = null;
          this._failure = error as Error;
          this._changed.emit();
        }
      }
    }
  }

  private _take(transfer: Transfer): void {
    this._transfer = transfer;
    if (transfer.state === 'failed') {
      this._problems = { place: transfer.error ?? '' };
    } else if (transfer.state === 'done' && transfer.dry_run) {
      this._nExpected = countOf(transfer, 'runs').n ?? 0;
    }
    this._changed.emit();
  }

  private _draft: ITransferDraft = { kind: 'folder', place: '', artifacts: '', withFiles: true };
  private _problems: Partial<Record<keyof ITransferDraft, string>> = {};
  private _failure: Error | null = null;
  private _transfer: Transfer | null = null;
  private _nExpected: number | null = null;
  private _isAsking = false;
  private _following: Promise<void> | null = null;
  private readonly _stop = new AbortController();
  private readonly _changed = new Signal<this, void>(this);
}

/** The source as the service reads it. */
export function sourceOf(draft: ITransferDraft): string {
  const place = draft.place.trim();
  const isPath = /^(\/|[A-Za-z]:[\\/])/.test(place);
  return draft.kind === 'database' && isPath ? `sqlite:///${place}` : place;
}

type Counts = NonNullable<Transfer['report']>['counts'];

/** What was counted of one kind so far. */
export function countOf(transfer: Transfer | null, kind: string): Counts[number] {
  return transfer?.report?.counts.find(count => count.kind === kind) ?? { kind };
}

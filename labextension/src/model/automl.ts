// One AutoML job: its trials as they come, best first, and the end that a person may put to it.
import type { IDisposable } from '@lumino/disposable';
import type { Client, Schemas } from '../api/client';
import { Evaluations } from './evaluation';
import { Resource } from './resource';
import { isFinal } from './states';
import { concernsSweep, type TrialState } from './sweep';
import type { WorkspaceModel } from './workspace';

export type Leaderboard = Schemas['Leaderboard'];
export type Contender = Schemas['Contender'];

const REFRESH_MS = 800;
const MOST_METRICS = 5;

export class AutoMLModel implements IDisposable {
  constructor(
    private readonly _client: Pick<Client, 'call' | 'download'>,
    models: WorkspaceModel,
    readonly name: string,
  ) {
    this.board = new Resource<Leaderboard>(signal =>
      _client.call('automl.get', { name }, { signal }),
    );
    this.evaluations = new Evaluations(_client);
    this._following = models.follow(this.board, event => concernsSweep(event, name), REFRESH_MS);
    void this.board.refresh();
  }

  readonly board: Resource<Leaderboard>;
  readonly evaluations: Evaluations;

  get isDisposed(): boolean {
    return this.board.isDisposed;
  }

  /** Try no more; the job completes with the best so far. */
  async stop(): Promise<void> {
    await this._client.call('automl.stop', { name: this.name });
    await this.board.refresh();
  }

  dispose(): void {
    this._following.dispose();
    this.evaluations.dispose();
    this.board.dispose();
  }

  private readonly _following: IDisposable;
}

/** The trials with a score, best first; then those that wait or run; what has failed comes last. */
export function ranked(board: Leaderboard): Contender[] {
  const sign = board.goal === 'maximize' ? -1 : 1;
  const later: Partial<Record<TrialState, number>> = { running: 1, waiting: 2 };
  return [...board.trials].sort((left, right) => {
    if (left.value != null && right.value != null) {
      return sign * (left.value - right.value) || left.number - right.number;
    }
    if (left.value != null || right.value != null) {
      return left.value != null ? -1 : 1;
    }
    return (later[left.state] ?? 3) - (later[right.state] ?? 3) || left.number - right.number;
  });
}

/** Whether a trial has come to nothing. */
export function isLost(trial: Contender): boolean {
  return ['failed', 'canceled', 'stopped'].includes(trial.state);
}

/** Names of metrics besides the primary one, those first that all trials have. */
export function otherMetrics(board: Leaderboard): string[] {
  const n = new Map<string, number>();
  for (const trial of board.trials) {
    for (const name of Object.keys(trial.metrics ?? {})) {
      n.set(name, (n.get(name) ?? 0) + 1);
    }
  }
  n.delete(board.primary_metric);
  const names = [...n.keys()].filter(name => !name.includes('/'));
  names.sort((a, b) => (n.get(b) ?? 0) - (n.get(a) ?? 0) || a.localeCompare(b));
  return names.slice(0, MOST_METRICS);
}

/** Seconds of the job's time that are left at a moment in ms; null without limit, or when it has ended. */
export function leftSeconds(board: Leaderboard, now: number): number | null {
  if (board.timeout_s == null || !board.started_at || isFinal(board.status)) {
    return null;
  }
  return Math.max(0, board.timeout_s - (now - Date.parse(board.started_at)) / 1000);
}

/** What can be done with the job now. */
export function canStop(board: Leaderboard): boolean {
  const isEnding = ['CancelRequested', 'Finalizing'].includes(board.status);
  return !isFinal(board.status) && !isEnding && !board.stopped && board.best != null;
}

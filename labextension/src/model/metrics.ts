// What is to be seen in the metrics and params of runs.
import type { Run, Series } from '../api/client';

/** Metrics that the workspace samples by itself (CPU, memory, GPU) begin with this. */
export const SYSTEM = 'system/';

export function isSystem(name: string): boolean {
  return name.startsWith(SYSTEM);
}

/** The metric that stands for a run in lists: the chosen one if the run has it, else its first. */
export function mainMetric(run: Run, chosen: string): string | undefined {
  const metrics = run.metrics ?? {};
  if (chosen && chosen in metrics) {
    return chosen;
  }
  return Object.keys(metrics)
    .filter(name => !isSystem(name))
    .sort()[0];
}

/** Names of the metrics and params in which runs differ (one without the value differs too). */
export function differing(runs: readonly Run[]): { metrics: string[]; params: string[] } {
  return {
    metrics: differingKeys(runs.map(run => run.metrics ?? {})).filter(name => !isSystem(name)),
    params: differingKeys(runs.map(run => run.params ?? {})),
  };
}

function differingKeys(maps: readonly Record<string, unknown>[]): string[] {
  const keys = new Set(maps.flatMap(map => Object.keys(map)));
  return [...keys].filter(key => new Set(maps.map(map => map[key])).size > 1).sort();
}

/** All metric and param names of runs, for the case that there is one run only. */
export function allKeys(runs: readonly Run[]): { metrics: string[]; params: string[] } {
  const keys = (maps: readonly Record<string, unknown>[]): string[] =>
    [...new Set(maps.flatMap(map => Object.keys(map)))].sort();
  return {
    metrics: keys(runs.map(run => run.metrics ?? {})).filter(name => !isSystem(name)),
    params: keys(runs.map(run => run.params ?? {})),
  };
}

/** How far a metric is from that of the baseline; null when one of them is no finite number. */
export function deltaTo(
  value: number | string | null | undefined,
  base: number | string | null | undefined,
): number | null {
  if (value == null || base == null) {
    return null;
  }
  const delta = toNumber(value) - toNumber(base);
  return Number.isFinite(delta) ? delta : null;
}

/** A value of a series as a number; `NaN` and the infinities arrive as text. */
export function toNumber(value: number | string): number {
  return typeof value === 'number' ? value : Number(value);
}

/**
 * Exponential moving average that starts without bias: `weight` 0 leaves values as they are, towards 1 it
 * smooths more. What is not finite is passed on and not averaged in.
 */
export function smooth(values: readonly number[], weight: number): number[] {
  let last = 0;
  let n = 0;
  return values.map(value => {
    if (!Number.isFinite(value) || weight <= 0) {
      return value;
    }
    last = last * weight + (1 - weight) * value;
    n += 1;
    return last / (1 - weight ** n);
  });
}

/** What can be said of a series in one sentence. */
export interface ISummary {
  last: number;
  least: number;
  leastStep: number;
  greatest: number;
  greatestStep: number;
}

/** Last, least and greatest of the finite values; null when there is none. */
export function summarize(series: Series): ISummary | null {
  let found: ISummary | null = null;
  series.values.forEach((text, at) => {
    const value = toNumber(text);
    const step = series.steps[at] ?? 0;
    if (!Number.isFinite(value)) {
      return;
    }
    found ??= {
      last: value,
      least: value,
      leastStep: step,
      greatest: value,
      greatestStep: step,
    };
    found.last = value;
    if (value < found.least) {
      found.least = value;
      found.leastStep = step;
    }
    if (value > found.greatest) {
      found.greatest = value;
      found.greatestStep = step;
    }
  });
  return found;
}

// A sweep that is being written: what is drawn of a notebook's parameters, and how trials are judged.
import { Signal } from '@lumino/signaling';
import { stringify } from 'yaml';
import { ApiError, type Job, type Schemas } from '../api/client';

export type Proposal = Schemas['SpaceProposal'];
export type RowKind = 'fixed' | 'range' | 'log' | 'choices';

/** One parameter of the notebook, as texts. */
export interface ISpaceRow {
  name: string;
  kind: RowKind;
  low: string;
  high: string;
  /** Whether only whole numbers are drawn. */
  isWhole: boolean;
  /** Values between commas; words need no quotes. */
  choices: string;
  /** What it is when nothing is drawn. */
  value: string;
  /** The notebook's default, which need not be given. */
  initial: string;
  isRequired: boolean;
  /** Why it is drawn as it is. */
  reason: string;
}

export interface ISweepFields {
  metric: string;
  goal: 'minimize' | 'maximize';
  sampling: 'random' | 'sobol' | 'grid' | 'bayesian';
  policy: 'none' | 'bandit' | 'median_stopping' | 'truncation_selection';
  trials: string;
  concurrent: string;
}

/** What is swept: a notebook that says what it takes, and how it is submitted. */
export interface ISweepSource {
  title: string;
  proposal: Proposal;
  submit: (job: Record<string, unknown>) => Promise<Job>;
}

export class SweepDraft {
  constructor(readonly source: ISweepSource) {
    this.rows = rowsOf(source.proposal);
    this.fields.metric = source.proposal.metrics?.[0] ?? '';
  }

  rows: readonly ISpaceRow[];
  readonly fields: ISweepFields = {
    metric: '',
    goal: 'minimize',
    sampling: 'bayesian',
    policy: 'none',
    trials: '20',
    concurrent: '2',
  };
  /** What is wrong, by field. */
  problems: Readonly<Record<string, string>> = {};
  /** What is wrong with no field. */
  failure: ApiError | null = null;
  isBusy = false;
  readonly changed = new Signal<this, void>(this);

  describe(change: Partial<ISweepFields>): void {
    Object.assign(this.fields, change);
    this.changed.emit();
  }

  draw(name: string, change: Partial<ISpaceRow>): void {
    this.rows = this.rows.map(row => (row.name === name ? { ...row, ...change } : row));
    this.changed.emit();
  }

  /** The job; what runs is added where it is submitted. */
  get job(): Record<string, unknown> {
    return jobOf(this.fields, this.rows);
  }

  get yaml(): string {
    const { type, ...rest } = this.job;
    return stringify({ type, trial: { notebook: this.source.title, code: '.' }, ...rest });
  }

  /** Answers the job; null when something is wrong. */
  async submit(): Promise<Job | null> {
    if (this.isBusy) {
      return null;
    }
    this.isBusy = true;
    this.problems = {};
    this.failure = null;
    this.changed.emit();
    try {
      return await this.source.submit(this.job);
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      this.failure = error;
      this.problems = Object.fromEntries(error.problems.map(one => [one.field, one.message]));
      return null;
    } finally {
      this.isBusy = false;
      this.changed.emit();
    }
  }
}

/** Parameters as rows: first those that the notebook says a range of, then all others as they are. */
export function rowsOf(proposal: Proposal): ISpaceRow[] {
  const { search_space, guesses = {}, fixed = {}, required = [], reasons = {} } = proposal;
  const drawn = Object.entries(search_space).map(([name, space]) => ({
    ...rowOf(name, space),
    reason: reasons[name] ?? '',
  }));
  const names = [...new Set([...required, ...Object.keys(fixed), ...Object.keys(guesses)])];
  const others = names.map(name => {
    const guess = guesses[name];
    const value = fixed[name] == null ? '' : textOf(fixed[name]);
    return {
      ...(guess ? rowOf(name, guess) : EMPTY),
      name,
      kind: 'fixed' as const,
      value,
      initial: value,
      isRequired: required.includes(name),
    };
  });
  return [...drawn, ...others];
}

const EMPTY: ISpaceRow = {
  name: '',
  kind: 'fixed',
  low: '',
  high: '',
  isWhole: false,
  choices: '',
  value: '',
  initial: '',
  isRequired: false,
  reason: '',
};

function rowOf(name: string, space: Readonly<Record<string, unknown>>): ISpaceRow {
  const type = String(space.type);
  if (type === 'choice') {
    const values = (space.values as readonly unknown[]).map(textOf);
    return { ...EMPTY, name, kind: 'choices', choices: values.join(', ') };
  }
  const isLog = type.includes('log');
  const end = (value: unknown): string => {
    const number = isLog ? Math.exp(Number(value)) : Number(value);
    return String(Number(number.toPrecision(10)));
  };
  return {
    ...EMPTY,
    name,
    kind: isLog ? 'log' : 'range',
    isWhole: type.startsWith('q'),
    low: end(space.min_value),
    high: end(space.max_value),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A text as the value that it writes: a number, true, false, or the words themselves. */
export function parsed(text: string): number | boolean | string {
  const word = text.trim();
  if (/^(true|false)$/i.test(word)) {
    return word.toLowerCase() === 'true';
  }
  return word !== '' && Number.isFinite(Number(word)) ? Number(word) : word;
}

function spaceOf(row: ISpaceRow): Record<string, unknown> {
  if (row.kind === 'choices') {
    const values = row.choices.split(',').filter(text => text.trim() !== '');
    return { type: 'choice', values: values.map(parsed) };
  }
  const isLog = row.kind === 'log';
  // What is no number is sent as it is: the service names the field.
  const end = (text: string): number | string => {
    const value = parsed(text);
    return typeof value !== 'number' ? text : isLog ? Math.log(value) : value;
  };
  return {
    type: `${row.isWhole ? 'q' : ''}${isLog ? 'log' : ''}uniform`,
    min_value: end(row.low),
    max_value: end(row.high),
    ...(row.isWhole && { q: 1 }),
  };
}

const POLICIES: Readonly<Record<ISweepFields['policy'], Record<string, unknown> | null>> = {
  none: null,
  bandit: { type: 'bandit', slack_factor: 0.2, evaluation_interval: 1, delay_evaluation: 5 },
  median_stopping: { type: 'median_stopping', evaluation_interval: 1, delay_evaluation: 5 },
  truncation_selection: {
    type: 'truncation_selection',
    truncation_percentage: 20,
    evaluation_interval: 1,
    delay_evaluation: 5,
  },
};

function jobOf(fields: ISweepFields, rows: readonly ISpaceRow[]): Record<string, unknown> {
  const drawn = rows.filter(row => row.kind !== 'fixed');
  const given = rows.filter(row => row.kind === 'fixed' && row.value.trim() !== row.initial);
  const policy = POLICIES[fields.policy];
  return {
    type: 'sweep',
    ...(given.length > 0 && {
      inputs: Object.fromEntries(given.map(row => [row.name, parsed(row.value)])),
    }),
    search_space: Object.fromEntries(drawn.map(row => [row.name, spaceOf(row)])),
    sampling_algorithm: fields.sampling,
    objective: { goal: fields.goal, primary_metric: fields.metric.trim() },
    limits: {
      max_total_trials: parsed(fields.trials),
      max_concurrent_trials: parsed(fields.concurrent),
    },
    ...(policy && { early_termination: policy }),
  };
}

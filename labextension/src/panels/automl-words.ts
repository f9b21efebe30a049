// The words of the AutoML wizard.
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Blocker, Hint, Step } from '../model/automldraft';

export function stepWord(step: Step, trans: TranslationBundle): string {
  return {
    data: trans.__('Data'),
    task: trans.__('Task'),
    setup: trans.__('Set-up'),
    review: trans.__('Review'),
  }[step];
}

export function taskWord(task: string, trans: TranslationBundle): string {
  const words: Record<string, string> = {
    classification: trans.__('Classification: which class'),
    regression: trans.__('Regression: how much'),
    forecasting: trans.__('Forecasting: what comes next'),
  };
  return words[task] ?? task;
}

export function blockerWord(blocker: Blocker, trans: TranslationBundle): string {
  return {
    'no table': trans.__('Choose the data first.'),
    reading: trans.__('The table is being read.'),
    'no target': trans.__('Choose the column that is to be predicted.'),
    'constant target': trans.__('This column has one value only: there is nothing to predict.'),
    'no time': trans.__('Choose the column that has the moments.'),
    horizon: trans.__('Steps ahead: a whole number of at least 1, or nothing.'),
    'no algorithm': trans.__('Choose at least one algorithm.'),
    folds: trans.__('Folds: a whole number of at least 2.'),
    share: trans.__('Held out: more than 0 and less than 100 %.'),
    minutes: trans.__('Minutes: a whole number of at least 1.'),
    trials: trans.__('Trials: a whole number of at least 1, or nothing.'),
    parallel: trans.__('At the same time: a whole number of at least 1.'),
  }[blocker];
}

export function hintWord(hint: Hint, trans: TranslationBundle): string {
  return {
    constant: trans.__('one value'),
    identifier: trans.__('looks like an id'),
    missing: trans.__('mostly missing'),
    infinite: trans.__('has infinities'),
    moment: trans.__('time'),
  }[hint];
}

export function typeWord(type: string, trans: TranslationBundle): string {
  const words: Record<string, string> = {
    Numeric: trans.__('Number'),
    DateTime: trans.__('Moment'),
    Categorical: trans.__('Category'),
    CategoricalHash: trans.__('Category, hashed'),
    Text: trans.__('Text'),
    Ignore: trans.__('Left out'),
  };
  return words[type] ?? type;
}

/** What a metric says, in one line. */
export function metricMeaning(metric: string, trans: TranslationBundle): string {
  const words: Record<string, string> = {
    AUC_weighted: trans.__(
      'How well the classes are told apart, whatever the threshold; 1 is perfect, 0.5 is guessing.',
    ),
    accuracy: trans.__('Share of the rows that are classified right.'),
    norm_macro_recall: trans.__(
      'Recall of each class counted the same, so that 0 is guessing; for rare classes.',
    ),
    average_precision_score_weighted: trans.__(
      'Precision over all recalls; for classes that are rare and matter.',
    ),
    precision_score_weighted: trans.__('Of the rows said to be of a class, the share that are.'),
    normalized_root_mean_squared_error: trans.__(
      'Typical error over the range of the target; large errors count more; 0 is perfect.',
    ),
    spearman_correlation: trans.__('Whether the order is right; 1 is perfect.'),
    r2_score: trans.__('Share of the spread that is explained; 1 is perfect, 0 is the mean.'),
    normalized_mean_absolute_error: trans.__(
      'Mean error over the range of the target; 0 is perfect.',
    ),
  };
  return words[metric] ?? '';
}

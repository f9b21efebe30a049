// The example notebook: real data that comes with scikit-learn, a model in seconds.
import type { ICell, INotebookContent } from '@jupyterlab/nbformat';
import type { TranslationBundle } from '@jupyterlab/translation';
import { code, markdown, notebookOf } from './cells';

export function exampleNotebook(trans: TranslationBundle): INotebookContent {
  const cells: ICell[] = [
    markdown(
      'about',
      [
        `# ${trans.__('Train a classifier')}`,
        trans.__(
          'Run the cells here, or press *Run as job* in the toolbar: a copy of this notebook runs with the parameters you choose, and you can close JupyterLab meanwhile.',
        ),
      ].join('\n\n'),
    ),
    code(
      'parameters',
      [
        `n_estimators: int = 50  # [10..300] ${trans.__('How many trees')}`,
        `max_depth: int = 6  # [1..20] ${trans.__('How deep each may grow')}`,
      ].join('\n'),
      ['parameters'],
    ),
    code(
      'data',
      [
        'import mlflow',
        'from sklearn.datasets import load_breast_cancer',
        'from sklearn.ensemble import RandomForestClassifier',
        'from sklearn.metrics import accuracy_score, log_loss',
        'from sklearn.model_selection import train_test_split',
        '',
        'X, y = load_breast_cancer(return_X_y=True, as_frame=True)',
        'X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)',
        'X.describe()',
      ].join('\n'),
    ),
    code(
      'train',
      [
        'with mlflow.start_run():',
        '    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})',
        '    model = RandomForestClassifier(max_depth=max_depth, warm_start=True, random_state=0)',
        '    for n in range(5, n_estimators + 1, 5):',
        '        model.set_params(n_estimators=n).fit(X_train, y_train)',
        '        chances = model.predict_proba(X_test)',
        '        mlflow.log_metric("test_log_loss", log_loss(y_test, chances), step=n)',
        '        mlflow.log_metric("test_accuracy", accuracy_score(y_test, model.predict(X_test)), step=n)',
      ].join('\n'),
    ),
    code(
      'outputs',
      ['accuracy: float = accuracy_score(y_test, model.predict(X_test))'].join('\n'),
      ['outputs'],
    ),
  ];
  return notebookOf(cells);
}

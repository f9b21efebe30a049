"""Try combinations of an estimator's arguments, and keep the best by cross-validation."""

from kit import (
    arg,
    estimator,
    give,
    give_model,
    known_and_label,
    log,
    need,
    options,
    prepared,
    table,
)

pd, selection = need("pandas"), need("sklearn.model_selection")
known, label = known_and_label(table(), arg("label"))
model = prepared(estimator(arg("estimator"), {}), known)
last = model.steps[-1][0]
grid = {f"{last}__{name}": values for name, values in options("grid").items()}
n_all = len(selection.ParameterGrid(grid))
search = selection.RandomizedSearchCV(
    model,
    grid,
    n_iter=min(int(arg("tries")), n_all),
    cv=int(arg("folds")),
    random_state=int(arg("seed")),
).fit(known, label)
trials = pd.DataFrame(search.cv_results_["params"]).rename(
    columns=lambda name: name.partition("__")[2]
)
trials["score"] = search.cv_results_["mean_test_score"]
give("trials", trials.sort_values("score", ascending=False))
log({"best_score": float(search.best_score_)})
give_model("model", search.best_estimator_, known)

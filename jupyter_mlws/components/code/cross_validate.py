"""How well an estimator does on parts of the table that it has not seen."""

from kit import (
    arg,
    estimator,
    give,
    give_value,
    known_and_label,
    log,
    need,
    options,
    prepared,
    table,
)

pd, selection = need("pandas"), need("sklearn.model_selection")
known, label = known_and_label(table(), arg("label"))
model = prepared(estimator(arg("estimator"), options("parameters")), known)
scores = selection.cross_val_score(model, known, label, cv=int(arg("folds")))
give("folds", pd.DataFrame({"fold": range(1, len(scores) + 1), "score": scores}))
log({"mean_score": float(scores.mean()), "spread": float(scores.std())})
give_value("score", float(scores.mean()))

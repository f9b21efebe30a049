"""Train any estimator of scikit-learn, XGBoost or LightGBM by the name of its class."""

from kit import arg, estimator, give_model, known_and_label, log, options, prepared, table

known, label = known_and_label(table(), arg("label"))
model = prepared(estimator(arg("estimator"), options("parameters")), known).fit(known, label)
log({"training_score": float(model.score(known, label))})
give_model("model", model, known)

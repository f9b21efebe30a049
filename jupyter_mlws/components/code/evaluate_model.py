"""Compare predictions with what is true: the usual numbers for classes or for numbers."""

from kit import arg, columns, give, give_value, log, need, table

pd, metrics = need("pandas"), need("sklearn.metrics")
frame = table("scored")
columns(frame, [arg("label"), arg("prediction")], "label, prediction")
frame = frame.dropna(subset=[arg("label")])
true, told = frame[arg("label")], frame[arg("prediction")]
chances = [name for name in frame.columns if name.startswith("chance_")]
is_number = pd.api.types.is_float_dtype(told) and not chances
if is_number:
    found = {
        "r2": metrics.r2_score(true, told),
        "mean_absolute_error": metrics.mean_absolute_error(true, told),
        "root_mean_squared_error": metrics.mean_squared_error(true, told) ** 0.5,
    }
else:
    true, told = true.astype(str), told.astype(str)
    found = {
        "accuracy": metrics.accuracy_score(true, told),
        "balanced_accuracy": metrics.balanced_accuracy_score(true, told),
        "f1_macro": metrics.f1_score(true, told, average="macro"),
    }
    if len(chances) == 2:
        second = chances[1].removeprefix("chance_")
        found["auc"] = metrics.roc_auc_score(true == second, frame[chances[1]])
found = {name: float(value) for name, value in found.items()}
log(found)
give("metrics", pd.DataFrame({"metric": list(found), "value": list(found.values())}))
give_value("score", found["r2"] if is_number else found["accuracy"])

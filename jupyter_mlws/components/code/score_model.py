"""Let a model tell the rows of a table; chances of the classes stand beside."""

from kit import give, model, table

frame, found = table(), model()
wanted = getattr(found, "feature_names_in_", None)
known = frame if wanted is None else frame[list(wanted)]
result = frame.assign(prediction=found.predict(known))
if hasattr(found, "predict_proba"):
    for name, chances in zip(found.classes_, found.predict_proba(known).T):
        result[f"chance_{name}"] = chances
give("result", result)

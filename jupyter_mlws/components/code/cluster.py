"""Put rows that are alike into groups (k-means on scaled columns)."""

from kit import arg, columns, estimator, give, give_model, log, names, prepared, table

frame = table()
known = frame[columns(frame, names("columns"))]
means = estimator(
    "KMeans", {"n_clusters": int(arg("groups")), "random_state": int(arg("seed")), "n_init": 10}
)
model = prepared(means, known)
give("result", frame.assign(cluster=model.fit_predict(known)))
log({"inertia": float(means.inertia_)})
give_model("model", model, known)

"""Bring number columns to one scale; the transformation can be applied to other tables."""

from kit import arg, columns, give, give_model, names, need, table

compose, scaling = need("sklearn.compose"), need("sklearn.preprocessing")
frame = table()
chosen = columns(frame, names("columns") or list(frame.select_dtypes("number").columns))
scalers = {"standard": "StandardScaler", "min_max": "MinMaxScaler", "robust": "RobustScaler"}
scaler = getattr(scaling, scalers[arg("way")])()
transformer = compose.ColumnTransformer(
    [("scaled", scaler, chosen)], remainder="passthrough", verbose_feature_names_out=False
).set_output(transform="pandas")
order = list(frame.columns)
give("result", transformer.fit_transform(frame)[order])
give_model("transformation", transformer, frame)

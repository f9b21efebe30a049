"""Fill gaps in columns, or drop the rows or columns that have any."""

from kit import arg, columns, give, names, need, table

frame = table()
pd = need("pandas")
chosen = columns(frame, names("columns"))
way = arg("way")
if way == "drop_rows":
    frame = frame.dropna(subset=chosen)
elif way == "drop_columns":
    frame = frame.drop(columns=[name for name in chosen if frame[name].isna().any()])
else:
    for name in chosen:
        column = frame[name]
        if not column.isna().any():
            continue
        is_number = pd.api.types.is_numeric_dtype(column)
        if way == "constant":
            fill = float(arg("constant")) if is_number else arg("constant")
        elif way in ("mean", "median") and is_number:
            fill = getattr(column, way)()
        else:
            fill = column.mode().iloc[0]
        frame[name] = column.fillna(fill)
give("result", frame)

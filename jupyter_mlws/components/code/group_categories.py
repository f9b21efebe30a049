"""Make rare values of a column one category."""

from kit import arg, columns, give, names, table

frame = table()
for name in columns(frame, names("columns")):
    column = frame[name].astype("string")
    counts = column.value_counts()
    rare = counts[counts < int(arg("least"))].index
    frame[name] = column.where(~column.isin(rare), arg("other"))
give("result", frame)

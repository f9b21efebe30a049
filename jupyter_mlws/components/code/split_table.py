"""Split a table in two at random, for training and test."""

from kit import arg, columns, give, need, table

selection = need("sklearn.model_selection")
frame = table()
share, seed, even, group = float(arg("share")), int(arg("seed")), arg("stratify"), arg("group")
if group:
    columns(frame, [group], "group")
    splitter = selection.GroupShuffleSplit(n_splits=1, train_size=share, random_state=seed)
    first, second = next(splitter.split(frame, groups=frame[group]))
    parts = frame.iloc[first], frame.iloc[second]
else:
    labels = frame[columns(frame, [even], "stratify")[0]] if even else None
    parts = selection.train_test_split(frame, train_size=share, random_state=seed, stratify=labels)
give("first", parts[0])
give("second", parts[1])

"""How much worse a model gets when a column is shuffled."""

from kit import arg, give, known_and_label, model, need, table

pd, inspection = need("pandas"), need("sklearn.inspection")
known, label = known_and_label(table(), arg("label"))
found = inspection.permutation_importance(
    model(), known, label, n_repeats=int(arg("repeats")), random_state=int(arg("seed"))
)
result = pd.DataFrame(
    {"column": known.columns, "importance": found.importances_mean, "spread": found.importances_std}
)
give("result", result.sort_values("importance", ascending=False))

"""Made-up sales of many stores, twenty days each, as one table."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--stores", type=int, default=500)
parser.add_argument("--table", required=True, help="folder to leave the table in")
args = parser.parse_args()

chance = np.random.default_rng(0)
day = np.arange(20)
tables = [
    pd.DataFrame(
        {
            "store": f"s{number:03}",
            "day": day,
            "sold": chance.uniform(20, 80) + chance.normal(1, 2) * day + chance.normal(0, 3, 20),
        }
    )
    for number in range(args.stores)
]
pd.concat(tables).to_parquet(Path(args.table) / "sales.parquet")

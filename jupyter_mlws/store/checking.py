"""Whether the rows agree with each other."""

from __future__ import annotations

import sqlite3

from jupyter_mlws.entities.compute import CheckReport, Finding

TABLES = (
    "keys",
    "experiments",
    "experiment_tags",
    "runs",
    "points",
    "latest",
    "model_points",
    "params",
    "tags",
    "records",
    "artifacts",
    "edges",
    "events",
)

LATEST = """
    SELECT run_id || '/' || key FROM latest AS l JOIN runs USING (rid) JOIN keys USING (kid)
    WHERE NOT EXISTS (
      SELECT 1 FROM points AS p WHERE p.rid = l.rid AND p.kid = l.kid
      AND p.step = l.step AND p.ts = l.ts AND p.value = l.value AND p.nan = l.nan
    ) OR EXISTS (
      SELECT 1 FROM points AS p WHERE p.rid = l.rid AND p.kid = l.kid AND p.step >= l.step
      AND (p.step, p.ts, -p.nan, p.value) > (l.step, l.ts, -l.nan, l.value)
    )
"""
POINTS = """
    SELECT 'run number ' || rid || ', metric number ' || kid FROM (
      SELECT DISTINCT rid, kid FROM points
      EXCEPT SELECT rid, kid FROM latest JOIN runs USING (rid) JOIN keys USING (kid)
    )
"""
EXPERIMENT = """
    SELECT DISTINCT run_id FROM runs JOIN (
      SELECT rid, eid FROM latest UNION SELECT rid, eid FROM params UNION SELECT rid, eid FROM tags
    ) AS d USING (rid) WHERE d.eid <> runs.eid
"""
ARTIFACT = """
    SELECT folder || '/' || name FROM artifacts AS a WHERE folder <> '' AND folder NOT IN (
      SELECT CASE folder WHEN '' THEN name ELSE folder || '/' || name END
      FROM artifacts WHERE blob IS NULL
    )
"""
RECORD = "SELECT kind || ' ' || name FROM records WHERE NOT json_valid(doc)"

RULES = {
    "latest": ("the latest point is not in the history, or a later one is", LATEST),
    "points": ("points without a run, a name or a latest point", POINTS),
    "experiment": ("data names another experiment than its run", EXPERIMENT),
    "artifact": ("it lies in a folder that is not there", ARTIFACT),
    "record": ("the document is not JSON", RECORD),
}
"""For each kind of finding what is wrong, and the SQL that gives the subjects of which it is true."""


def check(db: sqlite3.Connection) -> CheckReport:
    """Read every page and every rule; rules are left out where the file itself is damaged."""
    findings = []
    try:
        found = db.execute("PRAGMA integrity_check").fetchall()
        findings += [_finding("database", "", text) for (text,) in found if text != "ok"]
        for table, _, parent, _ in db.execute("PRAGMA foreign_key_check").fetchall():
            findings.append(_finding("reference", table, f"a row refers to no row of {parent}"))
        for kind, (message, sql) in RULES.items():
            findings += [_finding(kind, subject, message) for (subject,) in db.execute(sql)]
        n_rows = sum(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES)
    except sqlite3.DatabaseError as error:
        findings.append(_finding("database", "", str(error)))
        n_rows = 0
    return CheckReport(n_rows=n_rows, n_blobs=0, n_bytes=0, findings=findings)


def _finding(kind: str, subject: str, message: str) -> Finding:
    return Finding(kind=kind, subject=subject, message=message)

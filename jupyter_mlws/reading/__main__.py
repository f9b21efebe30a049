"""`python -m jupyter_mlws.reading`: reads a request from standard input, writes progress and answer as lines.

A process of its own: what a table needs of memory is given back, and a broken file breaks nothing else.
"""

from __future__ import annotations

import json
import sys
import time

from jupyter_mlws.entities.errors import MlwsError
from jupyter_mlws.entities.profile import Analysis
from jupyter_mlws.reading import work
from jupyter_mlws.reading.request import Request

GAP_S = 0.1


def main() -> None:
    """Do one piece of work."""
    request = Request.model_validate_json(sys.stdin.buffer.read())
    told_at = 0.0

    def say(**line: object) -> None:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    def report(progress: float, step: str) -> None:
        nonlocal told_at
        now = time.monotonic()
        if now - told_at >= GAP_S:
            told_at = now
            say(progress=progress, step=step)

    try:
        match request.task:
            case "preview":
                say(answer=work.preview(request).model_dump(mode="json"))
            case "profile":
                made = Analysis(state="ready", progress=1, profile=work.profile(request, report))
                say(answer=made.model_dump(mode="json"))
            case "compare":
                say(answer=work.compare(request, report).model_dump(mode="json"))
    except MlwsError as error:
        say(error=error.to_dict())


if __name__ == "__main__":
    main()

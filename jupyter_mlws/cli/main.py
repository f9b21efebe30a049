"""`mlws`: every operation as a command, `mlws <noun> <verb>`, as in `az ml`.

Commands come from the table of operations; those that do more on the caller's side stand in
`cli/jobs.py`, `cli/service.py` and `cli/care.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from jupyter_mlws.cli.own import SPECIAL, fail
from jupyter_mlws.entities.errors import MlwsError


class Nouns(click.Group):
    """One group of commands for each noun; made when asked for, so that `--help` is quick."""

    def list_commands(self, context: click.Context) -> list[str]:
        """All nouns, and `validate`, which finds out the noun by itself."""
        from jupyter_mlws.features.operations import load

        nouns = {op.singular for op in load().values()} | {noun for noun, _ in SPECIAL}
        return sorted({*nouns, "validate"})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The group of a noun; its plural is taken too."""
        known = self.list_commands(context)
        noun = name if name in known else name.removesuffix("s")
        if noun not in known:
            return None
        if noun == "validate":
            from jupyter_mlws.cli.validate import validate

            return validate
        from jupyter_mlws.cli.commands import verbs

        return verbs(noun)


@click.command(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jupyter_mlws", prog_name="mlws")
def app() -> None:
    """A workspace for machine learning: jobs, runs, data and models, on your own machines."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; errors go to standard error in words, exit code 1."""
    try:
        app.main(args=None if arguments is None else list(arguments), prog_name="mlws")
    except MlwsError as error:
        fail(error)
    except BrokenPipeError:
        # The reader of our output has seen enough.
        sys.stderr.close()
        raise SystemExit(0) from None


if __name__ == "__main__":
    main()

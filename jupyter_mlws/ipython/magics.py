"""`%load_ext jupyter_mlws`: the magic `%mlws`."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import yaml
from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_cell_magic, magics_class

from jupyter_mlws.entities.errors import MlwsError
from jupyter_mlws.ipython import calls
from jupyter_mlws.ipython.display import AssetList

_QUESTION = re.compile(r"^(\s*%mlws\b[^?\n]*?)\s*\?+[ \t]*$", re.MULTILINE)


class _Help(Exception):
    """What a parser has to say instead of parsing."""


class _Parser(argparse.ArgumentParser):
    """A parser that tells instead of leaving the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\n{self.format_usage()}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise _Help

    def print_help(self, file: Any = None) -> None:
        print(self.format_help(), end="", file=file)


def _parser() -> _Parser:
    parser = _Parser(prog="%mlws", description="The ML workspace, from a notebook.")
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=_Parser)

    def verb(name: str, text: str) -> _Parser:
        made: _Parser = verbs.add_parser(name, help=text.replace("%", "%%"), description=text)
        made.add_argument("--json", action="store_true", help="answer JSON instead of a display")
        return made

    run = verb("run", "Start a run; what mlflow and %mlws log record from now on lands on it.")
    run.add_argument("name", nargs="?", help="its name; made up when absent")
    verb("end", "End the active run.")
    log = verb("log", "Log to the active run: numbers as metrics, the rest as params.")
    log.add_argument("--step", type=int, help="step of the metrics")
    log.add_argument(
        "values", nargs="+", metavar="KEY=VALUE", help="the value is a Python expression or a text"
    )
    job = verb("job", "Run a notebook as a job.")
    job.add_argument("notebook", help="path of the notebook")
    job.add_argument(
        "-p", dest="inputs", action="append", default=[], metavar="NAME=VALUE", help="an input"
    )
    job.add_argument("--experiment", help="experiment of its run")
    job.add_argument("--environment", help="kernelspec to run on")
    job.add_argument("--wait", action="store_true", help="come back when it has ended")
    runs = verb("runs", "List runs, newest first.")
    runs.add_argument(
        "filter", nargs="*", help='such as metrics.auc > 0.9 and params.model = "gbm"'
    )
    runs.add_argument("-n", type=int, default=20, help="how many at most")
    compare = verb("compare", "How runs differ; the first is the baseline.")
    compare.add_argument("run_ids", nargs="+", metavar="ID", help="2 to 20 runs")
    compare.add_argument("--metric", help="the metric that the verdict is about")
    data = verb("data", "Data of the workspace: all of it, the versions of one, or its first rows.")
    data.add_argument(
        "reference", nargs="?", help="NAME for its versions; NAME@LABEL or NAME:VERSION"
    )
    data.add_argument("-n", type=int, default=20, help="how many rows at most")
    model = verb(
        "model", "Models of the workspace: all of them, the versions of one, or its files."
    )
    model.add_argument(
        "reference", nargs="?", help="NAME for its versions; NAME@LABEL or NAME:VERSION for a path"
    )
    model.add_argument(
        "--register", metavar="PATH", help="make this file, folder or runs:/RUN/PATH a new version"
    )
    env = verb("env", "Environments: all of them, the versions of one, or how far one is made.")
    env.add_argument(
        "reference", nargs="?", help="NAME for its versions; NAME@LABEL or NAME:VERSION"
    )
    env.add_argument("--build", action="store_true", help="make it now")
    env.add_argument(
        "--from-kernel", metavar="KERNELSPEC", help="a new version, with what this kernel has"
    )
    output = verb("output", "Give a variable as an output of the notebook job that runs this.")
    output.add_argument("name", help="name of the variable and of the output")
    opened = verb("open", "Show the card of a run or job.")
    opened.add_argument("kind", choices=("run", "job"))
    opened.add_argument("id", help="id of the run or name of the job")
    return parser


CELLS = ("automl", "job", "pipeline", "sweep")
"""What a cell below `%%mlws` may be, in YAML."""


def _cell_parser() -> _Parser:
    parser = _Parser(prog="%%mlws", description="Run the job of this cell, in YAML.")
    parser.add_argument("type", choices=CELLS, help="what the cell is; `job` says its type itself")
    parser.add_argument(
        "-d",
        "--data",
        action="append",
        default=[],
        metavar="NAME=TABLE",
        help="a DataFrame of the notebook as this input, or as training_data; it is registered",
    )
    return _with_options(parser)


def _pipeline_parser() -> _Parser:
    parser = _Parser(prog="%%mlws_pipeline", description="Run the pipeline of this cell, in YAML.")
    return _with_options(parser)


def _with_options(parser: _Parser) -> _Parser:
    """What all cells may be told."""
    parser.add_argument(
        "-p",
        dest="inputs",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an input; the value is a variable of the notebook, or YAML",
    )
    parser.add_argument("--experiment", help="experiment of its run")
    parser.add_argument("--check", action="store_true", help="only say what is wrong with it")
    parser.add_argument("--wait", action="store_true", help="come back when it has ended")
    parser.add_argument("--json", action="store_true", help="answer JSON instead of a display")
    return parser


@magics_class
class MlwsMagics(Magics):
    """The magic `%mlws`; a failure of the workspace is shown as one line, and raised."""

    @line_cell_magic
    def mlws(self, line: str, cell: str | None = None) -> Any:
        """Speak to the ML workspace: runs, jobs, data, models, environments.

        `%mlws --help` lists them, `%mlws VERB --help` or `%mlws VERB?` explains one. Each has `--json`, and a
        twin in Python: `import jupyter_mlws as mlws; mlws.runs(…)`. `%%mlws automl`, `sweep`, `pipeline` and
        `job` run what the cell below says in YAML.
        """
        words = _words(line)
        if cell is not None:
            return self._cell(_cell_parser(), words, cell)
        try:
            options = _parser().parse_args(words)
        except _Help:
            return None
        verb: Callable[[argparse.Namespace], Any] = getattr(self, f"_{options.verb}")
        try:
            answer = verb(options)
        except MlwsError as error:
            raise UsageError(error.message) from error
        return _as_json(answer) if options.json else answer

    @cell_magic
    def mlws_pipeline(self, line: str, cell: str) -> Any:
        """Run the pipeline that the cell says in YAML; answers its card.

        `%%mlws_pipeline --help` lists the options. Paths in it start at the notebook's folder; after
        `-p NAME=` the name of a variable of the notebook is that variable.
        """
        return self._cell(_pipeline_parser(), _words(line), cell)

    def _cell(self, parser: _Parser, words: list[str], cell: str) -> Any:
        try:
            options = parser.parse_args(words)
        except _Help:
            return None
        type_ = getattr(options, "type", "pipeline")
        inputs = {name: self._given(text) for name, text in map(_assignment, options.inputs)}
        said = dict(map(_assignment, getattr(options, "data", [])))
        try:
            answer = calls.submit(
                cell,
                inputs,
                type=None if type_ == "job" else type_,
                data={name: self._table(variable) for name, variable in said.items()},
                check=options.check,
                wait=options.wait,
                experiment_name=options.experiment,
            )
        except MlwsError as error:
            told = "\n".join(str(problem) for problem in error.problems) or error.message
            raise UsageError(told) from error
        return _as_json(answer) if options.json else answer

    def _table(self, variable: str) -> Any:
        value = self._variables.get(variable)
        if not hasattr(value, "to_parquet"):
            raise UsageError(f"There is no DataFrame '{variable}'.")
        return value

    def _given(self, text: str) -> Any:
        """A variable of the notebook that can be handed on, else the text as YAML reads it."""
        variable = self._variables.get(text)
        if isinstance(variable, (str, bool)) or calls.is_number(variable):
            return variable
        return yaml.safe_load(text)

    def _run(self, options: argparse.Namespace) -> Any:
        active = calls.mlflow_here().start_run(run_name=options.name)
        return calls.open_("run", active.info.run_id)

    def _end(self, options: argparse.Namespace) -> Any:
        mlflow = calls.mlflow_here()
        active = mlflow.active_run()
        if active is None:
            raise UsageError("No run is active: `%mlws run` starts one.")
        mlflow.end_run()
        return calls.open_("run", active.info.run_id)

    def _log(self, options: argparse.Namespace) -> None:
        values = dict(_assignment(word) for word in options.values)
        calls.log(options.step, **{name: self._value(text) for name, text in values.items()})

    def _job(self, options: argparse.Namespace) -> Any:
        inputs = {name: yaml.safe_load(text) for name, text in map(_assignment, options.inputs)}
        fields = {"experiment_name": options.experiment, "environment": options.environment}
        given = {name: value for name, value in fields.items() if value is not None}
        return calls.job(options.notebook, inputs, wait=options.wait, **given)

    def _runs(self, options: argparse.Namespace) -> Any:
        return calls.runs(" ".join(options.filter), max_results=options.n)

    def _compare(self, options: argparse.Namespace) -> Any:
        return calls.compare(*options.run_ids, metric=options.metric)

    def _data(self, options: argparse.Namespace) -> Any:
        reference = options.reference or ""
        if not re.search(r"[@:]", reference):
            return calls.asset_list("data", reference)
        found = calls.data(reference)
        return found.head(options.n) if hasattr(found, "head") else found

    def _model(self, options: argparse.Namespace) -> Any:
        reference = options.reference or ""
        if options.register:
            if not reference or re.search(r"[@:]", reference):
                raise UsageError("Say how the model is called: %mlws model NAME --register PATH.")
            return AssetList([calls.register_model(reference, options.register)], "models")
        if not re.search(r"[@:]", reference):
            return calls.asset_list("models", reference)
        return calls.model(reference)

    def _env(self, options: argparse.Namespace) -> Any:
        reference = options.reference or ""
        wants_one = options.build or options.from_kernel
        if wants_one and not reference:
            raise UsageError("Say which environment: %mlws env NAME --build.")
        if not wants_one and not re.search(r"[@:]", reference):
            return calls.asset_list("environments", reference)
        return calls.environment(reference, build=options.build, from_kernel=options.from_kernel)

    def _output(self, options: argparse.Namespace) -> None:
        if options.name not in self._variables:
            raise UsageError(f"There is no variable '{options.name}'.")
        calls.output(options.name, self._variables[options.name])

    def _open(self, options: argparse.Namespace) -> Any:
        return calls.open_(options.kind, options.id)

    @property
    def _variables(self) -> dict[str, Any]:
        assert self.shell is not None
        variables: dict[str, Any] = self.shell.user_ns
        return variables

    def _value(self, text: str) -> Any:
        """What the text means in the notebook: a variable that can be logged, a number, or itself."""
        variable = self._variables.get(text)
        if isinstance(variable, (str, bool)) or calls.is_number(variable):
            return variable
        try:
            return float(text) if not text.lstrip("+-").isdecimal() else int(text)
        except ValueError:
            return text


def _words(line: str) -> list[str]:
    """The words of the line; quotation marks stay in a filter, whose grammar needs them."""
    verb, _, rest = line.strip().partition(" ")
    if verb == "runs":
        lexer = shlex.shlex(rest, posix=False)
        lexer.whitespace_split, lexer.commenters = True, ""
        return [verb, *lexer]
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{error}: {line}") from None


def _assignment(word: str) -> tuple[str, str]:
    name, sign, value = word.partition("=")
    if not sign or not name:
        raise UsageError(f"'{word}' is no assignment: write NAME=VALUE.")
    return name, value


def _as_json(answer: Any) -> Any:
    """What a verb answers as plain JSON; None for one that answers nothing."""
    if isinstance(answer, Path):
        return str(answer)
    if hasattr(answer, "to_json"):  # a DataFrame, whose dates and numbers are to be JSON's too
        return json.loads(answer.to_json(orient="records", date_format="iso"))
    return answer.rows if hasattr(answer, "rows") else getattr(answer, "state", None)


def _ask_for_help(lines: list[str]) -> list[str]:
    """`%mlws VERB?` asks for the verb's help; IPython would look for a variable of that name."""
    return [_QUESTION.sub(r"\1 --help", line) for line in lines]


def load_ipython_extension(shell: Any) -> None:
    """Register the magic, its help by `?`, and the completion of its verbs."""
    shell.register_magics(MlwsMagics)
    if _ask_for_help not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(_ask_for_help)
    verbs = [
        "compare",
        "data",
        "end",
        "env",
        "job",
        "log",
        "model",
        "open",
        "output",
        "run",
        "runs",
    ]
    shell.set_hook("complete_command", lambda completer, event: verbs, str_key="%mlws")

"""A pipeline as a Python script that makes the same job with `jupyter_mlws.dsl`."""

from __future__ import annotations

import keyword
import pprint
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.inlining import is_file
from jupyter_mlws.entities.pipeline import CONTROL_TYPES

DECORATED = (
    *("name", "display_name", "description", "experiment_name", "tags", "compute"),
    *("default_compute", "default_datastore", "force_rerun", "continue_on_step_failure"),
    *("on_init", "on_finalize", "cache", "max_concurrency"),
)
"""What `@pipeline` takes."""
STEP = re.compile(r"\$\{\{\s*parent\.jobs\.(\w+)(?:\.outputs\.(\w+))?\s*\}\}")
OWN = re.compile(r"\$\{\{\s*parent\.inputs\.(\w+)\s*\}\}")
GIVEN = re.compile(r"\$\{\{\s*parent\.outputs\.(\w+)\s*\}\}")
TAKEN = frozenset(
    (
        *("job", "client", "MLClient", "Input", "Output", "step", "pipeline", "load_component"),
        *("notebook_component", "do_while", "if_else", "parallel_for"),
    )
)
"""Names that the script uses itself."""
WIDTH = 88


def script(document: Mapping[str, Any], file: str = "pipeline") -> str:
    """The script; it lies where the document lies, and is run there.

    Args:
        document: as the pipeline's YAML says it, component files named and not put in.
        file: name of the document, without its endings.
    Raises:
        Invalid: it is no pipeline with steps, or a name in it cannot be one in Python.
    """
    return _Script(document, file).text()


@dataclass
class _Script:
    document: Mapping[str, Any]
    file: str
    used: set[str] = field(default_factory=set)
    functions: dict[str, str] = field(default_factory=dict)
    """The name of each function, by what makes it."""

    def text(self) -> str:
        jobs = self._jobs()
        for kind in ("inputs", "jobs"):
            for name in self.document.get(kind) or {}:
                if not name.isidentifier() or keyword.iskeyword(name) or name in TAKEN:
                    raise Invalid.field(f"{kind}.{name}", "cannot be a name in the script.")
        for name in set(self.document.get("inputs") or {}) & set(jobs):
            raise Invalid.field(f"jobs.{name}", "is called as an input of the pipeline is.")
        body = [line for key in _ordered(jobs) for line in self._step(key, jobs[key])]
        if given := self._given(jobs):
            body.append(f"return {{{', '.join(given)}}}")
        head = [f"{name} = {call}" for call, name in self.functions.items()]
        call, after = self._call()
        names = ", ".join(sorted(self.used | {"pipeline"}))
        title = self.document.get("display_name") or self.file
        lines = [
            f'"""{_quiet(title)}. Start it with:  python {self.file}.py"""',
            "",
            "from jupyter_mlws import MLClient",
            f"from jupyter_mlws.dsl import {names}",
            "",
            *head,
            *("", ""),
            self._decorator(),
            f"def {self._name}({', '.join(self._arguments())}):",
            *("\n".join(f"    {part}" for part in line.splitlines()) for line in body),
            *("", ""),
            call,
            *after,
            "",
            'if __name__ == "__main__":',
            "    client = MLClient()",
            "    client.jobs.stream(client.jobs.create_or_update(job).name)",
        ]
        return "\n".join(lines) + "\n"

    @property
    def _name(self) -> str:
        name = re.sub(r"\W+", "_", self.file).strip("_").lower() or "pipeline"
        name = name if name.isidentifier() and not keyword.iskeyword(name) else f"make_{name}"
        return f"{name}_pipeline" if name in TAKEN | {*self.functions.values()} else name

    def _jobs(self) -> dict[str, dict[str, Any]]:
        jobs = self.document.get("jobs")
        if not isinstance(jobs, dict) or not jobs:
            raise Invalid.field("jobs", "there are no steps to write down.")
        made = {}
        for key, said in jobs.items():
            made[key] = {"component": said} if is_file(said) else said
            if not isinstance(made[key], dict):
                raise Invalid.field(f"jobs.{key}", "a step is a mapping of fields.")
        return made

    # Around the steps
    def _decorator(self) -> str:
        settings = self.document.get("settings") or {}
        said = {**{k: self.document.get(k) for k in DECORATED[:6]}, **settings}
        said.setdefault("display_name", self.file)
        said["display_name"] = said["display_name"] or self.file
        words = [
            f"{key}={_literal(value)}"
            for key, value in said.items()
            if key in DECORATED and value is not None
        ]
        return f"@pipeline({', '.join(words)})"

    def _arguments(self) -> Iterator[str]:
        required = [n for n, v in self._inputs.items() if _as_input(v)]
        yield from required
        for name, value in self._inputs.items():
            if name not in required:
                yield f"{name}={_literal(value)}"

    @property
    def _inputs(self) -> Mapping[str, Any]:
        return self.document.get("inputs") or {}

    def _call(self) -> tuple[str, list[str]]:
        given = []
        for name, value in self._inputs.items():
            if _as_input(value):
                self.used.add("Input")
                given.append(f"{name}=Input({_words(value)})")
        after = []
        for name, said in (self.document.get("outputs") or {}).items():
            if said:
                self.used.add("Output")
                after.append(f'job.outputs["{name}"] = Output({_words(said)})')
        for key, value in (self.document.get("settings") or {}).items():
            if key not in DECORATED:
                after.append(f"job.settings.{key} = {_literal(value)}")
        known = {*DECORATED, "$schema", "type", "inputs", "outputs", "jobs", "settings"}
        after += [f"job.{k} = {_literal(v)}" for k, v in self.document.items() if k not in known]
        return f"job = {self._name}({', '.join(given)})", after

    def _given(self, jobs: Mapping[str, dict[str, Any]]) -> Iterator[str] | list[str]:
        found = []
        for key, said in jobs.items():
            for output, where in (said.get("outputs") or {}).items():
                path = where.get("path") if isinstance(where, dict) else where
                if isinstance(path, str) and (match := GIVEN.fullmatch(path)):
                    found.append(f'"{match[1]}": {key}.outputs.{output}')
        return found

    # The steps
    def _step(self, key: str, said: dict[str, Any]) -> Iterator[str]:
        left = {k: v for k, v in said.items() if k not in ("inputs", "outputs", "depends_on")}
        if said.get("type") in CONTROL_TYPES:
            yield f"{key} = {self._control(left)}"
        else:
            call, left = self._function(key, left)
            given = [f"{n}={self._value(v)}" for n, v in (said.get("inputs") or {}).items()]
            line = f"{key} = {call}({', '.join(given)})"
            if len(line) > WIDTH:
                inside = "".join(f"    {word},\n" for word in given)
                line = f"{key} = {call}(\n{inside})"
            yield line
        for name, value in left.items():
            yield f"{key}.{name} = {self._value(value)}"
        for name, value in (said.get("outputs") or {}).items():
            kept = value if isinstance(value, dict) else {} if value is None else {"path": value}
            if GIVEN.fullmatch(str(kept.get("path"))):
                kept = {k: v for k, v in kept.items() if k != "path"}
                if not kept:
                    continue
            self.used.add("Output")
            yield f"{key}.outputs.{name} = Output({_words(kept)})"
        if after := _after(said):
            yield f"{key}.after({', '.join(after)})"

    def _function(self, key: str, left: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The name of the function that makes the step, and the fields that it does not take."""
        if isinstance(left.get("component"), str):
            reference = str(left["component"]).removeprefix("file:")
            left = {k: v for k, v in left.items() if k not in ("component", "type")}
            return self._made("load_component", f"load_component({reference!r})", key), left
        if "notebook" in left and "component" not in left:
            words = [repr(left["notebook"])]
            if "code" in left:
                words.append(f"code={left['code']!r}")
            fields = {k: v for k, v in left.items() if k not in ("notebook", "code", "type")}
            call = f"notebook_component({', '.join(words)})"
            return self._made("notebook_component", call, key), fields
        return self._made("step", f"step({_literal(left)})", key), {}

    def _made(self, maker: str, call: str, key: str) -> str:
        self.used.add(maker)
        names = {*self.functions.values(), *self._inputs, *(self.document["jobs"])}
        name, number = f"{key}_step", 2
        while name in names and call not in self.functions:
            name, number = f"{key}_step_{number}", number + 1
        return self.functions.setdefault(call, name)

    def _control(self, left: dict[str, Any]) -> str:
        kind = str(left.pop("type"))
        self.used.add(kind)
        names = {
            "if_else": ("condition", "true_block", "false_block"),
            "do_while": ("body", "condition", "mapping"),
            "parallel_for": ("body", "items", "max_concurrency"),
        }[kind]
        given = {name: left.pop(name) for name in names if name in left}
        if kind == "do_while" and isinstance(limits := left.pop("limits", None), dict):
            given["max_iteration_count"] = limits.get("max_iteration_count", 1)
        words = ", ".join(f"{name}={self._value(value)}" for name, value in given.items())
        return f"{kind}({words})"

    def _value(self, said: Any) -> str:
        """What is given, as Python: what is bound is a variable."""
        if isinstance(said, str):
            if match := OWN.fullmatch(said):
                return match[1] if match[1] in self._inputs else repr(said)
            if (match := STEP.fullmatch(said)) and match[1] in self.document["jobs"]:
                return f"{match[1]}.outputs.{match[2]}" if match[2] else match[1]
            return repr(said)
        if isinstance(said, dict) and _is_bound(said):
            return f"{{{', '.join(f'{k!r}: {self._value(v)}' for k, v in said.items())}}}"
        if isinstance(said, list) and _is_bound(said):
            return f"[{', '.join(self._value(item) for item in said)}]"
        return _literal(said)


def _ordered(jobs: Mapping[str, dict[str, Any]]) -> list[str]:
    """The steps, each after those that it speaks of."""
    needs = {
        key: {*(m[1] for m in STEP.finditer(repr(said))), *_after(said)} & jobs.keys()
        for key, said in jobs.items()
    }
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise Invalid.field(
            "jobs", f"steps lead in a circle: {', '.join(error.args[1])}."
        ) from None


def _after(said: Mapping[str, Any]) -> list[str]:
    found = said.get("depends_on") or []
    return [found] if isinstance(found, str) else list(found)


def _is_bound(said: Any) -> bool:
    return bool(STEP.search(repr(said)) or OWN.search(repr(said)))


def _as_input(value: Any) -> bool:
    return isinstance(value, dict) or value is None


def _words(said: Mapping[str, Any] | None) -> str:
    return ", ".join(f"{key}={_literal(value)}" for key, value in (said or {}).items())


def _literal(value: Any) -> str:
    text = pprint.pformat(value, width=WIDTH, sort_dicts=False)
    return f"(\n{text}\n)" if isinstance(value, str) and "\n" in text else text


def _quiet(text: str) -> str:
    return str(text).replace("\\", "\\\\").replace('"', "'").splitlines()[0].rstrip(".")

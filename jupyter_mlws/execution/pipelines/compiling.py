"""From a pipeline's document to its plan: every name followed, every type compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_mlws.entities.errors import Invalid, Problem
from jupyter_mlws.entities.job import Input
from jupyter_mlws.entities.pipeline import NODE_NAME, NodePort, PipelineJob
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.execution.base import Catalog
from jupyter_mlws.execution.inputs import is_literal
from jupyter_mlws.execution.pipelines import bindings, fitting, nodes, order
from jupyter_mlws.execution.pipelines.children import (
    child_document,
    input_of,
    is_bound,
    settle_options,
)
from jupyter_mlws.execution.pipelines.control import CONTROLS, Control
from jupyter_mlws.execution.pipelines.nodes import Node

UNFILLED = ("inputs", "outputs", "component", "jobs")
"""Keys of a step in which expressions are followed, not filled in; those in `jobs` are not ours."""
ARTIFACTS = NodePort(name="artifacts", type="uri_folder", description="All files the step leaves.")
"""The output that every step has."""


@dataclass(slots=True)
class Compiled:
    """A pipeline as far as it could be understood.

    Attributes:
        inputs, outputs: its own ports.
        given: what each input of each step gets: `value`, `data` or `from` a step's output.
        before: steps that each step needs, whatever for.
        sources: step and output behind each output of the pipeline.
    """

    spec: PipelineJob
    prefix: str
    jobs: dict[str, Any]
    inputs: dict[str, NodePort] = field(default_factory=dict)
    outputs: dict[str, NodePort] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    given: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    before: dict[str, set[str]] = field(default_factory=dict)
    sources: dict[str, tuple[str, str]] = field(default_factory=dict)
    controls: dict[str, Control] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def compiled(spec: PipelineJob, catalog: Catalog, *, pending: Mapping[str, NodePort]) -> Compiled:
    """The pipeline, with all that is wrong with it.

    Args:
        pending: inputs of the pipeline whose values come later.
    """
    made = _opened(spec, catalog)
    _Compiler(made, catalog, pending).run()
    return made


def _opened(spec: PipelineJob, catalog: Catalog) -> Compiled:
    if spec.component is None:
        made = Compiled(spec, "jobs", spec.jobs)
        for name, given in spec.inputs.items():
            is_value = not isinstance(given, Input)
            kind = fitting.literal_type(given) if is_value else given.type  # type: ignore[union-attr]
            made.inputs[name] = NodePort(name=name, type=kind)
        for name, output in spec.outputs.items():
            about = output.description or ""
            made.outputs[name] = NodePort(name=name, type=output.type, description=about)
        return made
    try:
        component, reference = nodes.find_component(spec.component, catalog, "component")
    except Invalid as error:
        return replace(Compiled(spec, "component.jobs", {}), problems=list(error.problems))
    jobs = (component.model_dump(mode="json", exclude_unset=True)).get("jobs", {})
    made = Compiled(spec, "component.jobs", jobs)
    if component.type != "pipeline":
        text = f"is a component of type {component.type}: a pipeline needs a pipeline component."
        made.problems.append(Problem(text, "component"))
    if reference:
        spec.component = reference
    ports = nodes.declared_ports(component)
    made.inputs, made.outputs = ports.inputs, ports.outputs
    return made


class _Compiler:
    def __init__(self, made: Compiled, catalog: Catalog, pending: Mapping[str, NodePort]) -> None:
        self._made, self._catalog, self._pending = made, catalog, pending
        self._spec = made.spec
        self._resolving: set[tuple[str, str]] = set()
        self._wrong: set[tuple[str, str]] = set()

    def run(self) -> None:
        self._check_own_inputs()
        for key, said in self._made.jobs.items():
            self._read(key, said)
        for node in self._made.nodes.values():
            self._made.before[node.key] = set()
            self._given(node)
        for node in self._made.nodes.values():
            self._order_only(node)
            self._outputs(node)
        self._control()
        self._settings()
        self._check_own_outputs()
        self._sort()
        for node in self._made.nodes.values():
            self._check_job(node)
        self._steps()

    # The pipeline's own inputs
    def _check_own_inputs(self) -> None:
        made = self._made
        if self._spec.component is None:
            return
        for name, given in self._spec.inputs.items():
            port = made.inputs.get(name)
            if port is None:
                known = ", ".join(made.inputs) or "none"
                hint = did_you_mean(name, made.inputs)
                text = f"the component has no input '{name}' (there are: {known}).{hint}"
                self._say(text, f"inputs.{name}")
            elif is_literal(given) and name not in self._pending:
                self._check_value(port, _value(given), f"inputs.{name}")
            elif message := fitting.mismatch(self._type_of_own(name), port.type):
                self._say(f"does not fit: {message}.", f"inputs.{name}")
        for name, port in made.inputs.items():
            if port.required and name not in self._spec.inputs:
                self._say(f"is required ({port.type}).", f"inputs.{name}")

    def _type_of_own(self, name: str) -> str:
        if name in self._pending:
            return self._pending[name].type
        given = self._spec.inputs.get(name)
        if isinstance(given, Input):
            return given.type
        return self._made.inputs[name].type if name in self._made.inputs else "any"

    def _own(self, name: str, *, as_text: bool = False) -> Any:
        """The value of an input of the pipeline: a literal, an `Input`, or None."""
        found: Any = self._spec.inputs.get(name)
        if found is None and name in self._made.inputs:
            found = self._made.inputs[name].default
        if as_text and isinstance(found, Input):
            return found.value if is_literal(found) else found.path
        return found

    # Reading the steps
    def _read(self, key: str, said: Any) -> None:
        where = f"{self._made.prefix}.{key}"
        if not NODE_NAME.match(key):
            self._say("is no name of a step: use letters, digits and _ (not first).", where)
            return
        if not isinstance(said, dict):
            self._say("a step is a mapping of fields.", where)
            return
        try:
            free = {k: v for k, v in said.items() if k not in UNFILLED}
            filled = bindings.fill(free, lambda name: self._own(name, as_text=True))
            node = nodes.read(key, {**said, **filled}, self._catalog)
            if node.control is None:
                node.ports = nodes.ports_of(node, self._catalog)
        except Invalid as error:
            self._take(error, key, said)
            return
        self._made.warnings += node.warnings
        self._made.nodes[key] = node

    # What each input gets
    def _given(self, node: Node) -> None:
        found = self._made.given[node.key] = {}
        where = f"{self._made.prefix}.{node.key}.inputs"
        if node.control is not None:
            return
        for name, said in node.given.items():
            port = node.ports.inputs.get(name)
            if port is None and not node.ports.is_open:
                known = ", ".join(node.ports.inputs) or "none"
                hint = did_you_mean(name, node.ports.inputs)
                text = f"the step has no input '{name}' (there are: {known}).{hint}"
                self._say(text, f"{where}.{name}")
                continue
            try:
                if (given := self._resolved(node, name, said, port)) is not None:
                    found[name] = given
            except Invalid as error:
                self._wrong.add((node.key, name))
                for problem in error.problems or (Problem(error.message),):
                    field_ = ".".join(filter(None, (where, name, problem.field)))
                    self._say(problem.message, field_, here=problem.here)
        for name, port in node.ports.inputs.items():
            if name in found or name in node.given:
                continue
            if port.required:
                what = f" for component '{node.declared.name}'" if node.declared else ""
                self._say(f"required input '{name}'{what} not provided ({port.type}).", where)
            elif port.default is not None and node.declared and name in node.declared.inputs:
                found[name] = self._default(port)

    def _default(self, port: NodePort) -> dict[str, Any]:
        if fitting.is_data(port.type):
            return {"data": {"path": str(port.default), "type": fitting.data_type(port.type)}}
        return {"value": port.default, "type": port.type}

    def _resolved(
        self, node: Node, name: str, said: Any, port: NodePort | None
    ) -> dict[str, Any] | None:
        """What an input gets; None when it gets nothing.

        Raises:
            Invalid: it is bound to what is not there, or to what does not fit.
        """
        more: dict[str, Any] = {}
        text, place = said, ""
        if isinstance(said, dict) and isinstance(said.get("path"), str):
            text, place = said["path"], "path"
            more = {key: said[key] for key in ("type", "mode") if said.get(key)}
        elif isinstance(said, dict) and isinstance(said.get("value"), str):
            text, place = said["value"], "value"
        wanted = port.type if port and port.type != "any" else str(more.get("type", "any"))
        binding = _parsed(text, place)
        if binding is None:
            return self._constant(said, port)
        key, output, kind, given = self._followed(node.key, binding, place)
        if given is not None and "from" not in given:
            if "value" in given and port is not None:
                try:
                    value = fitting.converted(port, given["value"])
                except ValueError as error:
                    raise Invalid.field(place, f"'{text}': {error}") from None
                return {"value": value, "type": port.type}
            if message := fitting.mismatch(kind, wanted):
                raise Invalid.field(place, f"'{text}' does not fit: {message}.")
            return {**given, "data": {**given["data"], **more}} if "data" in given else given
        if message := fitting.mismatch(kind, wanted):
            raise Invalid.field(place, f"'{text}' does not fit: {message}.")
        if given is None and key is None:
            return {"later": output, "type": kind}
        if given is not None:
            return {**given, **more}
        if key is not None:
            self._made.before[node.key].add(key)
        return {"from": [key, output], **({"type": wanted} if wanted != "any" else {}), **more}

    def _followed(
        self, here: str, binding: bindings.Binding, place: str
    ) -> tuple[str | None, str, str, dict[str, Any] | None]:
        """Step, output and type behind a binding, or what it is already; neither for what comes later."""
        match binding.kind:
            case "input":
                return self._followed_input(binding.name, place)
            case "node_output":
                if binding.node == here:
                    raise Invalid.field(place, "a step cannot take what it gives itself.")
                source = self._node(binding.node, place)
                ports = {**self._outputs_of(source), "artifacts": ARTIFACTS}
                if binding.name not in ports:
                    known = ", ".join(ports)
                    hint = did_you_mean(binding.name, ports)
                    raise Invalid.field(
                        place,
                        f"step '{binding.node}' has no output '{binding.name}'"
                        f" (there are: {known}).{hint}",
                    )
                return binding.node, binding.name, ports[binding.name].type, None
            case "node_input":
                return self._followed_node_input(binding, place)
            case "output":
                raise Invalid.field(place, "an input cannot be bound to an output of the pipeline.")
            case _:
                raise Invalid.field(place, "a step as such is no input: name one of its outputs.")

    def _followed_input(
        self, name: str, place: str
    ) -> tuple[str | None, str, str, dict[str, Any] | None]:
        if name not in self._made.inputs and name not in self._spec.inputs:
            known = ", ".join(self._made.inputs) or "none"
            hint = did_you_mean(name, self._made.inputs)
            text = f"the pipeline has no input '{name}' (there are: {known}).{hint}"
            raise Invalid.field(place, text)
        if name in self._pending:
            return None, name, self._pending[name].type, None
        found, kind = self._own(name), self._type_of_own(name)
        if isinstance(found, Input) and not is_literal(found):
            data = found.model_dump(mode="json", exclude_unset=True, exclude_none=True)
            return None, name, kind, {"data": {"type": found.type, **data}}
        value = _value(found)
        if value is None:  # optional, and not given
            return None, name, kind, {}
        if fitting.is_data(kind):
            data = {"path": str(value), "type": fitting.data_type(kind)}
            return None, name, kind, {"data": data}
        return None, name, kind, {"value": value, "type": kind}

    def _followed_node_input(
        self, binding: bindings.Binding, place: str
    ) -> tuple[str | None, str, str, dict[str, Any] | None]:
        source = self._node(binding.node, place)
        if binding.name not in source.given:
            known = ", ".join(source.given) or "none"
            raise Invalid.field(
                place,
                f"step '{binding.node}' is given no input '{binding.name}' (there are: {known}).",
            )
        here = (binding.node, binding.name)
        if here in self._resolving:
            raise Invalid.field(place, f"step '{binding.node}' leads back here.")
        self._resolving.add(here)
        try:
            port = source.ports.inputs.get(binding.name)
            given = self._resolved(source, binding.name, source.given[binding.name], port)
        finally:
            self._resolving.discard(here)
        kind = port.type if port else str((given or {}).get("type", "any"))
        if given and "later" in given:
            return None, given["later"], given["type"], None
        return None, binding.name, kind, given or {}

    def _constant(self, said: Any, port: NodePort | None) -> dict[str, Any] | None:
        if isinstance(said, dict):
            given = Input.model_validate(said) if _is_input(said) else None
            if given is None:
                raise Invalid("is no input: give a value, a mapping with `path`, or an expression.")
            if not is_literal(given):
                message = fitting.mismatch(given.type, port.type) if port else None
                if message and ("type" in said or not (port and fitting.is_data(port.type))):
                    raise Invalid.field("type", f"does not fit: {message}.")
                kind = given.type if "type" in said or not port else fitting.data_type(port.type)
                return {"data": {**said, "type": kind}}
            said = given.value
        if said is None:
            if port is None or port.required:
                raise Invalid("is empty.")
            return None
        if port is None:
            return {"value": said, "type": fitting.literal_type(said)}
        try:
            return {"value": fitting.converted(port, said), "type": port.type}
        except ValueError as error:
            raise Invalid(str(error)) from None

    def _outputs_of(self, node: Node) -> dict[str, NodePort]:
        if node.control is not None:
            return self._control_outputs(node)
        return node.ports.outputs

    def _control_outputs(self, node: Node) -> dict[str, NodePort]:
        """The outputs of a loop are those of its body, one for each round."""
        assert node.control is not None
        body = CONTROLS[node.type].body(node.control)
        if node.type != "parallel_for" or body not in self._made.nodes:
            return {}
        ports = self._made.nodes[body].ports.outputs
        return {
            name: port.model_copy(
                update={"type": "uri_folder" if fitting.is_data(port.type) else "list"}
            )
            for name, port in ports.items()
        }

    def _node(self, key: str, place: str) -> Node:
        if key not in self._made.nodes:
            if key in self._made.jobs:
                raise Invalid.field(place, f"step '{key}' is wrong itself.")
            known = ", ".join(self._made.jobs)
            hint = did_you_mean(key, self._made.jobs)
            raise Invalid.field(place, f"there is no step '{key}' (there are: {known}).{hint}")
        return self._made.nodes[key]

    # Order, outputs
    def _order_only(self, node: Node) -> None:
        for name in node.after:
            try:
                self._node(name, "depends_on")
            except Invalid as error:
                self._say(error.problems[0].message, f"{self._made.prefix}.{node.key}.depends_on")
                continue
            self._made.before[node.key].add(name)

    def _outputs(self, node: Node) -> None:
        where = f"{self._made.prefix}.{node.key}.outputs"
        for name, said in node.outputs.items():
            if node.declared is not None and name not in node.ports.outputs:
                known = ", ".join(node.ports.outputs) or "none"
                hint = did_you_mean(name, node.ports.outputs)
                text = f"the step has no output '{name}' (there are: {known}).{hint}"
                self._say(text, f"{where}.{name}")
                continue
            path = said.get("path")
            try:
                binding = bindings.parse(path) if is_bound(path) else None
            except Invalid as error:
                self._say(error.message, f"{where}.{name}")
                continue
            if binding is None:
                continue
            if binding.kind != "output":
                text = f"'{path}': an output is bound to ${{{{parent.outputs.NAME}}}} alone."
                self._say(text, f"{where}.{name}")
            else:
                self._bind_output(node, name, binding.name, f"{where}.{name}")

    def _bind_output(self, node: Node, output: str, own: str, where: str) -> None:
        made = self._made
        if own not in made.outputs:
            known = ", ".join(made.outputs) or "none"
            hint = did_you_mean(own, made.outputs)
            text = f"the pipeline has no output '{own}' (there are: {known}).{hint}"
            self._say(text, where)
        elif own in made.sources:
            other = made.sources[own][0]
            self._say(f"output '{own}' of the pipeline is step '{other}''s already.", where)
        else:
            kind = node.ports.outputs[output].type if output in node.ports.outputs else "any"
            declared = made.outputs[own].type
            said = self._spec.outputs.get(own)
            is_said = self._spec.component is not None or (said and "type" in said.model_fields_set)
            if is_said and (message := fitting.mismatch(kind, declared)):
                self._say(f"does not fit output '{own}' of the pipeline: {message}.", where)
            elif not is_said:
                made.outputs[own] = made.outputs[own].model_copy(update={"type": kind})
            made.sources[own] = (node.key, output)

    def _check_own_outputs(self) -> None:
        for name in self._spec.outputs:
            if name not in self._made.outputs:
                self._say("the component has no such output.", f"outputs.{name}")
            elif name not in self._made.sources and not self._has_broken_steps():
                text = (
                    f"no step gives it: say '${{{{parent.outputs.{name}}}}}' in a step's outputs."
                )
                self._say(text, f"outputs.{name}")

    def _has_broken_steps(self) -> bool:
        return len(self._made.nodes) < len(self._made.jobs)

    # Control flow, settings
    def _control(self) -> None:
        for node in self._made.nodes.values():
            if node.control is None:
                continue
            where = f"{self._made.prefix}.{node.key}"
            control, problems = CONTROLS[node.type].read(node, self._made.nodes)
            self._made.problems += [
                replace(p, field=f"{where}.{p.field}".rstrip(".")) for p in problems
            ]
            if control is None:
                continue
            self._made.controls[node.key] = control
            self._follow_condition(node, control)
            for inner in control.gated:
                self._made.before[inner].add(node.key)
            if control.body is None:
                continue
            self._made.before[node.key] |= self._made.before[control.body]
            if node.type == "do_while":
                for other, needed in self._made.before.items():
                    if control.body in needed:
                        needed |= {node.key} - {other}
                self._made.before[node.key].add(control.body)
        bodies: dict[str, str] = {}
        for key, control in self._made.controls.items():
            for inner in [*control.gated, *([control.body] if control.body else [])]:
                if inner in bodies:
                    where = f"{self._made.prefix}.{key}"
                    self._say(f"step '{inner}' is controlled by '{bodies[inner]}' already.", where)
                bodies[inner] = key

    def _follow_condition(self, node: Node, control: Control) -> None:
        """A condition, or the items of a loop, that come from elsewhere."""
        field_, said, wanted = control.question
        where = f"{self._made.prefix}.{node.key}.{field_}"
        try:
            binding = bindings.parse(said)
            if binding is None:
                return
            key, output, kind, given = self._followed(node.key, binding, "")
            message = fitting.mismatch(kind, wanted)
            if message and not (field_ == "items" and (fitting.is_data(kind) or kind == "list")):
                self._say(f"'{said}' does not fit: {message}.", where)
            if given is not None:
                control.answer = given
            elif key is not None:
                control.answer = {"from": [key, output]}
                if node.type != "do_while":
                    self._made.before[node.key].add(key)
        except Invalid as error:
            for problem in error.problems or (Problem(error.message),):
                self._say(problem.message, where)

    def _settings(self) -> None:
        settings = self._spec.settings
        name = (settings.default_compute or "").removeprefix("azureml:")
        if name and name not in self._catalog.computes:
            known = ", ".join(sorted(self._catalog.computes))
            hint = did_you_mean(name, self._catalog.computes)
            text = f"there is no compute '{name}' (there are: {known}).{hint}"
            self._say(text, "settings.default_compute", here=True)
        tied = {key for needed in self._made.before.values() for key in needed}
        for field_ in ("on_finalize", "on_init"):
            key = getattr(settings, field_)
            if key is None:
                continue
            if key not in self._made.jobs:
                known = ", ".join(self._made.jobs)
                text = f"there is no step '{key}' (there are: {known})."
                self._say(f"{text}{did_you_mean(key, self._made.jobs)}", f"settings.{field_}")
                continue
            if key in tied or self._made.before.get(key):
                self._say(f"step '{key}' must not be tied to others.", f"settings.{field_}")
            elif field_ == "on_init":
                for other in self._made.before.keys() - {key, settings.on_finalize}:
                    self._made.before[other].add(key)
        if settings.on_init and settings.on_init == settings.on_finalize:
            self._say("cannot be the first step too.", "settings.on_finalize")

    def _sort(self) -> None:
        try:
            self._made.order = order.ordered(self._made.before)
        except order.CycleError as error:
            circle = [str(key) for key in error.args[1]]
            shown = " → ".join(reversed(circle))
            where = f"{self._made.prefix}.{circle[0]}"
            self._say(f"these steps wait for each other: {shown}.", where)
            self._made.order = list(self._made.before)

    def _steps(self) -> None:
        for number, key in enumerate(self._spec.steps or ()):
            if key not in self._made.jobs:
                known = ", ".join(self._made.jobs)
                text = f"there is no step '{key}' (there are: {known})."
                self._say(f"{text}{did_you_mean(key, self._made.jobs)}", f"steps.{number}")

    # The job of each step
    def _check_job(self, node: Node) -> None:
        if node.control is not None:
            return
        said = self._made.jobs[node.key]
        try:
            document, pending = self._template(node)
            found = self._catalog.check(document, pending)
            self._made.warnings += [f"step '{node.key}': {text}" for text in found]
        except Invalid as error:
            self._take(error, node.key, said)

    def _template(self, node: Node) -> tuple[dict[str, Any], dict[str, NodePort]]:
        """The step's job with what is known, and the ports of what comes later."""
        document = child_document(node)
        pending: dict[str, NodePort] = {}
        known: dict[str, Any] = {}
        for name, given in self._made.given[node.key].items():
            if "value" in given or "data" in given:
                known[name] = input_of(given)
            elif "from" in given or "later" in given:
                port = node.ports.inputs.get(name)
                kind = port.type if port and port.type != "any" else given.get("type", "any")
                pending[name] = NodePort(name=name, type=self._source_type(given) or kind)
        missing = {name for name, port in node.ports.inputs.items() if port.required}
        missing |= {name for key, name in self._wrong if key == node.key}
        for name in missing - known.keys() - pending.keys():
            pending[name] = NodePort(name=name)  # what is wrong with it was said already
        document["inputs"] = known
        settle_options(document, {*known, *pending}, node)
        return document, pending

    def _source_type(self, given: Mapping[str, Any]) -> str | None:
        if "later" in given:
            return str(given["type"])
        key, output = given["from"]
        if output == "artifacts":
            return ARTIFACTS.type
        ports = self._outputs_of(self._made.nodes[key]) if key in self._made.nodes else {}
        return ports[output].type if output in ports else None

    # Telling
    def _check_value(self, port: NodePort, value: Any, where: str) -> None:
        try:
            if not fitting.is_data(port.type):
                fitting.converted(port, value)
        except ValueError as error:
            self._say(str(error), where)

    def _say(self, message: str, where: str, *, here: bool = False) -> None:
        self._made.problems.append(Problem(message, where, here=here))

    def _take(self, error: Invalid, key: str, said: Mapping[str, Any]) -> None:
        found = {(p.field, p.message) for p in self._made.problems}
        for problem in nodes.problems_of(error, key, said):
            where = problem.field
            if self._made.prefix != "jobs":
                where = f"component.{where}"
            if (where, problem.message) not in found:
                self._made.problems.append(replace(problem, field=where))


def _parsed(text: Any, place: str) -> bindings.Binding | None:
    try:
        return bindings.parse(text)
    except Invalid as error:
        raise Invalid.field(place, error.message) from None


def _is_input(said: Mapping[str, Any]) -> bool:
    return "path" in said or "value" in said


def _value(given: Any) -> Any:
    return given.value if isinstance(given, Input) else given


def all_problems(made: Compiled) -> Iterator[Problem]:
    """What is wrong, each thing once."""
    seen = set()
    for problem in made.problems:
        if (problem.field, problem.message) not in seen:
            seen.add((problem.field, problem.message))
            yield problem

"""What runs inside a Python kernel beside the notebook: keeps its outputs.

The runner sends this file's text to the kernel, so it needs nothing but the standard library of any Python
that a kernel may have. There it is the module `_mlws_job`.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import inspect
import io
import json
import os
import pathlib
import shutil
import sys
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any

MODULE = "_mlws_job"
FLAVORS = {"torch": "pytorch", "skl2onnx": "onnx"}
"""MLflow's name for a library, where it differs from the library's own."""

_journal = ""
_declared: dict[str, dict[str, Any]] = {}


class WrongType(ValueError):
    """The value is not of the output's type, or of none that can be kept."""


def install(namespace: dict[str, Any], setup: dict[str, Any]) -> None:
    """Make this text a module of the kernel, enter the job's folder and take on its environment."""
    namespace.pop("SETUP", None)
    module = types.ModuleType(MODULE, __doc__)
    module.__dict__.update(namespace)
    sys.modules[MODULE] = module
    namespace.update(_journal=setup["journal"], _declared=setup["declared"])
    for name in setup["unset"]:
        os.environ.pop(name, None)
    os.environ.update(setup["env"])
    if setup["cwd"]:
        os.chdir(setup["cwd"])
    _own_exit_handlers()
    _lose_nothing()


def finish() -> None:
    """Do what the end of the process would do, so that it can then be ended at once.

    Raises:
        RuntimeError: threads are at work that only an orderly end waits for.
    """
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.main_thread():
            raise RuntimeError(f"thread {thread.name} is at work")
    atexit._run_exitfuncs()
    for thing in gc.get_objects():
        if isinstance(thing, (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)):
            with contextlib.suppress(OSError, ValueError):
                thing.flush()


def _lose_nothing() -> None:
    """Have what cells print wait for its reader; ZeroMQ drops what exceeds 1000 messages."""
    app = getattr(sys.modules.get("ipykernel.kernelapp"), "IPKernelApp", None)
    thread = getattr(app.instance(), "iopub_thread", None) if app else None
    if thread is not None:
        option = importlib.import_module("zmq").SNDHWM
        thread.schedule(lambda: thread.socket.setsockopt(option, 0))


def _own_exit_handlers() -> None:
    """Keep the notebook's exit handlers apart from the kernel's, which would close its channels."""
    atexit._clear()
    atexit.register(weakref.finalize._exitfunc)  # type: ignore[attr-defined]
    for module, name in (("logging", "shutdown"), ("multiprocessing.util", "_exit_function")):
        if module in sys.modules:
            atexit.register(getattr(sys.modules[module], name))


def output(name: str, value: Any, source: str = "call") -> Any:
    """Keep `value` as the output `name`, and answer it.

    Raises:
        WrongType: it is not of the declared type, or cannot be kept.
    """
    port = _declared.get(name) or {}
    target = pathlib.Path(
        port.get("path") or pathlib.Path(_journal).parent / "named-outputs" / name
    )
    kept = _kept(value, port.get("type", "any"), target, port.get("is_file", False))
    _write({"name": name, "source": source, **kept})
    return value


def collect(name: str) -> None:
    """Keep what the notebook's variable `name` holds now; note it when there is none.

    Raises:
        WrongType: it is not of the declared type, or cannot be kept.
    """
    variables = sys.modules["__main__"].__dict__
    if name in variables:
        output(name, variables[name], source="outputs")
    else:
        _write({"name": name, "missing": True})


def _write(record: dict[str, Any]) -> None:
    with pathlib.Path(_journal).open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def _kept(value: Any, kind: str, target: pathlib.Path, is_file: bool) -> dict[str, Any]:
    """Type and value, or type and path, of what was kept."""
    if kind == "any":
        kind = _guess(value)
    if kind in _SAVERS:
        folder = target.parent if is_file else target
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return {"type": kind, "path": str(_SAVERS[kind](value, target, is_file))}
    return {"type": kind, "value": _json_of(value, kind)}


def _guess(value: Any) -> str:
    if _is_frame(value):
        return "dataset"
    if _figure_of(value) is not None:
        return "figure"
    if isinstance(value, pathlib.PurePath):
        path = pathlib.Path(value)
        return "folder" if path.is_dir() else "file" if path.exists() else "path"
    if _flavor_of(value) is not None:
        return "model"
    plain = _plain(value)
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(plain, kind):
            return name
    return "list" if isinstance(plain, list) else "object" if isinstance(plain, dict) else "any"


_JSON: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "list": (list,),
    "object": (dict,),
    "path": (str,),
    "date": (str,),
    "datetime": (str,),
    "secret": (),
}


def _json_of(value: Any, kind: str) -> Any:
    plain = _plain(value)
    wanted = _JSON.get(kind)
    is_wrong_bool = isinstance(plain, bool) and kind in {"integer", "number"}
    if wanted is not None and (not isinstance(plain, wanted) or is_wrong_bool):
        raise WrongType(f"it is declared as {kind} and is {_name_of(value)}")
    if kind in {"date", "datetime"} and not (isinstance(value, str) or hasattr(value, "isoformat")):
        raise WrongType(f"it is declared as {kind} and is {_name_of(value)}")
    return plain


def _plain(value: Any) -> Any:
    """The value as JSON has it."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value)
    if isinstance(value, pathlib.PurePath):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if type(value).__module__.partition(".")[0] in {"numpy", "torch", "jax"} and hasattr(
        value, "tolist"
    ):
        return value.tolist()
    raise WrongType(
        f"{_name_of(value)} cannot be kept: give a value, a table, a model, a figure or a path"
    )


def _name_of(value: Any) -> str:
    cls = type(value)
    return cls.__name__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"


def _is_frame(value: Any) -> bool:
    return type(value).__name__ in {"DataFrame", "LazyFrame", "Series", "Table"} and any(
        hasattr(value, name) for name in ("to_parquet", "write_parquet", "to_frame", "to_pandas")
    )


def _save_table(value: Any, target: pathlib.Path, is_file: bool) -> pathlib.Path:
    if isinstance(value, (str, pathlib.PurePath)):
        return _copy(value, target, is_file)
    if hasattr(value, "collect") and type(value).__name__ == "LazyFrame":
        value = value.collect()
    if type(value).__name__ == "Table" and hasattr(value, "to_pandas"):
        value = value.to_pandas()
    if hasattr(value, "to_frame"):
        value = value.to_frame()
    if hasattr(value, "write_parquet"):
        path = target if is_file else target / "data.parquet"
        value.write_parquet(path)
        return path
    if not hasattr(value, "to_parquet"):
        raise WrongType(f"it is declared as dataset and is {_name_of(value)}")
    if is_file and target.suffix == ".csv":
        value.to_csv(target, index=False)
        return target
    try:
        importlib.import_module("pyarrow")
    except ImportError:
        path = target if is_file else target / "data.csv"
        value.to_csv(path, index=False)
        return path
    path = target if is_file else target / "data.parquet"
    value.to_parquet(path)
    return path


def _flavor_of(value: Any) -> Any:
    """The module of MLflow that keeps this kind of model."""
    if not (hasattr(value, "predict") or hasattr(value, "forward")):
        return None
    for cls in type(value).__mro__:
        root = cls.__module__.partition(".")[0]
        if root in {"builtins", "__main__"}:
            continue
        try:
            flavor = importlib.import_module(f"mlflow.{FLAVORS.get(root, root)}")
        except ImportError:
            continue
        if hasattr(flavor, "save_model"):
            return flavor
    return None


def _save_model(value: Any, target: pathlib.Path, is_file: bool) -> pathlib.Path:
    if isinstance(value, (str, pathlib.PurePath)):
        return _copy(value, target, is_file)
    flavor = _flavor_of(value)
    if flavor is None:
        raise WrongType(
            f"it is declared as model and {_name_of(value)} is none that MLflow keeps"
            " (is mlflow installed in the kernel's environment?)"
        )
    shutil.rmtree(target, ignore_errors=True)
    needs = flavor.get_default_pip_requirements()
    flavor.save_model(value, target, pip_requirements=needs, **_trust(flavor, value))
    return target


def _trust(flavor: Any, value: Any) -> dict[str, Any]:
    """The types inside a model that MLflow asks about: whoever made it here trusts them."""
    if "skops_trusted_types" not in inspect.signature(flavor.save_model).parameters:
        return {}
    try:
        skops = importlib.import_module("skops.io")
    except ImportError:
        return {}
    return {"skops_trusted_types": skops.get_untrusted_types(data=skops.dumps(value))}


def _figure_of(value: Any) -> Any:
    root = type(value).__module__.partition(".")[0]
    if root == "matplotlib":
        return value if hasattr(value, "savefig") else getattr(value, "figure", None)
    return value if root == "plotly" and hasattr(value, "to_json") else None


def _save_figure(value: Any, target: pathlib.Path, is_file: bool) -> pathlib.Path:
    if isinstance(value, (str, pathlib.PurePath)):
        return _copy(value, target, is_file)
    figure = _figure_of(value)
    if figure is None:
        raise WrongType(f"it is declared as figure and is {_name_of(value)}")
    if hasattr(figure, "savefig"):
        path = target if is_file else target / "figure.png"
        figure.savefig(path, bbox_inches="tight", format=None if is_file else "png")
        return path
    path = target if is_file else target / "figure.plotly.json"
    path.write_text(figure.to_json(), encoding="utf-8")
    return path


def _copy(value: Any, target: pathlib.Path, is_file: bool) -> pathlib.Path:
    """Copy the file or folder that `value` names."""
    source = pathlib.Path(value).resolve()
    if not source.exists():
        raise WrongType(f"there is no file or folder '{value}'")
    if source.is_dir():
        if is_file:
            raise WrongType(f"'{value}' is a folder and the output is a file")
        shutil.copytree(source, target, dirs_exist_ok=True)
        return target
    path = target if is_file else target / source.name
    if source != path.resolve():
        shutil.copyfile(source, path)
    return path


def _save_path(value: Any, target: pathlib.Path, is_file: bool) -> pathlib.Path:
    if not isinstance(value, (str, pathlib.PurePath)):
        raise WrongType(f"it is declared as file or folder and is {_name_of(value)}")
    return _copy(value, target, is_file)


_SAVERS: dict[str, Callable[[Any, pathlib.Path, bool], pathlib.Path]] = {
    "dataset": _save_table,
    "model": _save_model,
    "figure": _save_figure,
    "file": _save_path,
    "folder": _save_path,
}

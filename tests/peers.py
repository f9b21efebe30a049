"""Real servers that the workspace speaks to, each started for the tests: Azurite, moto's S3, PostgreSQL."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from jupyter_mlws.dev import free_port

ROOT = Path(__file__).parents[1]
PEERS = ROOT / ".peers"
AZURITE = "azurite@3"
ACCOUNT = "devstoreaccount1"
PATIENCE_S = 90


@dataclass(frozen=True)
class Peer:
    """A server: where it is, and what opens it."""

    url: str
    secret: str


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Azure's own storage emulator, with a key that is made for the test."""
    program = PEERS / "node_modules" / ".bin" / "azurite-blob"
    if not program.exists():
        install = ["npm", "install", "--no-save", "--silent", "--prefix", str(PEERS), AZURITE]
        PEERS.mkdir(exist_ok=True)
        subprocess.run(install, check=True, timeout=600)
    key = "bWx3cy10ZXN0cy1rZXktZm9yLWF6dXJpdGUt" + secrets.token_hex(8).replace("=", "") + "=="
    port = free_port(0)
    command = [str(program), "--blobPort", str(port), "--disableTelemetry", "--silent"]
    command += ["--location", str(tmp_path_factory.mktemp("azurite")), "--skipApiVersionCheck"]
    env = {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"}
    with running(command, port, env):
        yield Peer(f"http://127.0.0.1:{port}/{ACCOUNT}", key)


@pytest.fixture(scope="session")
def s3() -> Iterator[Peer]:
    """A server that speaks like Amazon S3."""
    port = free_port(0)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, port, dict(os.environ)):
        yield Peer(f"http://127.0.0.1:{port}", f"wJalr{secrets.token_hex(12)}")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """PostgreSQL with a user `mlws`; the password is asked for."""
    found = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin"))) or [
        str(Path(place).parent) for place in [shutil.which("initdb")] if place
    ]
    if not found:
        pytest.fail("There is no PostgreSQL: install the package 'postgresql'.", pytrace=False)
    bin_, port = Path(found[-1]), free_port(0)
    password = f"pg-{secrets.token_hex(12)}"
    base = tmp_path_factory.mktemp("postgres")
    data, file = base / "data", base / "password"
    file.write_text(password)
    # PostgreSQL does not run as root.
    user = "postgres" if os.getuid() == 0 else None
    if user:
        for path in (base, *base.parents):
            if not path.stat().st_mode & 0o001:
                path.chmod(0o755)
        shutil.chown(base, user)
        shutil.chown(file, user)
    make = [str(bin_ / "initdb"), "-D", str(data), "-U", "mlws", f"--pwfile={file}"]
    make += ["-A", "scram-sha-256"]
    subprocess.run([*make, "-N"], check=True, capture_output=True, user=user, cwd=base)
    command = [str(bin_ / "postgres"), "-D", str(data), "-p", str(port), "-k", str(base)]
    command += ["-h", "127.0.0.1", "-F"]
    with running(command, port, dict(os.environ), user=user, cwd=base):
        yield Peer(f"postgresql://mlws@127.0.0.1:{port}/postgres", password)


class running:  # noqa: N801 - reads as a word
    """A server while it is needed; entered once its port answers."""

    def __init__(
        self,
        command: list[str],
        port: int,
        env: dict[str, str],
        user: str | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._port = port
        self._process = subprocess.Popen(
            command,
            env=env,
            user=user,
            cwd=cwd,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> None:
        import socket

        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
                return
            except OSError:
                assert self._process.poll() is None, "the server has ended"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        finally:
            self._process.kill()
            self._process.wait()

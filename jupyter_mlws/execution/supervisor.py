"""Starts and watches one local job: pumps its output, keeps its limits, ends its whole tree.

Run as `python -I -S supervisor.py`; standard library only, so that it starts in milliseconds and needs
nothing of the service, which may come and go. It reads lines of JSON:

    {"standby": {"argv", "env"}}     perhaps: start this process ahead of time
    {"folder", "argv", "cwd", "env", "stdin", "timeout_s", "memory_bytes", "redact", "remove",
     "bell", "grace_s"}

and answers `ok` once the attempt is its own, `taken` when it is another's. End of input before the attempt's
line ends everything. In `<folder>/supervisor/` lie

    claim        {"pid", "tree", "remove"}: made at most once, and locked (flock) while the supervisor lives
    state.json   {"state", "started_ms", "ended_ms", "exit_code", "cause", "message", "canceled"}
    usage.jsonl  a sample of CPU, memory and GPU in each line
    cancel       there when somebody wants the end; SIGTERM makes the supervisor look

Every process of the tree has `MLWS_TREE` in its environment, by which others find it should the supervisor
be killed. On Linux the supervisor adopts orphans, so that no process leaves the tree; elsewhere one that
does `setsid` twice can.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import re
import resource
import select
import signal
import socket
import sys
import time

CHUNK = 1 << 16
PIPE_SIZE = 1 << 20
TIMES_GAP_S = 0.1
BELL_GAP_S = 0.1
KILL_GAP_S = 0.05
LEFTOVER_GRACE_S = 2.0
MEMORY_CHECK_S = 0.5
REMOVE_TIMEOUT_S = 30.0
FIRST_SAMPLE_S = 0.3
GPU_FIELDS = ("utilization.gpu", "memory.used", "memory.total", "power.draw")
MASK = b"[REDACTED]"
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)
LINUX = sys.platform == "linux"


class Redactor:
    """Replaces secret values in a stream of chunks, also where a chunk ends inside one.

    What may be the beginning of a secret is kept back until it is clear; never more than that.
    """

    def __init__(self, secrets: list[str]) -> None:
        encoded = {secret.encode("utf-8", "surrogateescape") for secret in secrets if secret}
        self._secrets = sorted(encoded, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, self._secrets)))
        self._longest = max(map(len, self._secrets), default=0)
        self._kept = b""

    def feed(self, chunk: bytes) -> bytes:
        """What can be written now."""
        data, start = self._kept + chunk, 0
        out: list[bytes] = []
        while True:
            found, end = self._first(data, start)
            open_at = self._open(data, start)
            if open_at <= found:
                self._kept = data[open_at:]
                return b"".join([*out, data[start:open_at]])
            out += [data[start:found], MASK]
            start = end

    def flush(self) -> bytes:
        """What was kept back, at the end of the stream."""
        kept, self._kept = self._kept, b""
        return self._pattern.sub(MASK, kept) if self._secrets else kept

    def _first(self, data: bytes, start: int) -> tuple[int, int]:
        """Where the first secret lies, the longest of those that begin there; else at the end."""
        if any(data.find(secret, start) >= 0 for secret in self._secrets):
            found = self._pattern.search(data, start)
            assert found
            return found.span()
        return len(data), len(data)

    def _open(self, data: bytes, start: int) -> int:
        """Where the end of `data` may be the beginning of a secret; its length when nowhere."""
        size = len(data)
        for at in range(max(start, size - self._longest + 1), size):
            tail = data[at:]
            if any(s.startswith(tail) and len(s) > len(tail) for s in self._secrets):
                return at
        return size


class Bell:
    """Tells the service, if there is one, that a file of the attempt has changed."""

    def __init__(self, path: str, folder: str) -> None:
        self._path, self._message = path, folder.encode("utf-8", "surrogateescape")
        self._next = 0.0
        self.due: float | None = None

    def ring(self) -> None:
        """Send at once, or when the last message is long enough ago."""
        at = max(time.monotonic(), self._next)
        self.due = at if self.due is None else min(self.due, at)
        self.tick()

    def tick(self) -> None:
        """Send what is due."""
        if self.due is not None and time.monotonic() >= self.due:
            self.due, self._next = None, time.monotonic() + BELL_GAP_S
            self._send()

    def _send(self) -> None:
        folder, _, name = self._path.rpartition("/")
        try:
            with (
                short_path(folder) as address,
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bell,
            ):
                bell.setblocking(False)
                bell.sendto(self._message, f"{address}/{name}")
        except OSError:
            pass  # nobody listens: the service looks by itself when it is back


class short_path:  # noqa: N801 (used as a verb)
    """A folder by a path that is short enough for a socket's address (at most 107 bytes)."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1

    def __enter__(self) -> str:
        if not LINUX or len(os.fsencode(self._path)) < 90:
            return self._path
        self._fd = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        return f"/proc/self/fd/{self._fd}"

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)


class Child:
    """The job's own process, and the read end of its output."""

    def __init__(self, argv: list[str], env: dict[str, str], cwd: str, feed: bool) -> None:
        self.output, write = os.pipe()
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            try:
                fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
            except OSError:
                pass  # over the user's allowance: the default size works too
        stdin, self.input = os.pipe() if feed else (os.open(os.devnull, os.O_RDONLY), -1)
        failed, fail = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _become(argv, env, cwd, stdin, write, fail)
        for fd in (stdin, write, fail):
            os.close(fd)
        with os.fdopen(failed, "rb") as report:
            self.failure = report.read().decode("utf-8", "replace")

    def tell(self, line: str) -> None:
        """Write a line to the process's standard input and close it."""
        try:
            os.write(self.input, f"{line}\n".encode("utf-8", "surrogateescape"))
        except BrokenPipeError:
            pass  # it is gone, which the exit code will tell
        os.close(self.input)


def _become(
    argv: list[str], env: dict[str, str], cwd: str, stdin: int, output: int, fail: int
) -> None:
    """Turn this forked process into the program, or write why that cannot be."""
    try:
        os.setsid()
        _die_with_parent()
        for number in (
            signal.SIGINT,
            signal.SIGHUP,
            signal.SIGTERM,
            signal.SIGPIPE,
            signal.SIGCHLD,
        ):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(stdin, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(cwd)
        os.execvpe(argv[0], argv, env)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error  # such as a NUL in a value
        os.write(fail, f"'{argv[0]}' cannot be started in '{cwd}': {reason}".encode())
    finally:
        os._exit(127)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _die_with_parent() -> None:
    if LINUX:
        _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _adopt_orphans() -> None:
    if LINUX:
        _prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


class Tree:
    """All processes below this one, what they use, and their end."""

    def __init__(self) -> None:
        self._tick = os.sysconf("SC_CLK_TCK")
        self._page = os.sysconf("SC_PAGE_SIZE")

    def pids(self) -> list[int]:
        """Every process of the tree, parents first."""
        children = _proc_children() if LINUX else _ps_children()
        found, todo = [], [os.getpid()]
        while todo:
            below = children.get(todo.pop(), [])
            found += below
            todo += below
        return found

    def signal(self, number: int) -> None:
        """Send a signal to every process, parents first."""
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                continue

    def used(self) -> tuple[float, int]:
        """Seconds of CPU time, ended processes included, and bytes of memory; shared pages count twice."""
        times = os.times()
        ticks, pages = 0, 0
        for fields in map(_stat, self.pids()) if LINUX else ():
            if fields:
                ticks += sum(map(int, fields[11:15]))
                pages += int(fields[21])
        cpu_s = times.children_user + times.children_system + ticks / self._tick
        return cpu_s, pages * self._page

    def memory_bytes(self) -> int:
        """Bytes of memory, shared pages counted once; costs more than `used`."""
        return sum(map(_pss, self.pids()))


def _pss(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as lines:
            return sum(int(line.split()[1]) for line in lines if line.startswith(b"Pss:")) * 1024
    except OSError:
        return 0  # it has just ended


def _stat(pid: int) -> list[bytes]:
    """Fields of /proc/PID/stat from the third (state) on; none when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return []


def _proc_children() -> dict[int, list[int]]:
    """For each process of the machine its children."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal() and (fields := _stat(int(name))):
            children.setdefault(int(fields[1]), []).append(int(name))
    return children


def _ps_children() -> dict[int, list[int]]:
    """The same where there is no /proc."""
    children: dict[int, list[int]] = {}
    with os.popen("ps -axo pid=,ppid=") as lines:
        for pid, parent in (map(int, line.split()) for line in lines):
            children.setdefault(parent, []).append(pid)
    return children


class Sampler:
    """Measures the tree now and then and appends what it sees to a file."""

    def __init__(self, tree: Tree, path: str) -> None:
        self._tree, self._path = tree, path
        self._cores = os.cpu_count() or 1
        self._total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        self._began = self._last = time.monotonic()
        self._cpu_s, _ = tree.used()
        self._memory = 0
        self._gpu = GpuProbe()
        self.due = self._began + FIRST_SAMPLE_S

    def tick(self) -> None:
        """Take a sample when it is time: each second in the first minute, then every 5 seconds."""
        if time.monotonic() >= self.due:
            self.due = time.monotonic() + (1 if time.monotonic() - self._began < 60 else 5)
            self._gpu.start()
            self._write(*self._tree.used())

    def last(self) -> None:
        """The sample of the time since the one before, taken when the tree is gone."""
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1024 if LINUX else 1)
        self._write(self._tree.used()[0], self._memory or peak)

    def _write(self, cpu_s: float, memory: int) -> None:
        now = time.monotonic()
        busy = max(0.0, cpu_s - self._cpu_s) / max(now - self._last, 1e-3) / self._cores
        self._last, self._cpu_s, self._memory = now, max(cpu_s, self._cpu_s), memory
        sample = {
            "time_ms": _now_ms(),
            "cpu_utilization_percentage": round(min(100.0, 100 * busy), 3),
            "system_memory_usage_megabytes": round(memory / 1e6, 3),
            "system_memory_usage_percentage": round(100 * memory / self._total, 3),
            **self._gpu.taken(),
        }
        with open(self._path, "a") as file:
            file.write(json.dumps(sample) + "\n")


class GpuProbe:
    """Asks `nvidia-smi`, where there is one, without waiting for it."""

    def __init__(self) -> None:
        paths = os.environ.get("PATH", os.defpath).split(os.pathsep)
        programs = [os.path.join(path, "nvidia-smi") for path in paths]
        self._program = next((p for p in programs if os.access(p, os.X_OK)), None)
        self._output = -1
        self._text = b""

    def start(self) -> None:
        """Ask, when the last question is answered."""
        if self._program is None or self._output >= 0:
            return
        self._output, write = os.pipe()
        os.set_blocking(self._output, False)
        query = f"--query-gpu={','.join(GPU_FIELDS)}"
        argv = [self._program, query, "--format=csv,noheader,nounits"]
        actions = [(os.POSIX_SPAWN_DUP2, write, 1)]
        os.posix_spawn(self._program, argv, os.environ, file_actions=actions)
        os.close(write)

    def taken(self) -> dict[str, float]:
        """What the last answered question came to, once."""
        if self._output < 0 or not self._is_complete():
            return {}
        os.close(self._output)
        self._output = -1
        text, self._text = self._text, b""
        return _gpu_metrics(text.decode("ascii", "replace"))

    def _is_complete(self) -> bool:
        try:
            while chunk := os.read(self._output, CHUNK):
                self._text += chunk
        except BlockingIOError:
            return False
        return True


def _gpu_metrics(text: str) -> dict[str, float]:
    """MLflow's metrics from lines of `GPU_FIELDS`; fields that a device lacks are left out."""
    found: dict[str, float] = {}
    for index, line in enumerate(text.splitlines()):
        values = [_number(field) for field in line.split(",")]
        if len(values) != len(GPU_FIELDS):
            continue
        busy, used, total, watts = values
        facts = {
            "utilization_percentage": busy,
            "memory_usage_megabytes": used,
            "memory_usage_percentage": 100 * used / total if used and total else None,
            "power_usage_watts": watts,
        }
        found.update({f"gpu_{index}_{key}": v for key, v in facts.items() if v is not None})
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


class LogTimes:
    """When what was written to the log: byte offset and milliseconds, in lines of 32 bytes.

    Args:
        size: bytes that the log has already.
    """

    def __init__(self, path: str, size: int) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = size
        self._due = 0.0

    def note(self, length: int) -> None:
        """As many bytes are written now; moments that are closer than a tenth of a second are one."""
        at = time.monotonic()
        if length and at >= self._due:
            self._due = at + TIMES_GAP_S
            os.write(self._fd, b"%015d %015d\n" % (self._size, _now_ms()))
        self._size += length


class Supervisor:
    """One attempt of a job, from its claim to the end of its last process."""

    def __init__(self, plan: dict, child: Child | None, tree: str, errors: str) -> None:  # type: ignore[type-arg]
        self.plan = plan
        self.errors = errors
        self.folder: str = plan["folder"]
        self.own = os.path.join(self.folder, "supervisor")
        self.tree_id = tree
        self.contained = bool(plan["remove"])
        self.child = child
        self.tree = Tree()
        self.bell = Bell(plan["bell"], self.folder)
        self.redactor = Redactor(plan["redact"])
        self.state: dict[str, object] = {"state": "starting", "pid": os.getpid()}
        self.status: int | None = None
        self.ending: dict[str, object] | None = None
        self.lost: str | None = None
        self.ended_ms = _now_ms()
        self.kill_at: float | None = None
        self.check_memory_at = 0.0
        self.oom_kills = _oom_kills()

    def run(self) -> None:
        """Run the attempt to its end."""
        self._open_files()
        if os.path.exists(os.path.join(self.own, "cancel")):
            _end_all()
            self._finish({"canceled": True, "message": "canceled before it started"})
            return
        child = self.child = self.child or self._start()
        if child.failure:
            os.waitpid(child.pid, 0)
            self._finish({"cause": "preparation", "message": child.failure})
            return
        if self.plan["stdin"]:
            child.tell(self.folder)
        self._began()
        self._watch(child)
        self._finish(self.ending or {})

    def _start(self) -> Child:
        env = {**self.plan["env"], "MLWS_TREE": self.tree_id}
        return Child(self.plan["argv"], env, self.plan["cwd"], feed=self.plan["stdin"])

    def _open_files(self) -> None:
        self.log = os.open(
            os.path.join(self.folder, "user_logs", "std_log.txt"),
            os.O_WRONLY | os.O_CREAT | os.O_APPEND,
            0o600,
        )
        self.times = LogTimes(os.path.join(self.own, "times"), os.lseek(self.log, 0, os.SEEK_END))
        self.wake, wake_write = os.pipe()
        for fd in (self.wake, wake_write):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)

    def _began(self) -> None:
        self.sampler = Sampler(self.tree, os.path.join(self.own, "usage.jsonl"))
        timeout_s = self.plan["timeout_s"]
        self.timeout_at = time.monotonic() + timeout_s if timeout_s else None
        self._save({"state": "running", "started_ms": _now_ms()})

    def _watch(self, child: Child) -> None:
        """Pump and keep the limits until no process of the tree is left."""
        os.set_blocking(child.output, False)
        poll = select.poll()
        poll.register(self.wake, select.POLLIN)
        poll.register(child.output, select.POLLIN)
        while not self._is_over():
            ready = dict(poll.poll(1000 * max(0.0, self._next_timer() - time.monotonic())))
            if self.wake in ready:
                self._heed_signals()
            if child.output in ready and self._pump() == b"":
                poll.unregister(child.output)
            self._keep_limits()
        while self._pump():
            pass
        self._write(self.redactor.flush())

    def _is_over(self) -> bool:
        """Whether every process is reaped: as the adopter of all orphans, we know."""
        assert self.child
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid == self.child.pid:
                self.status, self.ended_ms = status, _now_ms()
                self._stop(signal.SIGTERM, LEFTOVER_GRACE_S)

    def _next_timer(self) -> float:
        times = [self.sampler.due, self.bell.due, self.kill_at, self.timeout_at]
        if self.plan["memory_bytes"]:
            times.append(self.check_memory_at)
        return min(at for at in times if at is not None)

    def _heed_signals(self) -> None:
        if signal.SIGTERM in os.read(self.wake, CHUNK):
            self._end({"canceled": True, "message": "canceled"})

    def _keep_limits(self) -> None:
        now = time.monotonic()
        self.bell.tick()
        self.sampler.tick()
        if self.timeout_at and now >= self.timeout_at:
            self.timeout_at = None
            limit = self.plan["timeout_s"]
            self._end({"cause": "timeout", "message": f"ran longer than its limit of {limit:g} s"})
        if self.kill_at and now >= self.kill_at:
            self._remove()
            self.kill_at = time.monotonic() + KILL_GAP_S
            self.tree.signal(signal.SIGKILL)
        if self.plan["memory_bytes"] and now >= self.check_memory_at:
            self.check_memory_at = now + MEMORY_CHECK_S
            self._check_memory(self.plan["memory_bytes"])

    def _check_memory(self, limit: int) -> None:
        if self.tree.used()[1] > limit and (used := self.tree.memory_bytes()) > limit:
            message = f"used {used / 1e6:.0f} MB of memory; its limit is {limit / 1e6:.0f} MB"
            self._end({"cause": "out_of_memory", "message": message}, signal.SIGKILL, 0)

    def _end(
        self, why: dict[str, object], number: int = signal.SIGTERM, grace_s: float | None = None
    ) -> None:
        """End the job for a reason; the first counts, and only while the job's process runs."""
        if self.ending is None and self.status is None:
            self.ending = why
        self._stop(number, self.plan["grace_s"] if grace_s is None else grace_s)

    def _stop(self, number: int, grace_s: float) -> None:
        """Ask all processes to end, and see to it after a grace."""
        at = time.monotonic() + grace_s
        self.kill_at = at if self.kill_at is None else min(self.kill_at, at)
        if number == signal.SIGKILL and self.plan["remove"]:
            return  # only what watches a container can take it away: it is killed after that
        self.tree.signal(number)
        self.tree.signal(signal.SIGCONT)

    def _pump(self) -> bytes | None:
        """Move what the job has written to its log: empty at the end, None when there is nothing."""
        assert self.child
        try:
            chunk = os.read(self.child.output, CHUNK)
        except BlockingIOError:
            return None
        if chunk and self.lost is None:
            self._write(self.redactor.feed(chunk))
        return chunk

    def _write(self, data: bytes) -> None:
        try:
            self.times.note(len(data))
            while data:
                data = data[os.write(self.log, data) :]
        except OSError as error:
            self.lost = f"the log cannot be written: {error.strerror}"
            self._stop(signal.SIGKILL, 0)
        self.bell.ring()

    def _finish(self, why: dict[str, object]) -> None:
        if self.status is not None:
            self.sampler.last()
        code = None if self.status is None else os.waitstatus_to_exitcode(self.status)
        if why or (code is not None and code < 0):
            self._remove()
        if self.lost:
            why = {"cause": "storage", "message": self.lost}
        elif not why and code in KILLED and _oom_kills() > self.oom_kills:
            why = {"cause": "out_of_memory", "message": self._whose_memory()}
        _drop_if_empty(self.errors)
        self._save({"state": "ended", "exit_code": code, "ended_ms": self.ended_ms, **why})
        self.bell.due = time.monotonic()
        self.bell.tick()

    def _remove(self) -> None:
        """Take away, once, what would live on without the process, such as a container."""
        argv, self.plan["remove"] = self.plan["remove"], []
        if argv and self._ran(argv) != 0:
            self._ran(argv)  # Podman removes what has lost its watcher when it is asked again

    def _ran(self, argv: list[str]) -> int:
        nowhere = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
        try:
            pid = os.posix_spawnp(argv[0], argv, self.plan["env"], file_actions=nowhere)
        except OSError:
            return 127
        give_up_at = time.monotonic() + REMOVE_TIMEOUT_S
        while (ended := os.waitpid(pid, os.WNOHANG))[0] == 0:
            if time.monotonic() >= give_up_at:
                os.kill(pid, signal.SIGKILL)
            time.sleep(KILL_GAP_S)
        return ended[1]

    def _whose_memory(self) -> str:
        limit = self.plan["memory_bytes"]
        if limit and self.contained:
            return f"used more memory than its limit of {limit / 1e6:.0f} MB"
        return "the machine ran out of memory"

    def _save(self, change: dict[str, object]) -> None:
        self.state.update(change)
        path = os.path.join(self.own, "state.json")
        with open(f"{path}.new", "w") as file:
            json.dump(self.state, file)
        os.replace(f"{path}.new", path)
        self.bell.ring()


def _oom_kills() -> int:
    """How often the kernel has ended a process for want of memory."""
    try:
        with open("/proc/vmstat", "rb") as lines:
            return next((int(ln.split()[1]) for ln in lines if ln.startswith(b"oom_kill ")), 0)
    except OSError:
        return 0


def _drop_if_empty(path: str) -> None:
    try:
        if os.path.getsize(path) == 0:
            os.unlink(path)
    except FileNotFoundError:
        pass  # the job has tidied up


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def claim(folder: str, tree: str, remove: list[str]) -> int | None:
    """Make the attempt our own: the locked claim, or None when it is another's."""
    path = os.path.join(folder, "supervisor", "claim")
    draft = f"{path}.{os.getpid()}"
    fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    os.write(fd, json.dumps({"pid": os.getpid(), "tree": tree, "remove": remove}).encode())
    try:
        os.link(draft, path)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise
        return None
    finally:
        os.unlink(draft)
    return fd


def _answer(word: str) -> None:
    try:
        os.write(1, f"{word}\n".encode())
    except BrokenPipeError:
        pass  # the service was killed in the meantime: the attempt is ours all the same
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)


def _stand_by(order: dict, tree: str) -> Child:  # type: ignore[type-arg]
    env = {**order["env"], "MLWS_TREE": tree}
    return Child(order["argv"], env, "/", feed=True)


def _alive(child: Child) -> bool:
    return not child.failure and os.waitpid(child.pid, os.WNOHANG)[0] == 0


def _end_all() -> None:
    """Kill the tree and reap it."""
    tree = Tree()
    while True:
        tree.signal(signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _run(plan: dict, child: Child | None, tree: str) -> None:  # type: ignore[type-arg]
    """Run the attempt; what goes wrong here itself is left in a file."""
    errors = os.path.join(plan["folder"], "system_logs", "supervisor.txt")
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
    Supervisor(plan, child, tree, errors).run()


def main() -> int:
    """Read what to do and do it; 0 unless the orders cannot be read."""
    os.umask(0o077)
    os.setsid()
    os.chdir("/")
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _adopt_orphans()
    tree = os.urandom(16).hex()
    lines = sys.stdin.buffer
    child = None
    line = lines.readline()
    if line.startswith(b'{"standby"'):
        child = _stand_by(json.loads(line)["standby"], tree)
        line = lines.readline()
    if not line.endswith(b"\n"):
        _end_all()
        return 0
    plan = json.loads(line)
    lock = claim(plan["folder"], tree, plan["remove"])
    _answer("taken" if lock is None else "ok")
    if child is not None and (lock is None or not _alive(child)):
        _end_all()
        child = None
    if lock is not None:
        _run(plan, child, tree)
    return 0


if __name__ == "__main__":
    sys.exit(main())

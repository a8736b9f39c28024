"""Commands as a user types them, each in a process of its own that starts in two seconds.

Of the ten that it takes else, most go to importing torch and the like. A server process imports
those once and forks for every command; the forked process imports the package and runs the command
as a Python does that was started with it.
"""

import gc
import json
import os
import runpy
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from subprocess import PIPE, CompletedProcess, Popen
from tempfile import TemporaryDirectory

import psutil
import pytest

ROOT = Path(__file__).parents[1]
#: What the package uses and imports slowly. Of pytest's plugins none, for it rewrites them.
LIBRARIES = (
    "datasets",
    "huggingface_hub",
    "junitparser",
    "latex2sympy2_extended",
    "lm_eval.models.huggingface",
    "markdown_it",
    "math_verify",
    "matplotlib.pyplot",
    "pandas",
    "pebble",
    "peft",
    "pydantic",
    "pytest",
    "scipy.stats",
    "statsmodels.stats.multitest",
    "torch",
    "transformers.models.auto.modeling_auto",
    "typer",
    "yaml",
)
#: Python and libraries read these when they start: the server's hold for all commands.
_READ_ONCE = ("CUDA_VISIBLE_DEVICES", "HF_HOME", "HF_HUB_OFFLINE", "OMP_NUM_THREADS")
#: The environment without what single tests change.
_ENVIRONMENT = dict(os.environ)


def path_of(installed: Path) -> str:
    """The ``PYTHONPATH`` where distributions in a folder are installed beside the checkout."""
    return os.pathsep.join(map(str, (ROOT, installed)))


def run_pytest(*options: object, cwd: Path = ROOT, **variables: object) -> CompletedProcess[str]:
    """Type ``python -m pytest`` in a folder, with more variables in the environment."""
    # Its cache would be one for all tests; hypothesis takes half a second to report on no test.
    without = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    return _run({"module": "pytest"}, (*without, *options), cwd, variables)


@dataclass(frozen=True)
class Begun:
    """A command that runs: its process, and what it will have said."""

    process: psutil.Process
    result: "Future[CompletedProcess[str]]"


@contextmanager
def begun_pytest(*options: object, **variables: object) -> Iterator[Begun]:
    """Type ``python -m pytest`` and do not wait for its end; no other command may run meanwhile.

    Whatever still runs behind the block is killed.
    """
    server = psutil.Process(_server(None).pid)
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(run_pytest, *options, **variables)
        while not (children := server.children()):
            assert not result.done(), result.result()
            time.sleep(0.01)
        try:
            yield Begun(children[0], result)
        finally:
            if not result.done():
                children[0].kill()


def run_module(module: str, *arguments: object) -> CompletedProcess[str]:
    """Type ``python -m module`` in the checkout."""
    return _run({"module": module}, arguments, ROOT, {})


def run_script(script: Path, *arguments: object, **variables: object) -> CompletedProcess[str]:
    """Type ``python script`` in the script's folder; a package beside it goes before all others."""
    return _run({"script": str(script)}, arguments, script.parent, variables)


def run_command(
    *arguments: object, cwd: Path | None = None, **variables: object
) -> CompletedProcess[str]:
    """Type ``alpharl-bench``."""
    return run_console_script("alpharl-bench", *arguments, cwd=cwd, **variables)


def run_console_script(
    name: str, *arguments: object, cwd: Path | None = None, **variables: object
) -> CompletedProcess[str]:
    """Type the name of a console script.

    Another ``PYTHONPATH`` must not lead to other libraries. Where a ``sitecustomize.py`` lies on
    it, which decides over them, there is a server of its own: worth it for several commands.
    """
    script = shutil.which(name)
    assert script is not None
    return _run({"script": script}, arguments, cwd or Path.cwd(), variables)


def run_pytester(pytester: pytest.Pytester, *options: object) -> pytest.RunResult:
    """What ``pytester.runpytest_subprocess`` does."""
    done = run_pytest(*options, cwd=pytester.path)
    return pytest.RunResult(done.returncode, done.stdout.splitlines(), done.stderr.splitlines(), 0)


def _run(
    program: dict[str, str],
    arguments: tuple[object, ...],
    cwd: Path,
    variables: Mapping[str, object],
) -> CompletedProcess[str]:
    environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    for name in _READ_ONCE:
        assert environment.get(name) == _ENVIRONMENT.get(name), f"{name}: start a Python anew"
    words = [str(argument) for argument in arguments]
    with TemporaryDirectory() as folder:
        streams = [Path(folder) / name for name in ("stdout", "stderr")]
        request = {
            "program": program,
            "arguments": words,
            "cwd": str(cwd),
            "environment": environment,
            "streams": list(map(str, streams)),
        }
        path = environment.get("PYTHONPATH", "")
        decides = any((Path(p) / "sitecustomize.py").is_file() for p in path.split(os.pathsep) if p)
        server = _server(path if decides else None)
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        return CompletedProcess(words, code, *(stream.read_text() for stream in streams))


@cache
def _server(path: str | None) -> Popen[str]:
    """It ends when its input is closed, at the latest with this process."""
    return Popen(
        [sys.executable, "-m", "tests.processes"],
        cwd=ROOT,
        env=_ENVIRONMENT if path is None else {**_ENVIRONMENT, "PYTHONPATH": path},
        stdin=PIPE,
        stdout=PIPE,
        text=True,
    )


def _serve() -> None:
    """Fork for every request, a line of input; the exit code is a line of output."""
    for library in LIBRARIES:
        with suppress(ModuleNotFoundError):  # What an extra brings need not be there.
            import_module(library)
    # Collecting garbage would write to every page that is shared.
    gc.freeze()
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            _become(**json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become(
    program: dict[str, str],
    arguments: list[str],
    cwd: str,
    environment: dict[str, str],
    streams: list[str],
) -> None:
    """Run a module, or a script, as if Python had been started with it."""
    for stream, path in enumerate([os.devnull, *streams]):
        flags = os.O_RDONLY if stream == 0 else os.O_WRONLY | os.O_CREAT
        os.dup2(os.open(path, flags), stream)
    # A job in the background of a script ignores it, and so would its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    servers = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    own = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.path[1:] = [*own, *(entry for entry in sys.path[1:] if entry not in servers)]
    os.environ.clear()
    os.environ.update(environment)
    if "module" in program:
        sys.path[0] = cwd
        sys.argv = ["", *arguments]
        runpy.run_module(program["module"], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(program["script"]).parent)
        sys.argv = [program["script"], *arguments]
        runpy.run_path(program["script"], run_name="__main__")


if __name__ == "__main__":
    _serve()

"""The launcher as a real process: found from anywhere, installed once, bent by nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.machine import describe_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[2]
LAUNCH = ROOT / "runner" / "launch"
ENVIRONMENT = ROOT / "runner" / "environment"
PATIENCE_SECONDS = 120
NOWHERE = "http://127.0.0.1:9/simple"
# What the two scripts take from the machine, besides a Python and uv.
TOOLS = (
    "bash",
    "cp",
    "cut",
    "dirname",
    "find",
    "mkdir",
    "mv",
    "readlink",
    "rm",
    "sha256sum",
    "touch",
)
USAGE = "usage: openhands-testgen"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the launcher is a bash script")


@pytest.fixture(scope="module")
def uv() -> str:
    return str(Path(sys.prefix) / "bin" / "uv")


@pytest.fixture(scope="module")
def uv_cache(uv: str) -> str:
    """Where uv keeps what this machine has downloaded already, so that installs are quick."""
    return subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def bare(tmp_path: Path, uv: str, uv_cache: str) -> dict[str, str]:
    """The environment of a machine with uv, the usual tools, one Python, and an empty cache."""
    home = tmp_path / "home"
    home.mkdir()
    return {
        **describe_network(),
        "HOME": str(home),
        "PATH": os.pathsep.join([str(make_tools(tmp_path)), f"{sys.base_prefix}/bin"]),
        "UV_CACHE_DIR": uv_cache.strip(),
        "OPENHANDS_TESTGEN_UV": uv,
        "OPENHANDS_TESTGEN_CACHE_DIR": str(tmp_path / "cache"),
    }


@pytest.fixture(scope="module")
def warm_cache(tmp_path_factory: pytest.TempPathFactory, uv: str, uv_cache: str) -> Path:
    """A cache that holds the runner's environment."""
    folder = tmp_path_factory.mktemp("warm")
    installer = {
        **os.environ,
        "UV_CACHE_DIR": uv_cache.strip(),
        "OPENHANDS_TESTGEN_UV": uv,
        "OPENHANDS_TESTGEN_CACHE_DIR": str(folder),
    }
    assert run([str(ENVIRONMENT), "runner"], installer).returncode == 0
    return folder


@pytest.fixture
def warm(bare: dict[str, str], warm_cache: Path) -> dict[str, str]:
    return bare | {"OPENHANDS_TESTGEN_CACHE_DIR": str(warm_cache)}


def make_tools(folder: Path) -> Path:
    tools = folder / "tools"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        if found:
            (tools / name).symlink_to(found)
    return tools


def make_program(path: Path, script: str) -> str:
    path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
    path.chmod(0o755)
    return str(path)


def run(
    argv: Sequence[str | Path], environment: Mapping[str, str], cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@contextmanager
def start(
    argv: Sequence[str | Path], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def list_cache(environment: Mapping[str, str]) -> list[str]:
    folder = Path(environment["OPENHANDS_TESTGEN_CACHE_DIR"])
    names = sorted(path.name.partition("-")[0] for path in folder.iterdir())
    assert not any(".building" in path.name for path in folder.iterdir())
    return names


def copy_checkout(folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("runner", "locks"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    return folder / "runner" / "launch"


def test_from_another_directory(warm: dict[str, str], tmp_path: Path) -> None:
    result = run([LAUNCH, "--help"], warm, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(USAGE)


def test_by_a_relative_path_whatever_cdpath_says(warm: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "runner").mkdir(parents=True)
    environment = warm | {"CDPATH": str(tmp_path / "elsewhere")}
    result = run([Path("runner/launch"), "--help"], environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(USAGE)


def test_through_links(warm: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "absolute").symlink_to(LAUNCH)
    (tmp_path / "relative").symlink_to(Path("bin/absolute"))
    result = run([tmp_path / "relative", "--help"], warm, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(USAGE)


def test_from_a_checkout_with_spaces(warm: dict[str, str], tmp_path: Path) -> None:
    launch = copy_checkout(tmp_path / "a check  out's")
    result = run([launch, "--help"], warm, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(USAGE)


def test_exit_code_and_output_are_those_of_the_program(warm: dict[str, str]) -> None:
    result = run([LAUNCH, "status", "v1", "*"], warm)
    assert (result.returncode, result.stdout) == (8, "[]\n")
    assert [line.partition(" is ")[0] for line in result.stderr.splitlines()] == [
        "error: The task id 'v1'",
        "error: The task id '*'",
    ]


def test_the_users_own_settings_bend_nothing(bare: dict[str, str], tmp_path: Path) -> None:
    nonsense = str(tmp_path / "nonsense")
    names = [
        *("UV_PYTHON", "UV_PROJECT_ENVIRONMENT", "UV_CONSTRAINT", "UV_CONFIG_FILE", "UV_TARGET"),
        *("UV_WORKING_DIR", "UV_PYTHON_INSTALL_DIR", "UV_TOOL_DIR", "UV_NO_BINARY", "UV_PREFIX"),
        *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"),
        *("PIP_TARGET", "PIP_PREFIX", "PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_PYTHON"),
    ]
    environment = bare | dict.fromkeys(names, nonsense) | {"PIP_USER": "1", "PYENV_VERSION": "0"}
    result = run([LAUNCH, "--help"], environment, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(USAGE)
    assert not Path(nonsense).exists()


def test_two_at_once_on_an_empty_cache(bare: dict[str, str]) -> None:
    command = [str(LAUNCH), "--help"]
    with start(command, bare) as first, start(command, bare) as second:
        outputs = [one.communicate(timeout=PATIENCE_SECONDS) for one in (first, second)]
        assert (first.returncode, second.returncode) == (0, 0), outputs
    assert all(output.startswith(USAGE) and not errors for output, errors in outputs)
    assert list_cache(bare) == ["runner"]


def test_without_uv_it_is_installed_with_checked_hashes(
    bare: dict[str, str], tmp_path: Path
) -> None:
    del bare["OPENHANDS_TESTGEN_UV"]
    old = make_program(tmp_path / "tools" / "uv", "echo uv 0.4.30")
    assert Path(old).exists()
    result = run([LAUNCH, "--help"], bare)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(USAGE)
    assert list_cache(bare) == ["runner", "uv"]


def test_a_wrong_hash_is_refused(bare: dict[str, str], tmp_path: Path) -> None:
    launch = copy_checkout(tmp_path / "checkout")
    lock = tmp_path / "checkout" / "locks" / "runner.txt"
    lines = lock.read_text().splitlines(keepends=True)
    lock.write_text("".join(line for line in lines if "--hash" not in line).replace(" \\", ""))
    wrong = lock.read_text().replace("\n", f" --hash=sha256:{'0' * 64}\n")
    lock.write_text(wrong)
    result = run([launch, "--help"], bare)
    assert result.returncode == 5
    assert "The packages of locks/runner.txt could not be installed" in result.stderr
    assert list_cache(bare) == []


@pytest.mark.parametrize("has_old_python", [True, False])
def test_no_python_that_is_new_enough(
    bare: dict[str, str], tmp_path: Path, *, has_old_python: bool
) -> None:
    if has_old_python:
        make_program(tmp_path / "tools" / "python3", "exit 0")  # it has nothing to print
    environment = bare | {"PATH": str(tmp_path / "tools"), "UV_PYTHON_DOWNLOADS": "never"}
    environment |= {"UV_PYTHON_INSTALL_MIRROR": NOWHERE, "UV_HTTP_RETRIES": "0"}
    result = run([LAUNCH, "--help"], environment)
    assert (result.returncode, result.stdout) == (2, "")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("error: Python 3.12 or newer was not found; install it")
    assert list_cache(bare) == []


def test_the_python_to_build_on_can_be_named(bare: dict[str, str]) -> None:
    named = f"{sys.base_prefix}/bin/python3"
    tools, _ = bare["PATH"].split(os.pathsep)
    environment = bare | {"PATH": tools, "OPENHANDS_TESTGEN_BASE_PYTHON": named}
    place = Path(run([ENVIRONMENT, "runner"], environment).stdout.strip())
    assert (place / "bin" / "python").resolve() == Path(named).resolve()


def test_a_named_python_that_is_none(bare: dict[str, str]) -> None:
    result = run([LAUNCH, "--help"], bare | {"OPENHANDS_TESTGEN_BASE_PYTHON": "/bin/false"})
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "error: OPENHANDS_TESTGEN_BASE_PYTHON: /bin/false is no Python 3.12 or newer.\n"
    )


def test_neither_python_nor_uv(bare: dict[str, str], tmp_path: Path) -> None:
    del bare["OPENHANDS_TESTGEN_UV"]
    result = run([LAUNCH, "--help"], bare | {"PATH": str(tmp_path / "tools")})
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "error: There is no Python on this machine; install Python 3.12 or newer.\n"
    )


def test_an_index_that_uv_cannot_reach(bare: dict[str, str], tmp_path: Path) -> None:
    environment = bare | {
        "UV_DEFAULT_INDEX": NOWHERE,
        "UV_CACHE_DIR": str(tmp_path / "uv-cache"),
        "UV_HTTP_RETRIES": "0",
    }
    result = run([LAUNCH, "--help"], environment)
    assert (result.returncode, result.stdout) == (5, "")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("error: The packages of locks/runner.txt could not be installed")
    assert list_cache(bare) == []


def test_an_index_that_pip_cannot_reach(bare: dict[str, str], tmp_path: Path) -> None:
    del bare["OPENHANDS_TESTGEN_UV"]
    environment = bare | {
        "PIP_INDEX_URL": NOWHERE,
        "PIP_CACHE_DIR": str(tmp_path / "pip-cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_RETRIES": "0",
    }
    result = run([LAUNCH, "--help"], environment)
    assert (result.returncode, result.stdout) == (5, "")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("error: uv could not be installed with pip; check the network")
    assert list_cache(bare) == []


def test_a_half_made_environment_is_repaired(bare: dict[str, str]) -> None:
    place = Path(run([ENVIRONMENT, "runner"], bare).stdout.strip())
    (place / ".complete").unlink()
    (place / "junk").touch()
    shutil.rmtree(place / "lib")
    result = run([LAUNCH, "--help"], bare)
    assert (result.returncode, result.stderr) == (0, "")
    assert not (place / "junk").exists()
    assert list_cache(bare) == ["runner"]


def test_an_interpreter_that_vanished_is_replaced(bare: dict[str, str]) -> None:
    place = Path(run([ENVIRONMENT, "runner"], bare).stdout.strip())
    (place / "bin" / "python").unlink()
    (place / "bin" / "python").symlink_to("/no-such-interpreter")
    result = run([LAUNCH, "--help"], bare)
    assert (result.returncode, result.stderr) == (0, "")
    assert list_cache(bare) == ["runner"]


def test_a_relative_cache_folder_belongs_to_the_callers_directory(
    bare: dict[str, str], warm_cache: Path
) -> None:
    environment = bare | {"OPENHANDS_TESTGEN_CACHE_DIR": warm_cache.name}
    result = run([LAUNCH, "--help"], environment, warm_cache.parent)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"HOME": ""}, "HOME is not set; name a folder to install in"),
        ({"XDG_CACHE_HOME": "/dev/null"}, "cannot be made; name another folder"),
    ],
)
def test_no_place_to_install_in(
    bare: dict[str, str], change: dict[str, str], sentence: str
) -> None:
    del bare["OPENHANDS_TESTGEN_CACHE_DIR"]
    result = run([LAUNCH, "--help"], bare | change)
    assert (result.returncode, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert "OPENHANDS_TESTGEN_CACHE_DIR" in result.stderr


def test_a_lock_that_there_is_not(warm: dict[str, str]) -> None:
    result = run([ENVIRONMENT, "nonsense"], warm)
    assert (result.returncode, result.stdout) == (2, "")
    assert "There is no locks/nonsense.txt" in result.stderr


def test_an_overlay_for_an_interpreter(bare: dict[str, str]) -> None:
    command = [str(ENVIRONMENT), "judge", "--python", sys.executable]
    place = run(command, bare).stdout.strip()
    script = "import coverage, pytest; print(pytest.__file__)"
    result = run([sys.executable, "-S", "-c", script], {"PYTHONPATH": place})
    assert result.stdout.startswith(f"{place}/pytest/")
    assert list_cache(bare) == ["judge"]


def test_an_overlay_for_what_is_no_interpreter(warm: dict[str, str]) -> None:
    result = run([ENVIRONMENT, "judge", "--python", "/bin/false"], warm)
    assert (result.returncode, result.stdout) == (2, "")
    assert "python: /bin/false is no Python interpreter" in result.stderr


@pytest.fixture
def slow_uv(bare: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A uv whose install begins, says so through a pipe, and waits for a line in another."""
    for name in ("started", "go"):
        os.mkfifo(tmp_path / name)
    program = make_program(tmp_path / "program", "echo the program runs")
    script = f"""
case $1 in
  --version) echo uv 1.0; exit ;;
  venv) mkdir -p "${{@: -1}}/bin"; cp '{program}' "${{@: -1}}/bin/python" ;;
esac
echo > '{tmp_path}/started'
read -r < '{tmp_path}/go'
"""
    return bare | {"OPENHANDS_TESTGEN_UV": make_program(tmp_path / "slow-uv", script)}


def test_an_interrupt_during_the_install_starts_no_program(
    slow_uv: dict[str, str], tmp_path: Path
) -> None:
    with start([LAUNCH, "--help"], slow_uv) as process:
        (tmp_path / "started").read_text()
        process.send_signal(signal.SIGINT)
        (tmp_path / "go").write_text("\n")
        (tmp_path / "started").read_text()
        (tmp_path / "go").write_text("\n")
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == -signal.SIGINT  # 130, as shells and the runner say it
    assert output == ""


def test_an_install_that_is_ended_leaves_no_build(slow_uv: dict[str, str], tmp_path: Path) -> None:
    with start([ENVIRONMENT, "runner"], slow_uv) as process:
        (tmp_path / "started").read_text()
        process.terminate()
        (tmp_path / "go").write_text("\n")
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode != 0
    assert list_cache(slow_uv) == []

"""Hostile tests are contained: a verdict in time, nothing changed outside, nothing left running.

The attacks stand in tests that also test something, so that a contained one is a sound test. They
are written so that no static rule refuses them before they run.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import sys
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.verdict import Outcome, Verdict, Verification
from openhands_testgen.errors import ConfigurationError
from openhands_testgen.sandbox.python import RunLimits
from openhands_testgen.verification.plan import VerdictPlan
from tests.corpus.table import PROJECT
from tests.fakes.judging import judge, make_verifier

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
]
PLAN = VerdictPlan(reruns=2, mutants=0, timeout_seconds=300)
# One run has a fifth of the time: for what would go on without end.
SHORT = replace(PLAN, timeout_seconds=30)
LIMITS = RunLimits(memory_mb=512, disk_mb=32, file_mb=16)
# What the verdict may take on a loaded machine, beyond which it hangs.
PATIENCE_SECONDS = 120
SECRET = "hunter2-hunter2"
SOUND = """

def test_sound():
    assert add(1, 2) == 3
"""


@dataclass
class Scene:
    """A project, and around it what hostile tests would like to reach."""

    root: Path
    server: socket.socket

    @property
    def project(self) -> Path:
        """The original of the copy."""
        return self.root / "project"

    @property
    def home(self) -> Path:
        """The user's home folder."""
        return self.root / "home"

    @property
    def port(self) -> int:
        """Where a server of this machine listens."""
        number: int = self.server.getsockname()[1]
        return number

    def digest(self) -> str:
        """Return a digest of all that judged code must leave alone."""
        found = hashlib.sha256()
        for path in sorted((self.root / "outside").rglob("*")) + sorted(self.project.rglob("*")):
            content = path.read_bytes() if path.is_file() else b""
            found.update(f"{path} {path.lstat().st_mode}".encode() + content)
        for path in sorted(self.home.rglob("*")):
            found.update(f"{path}".encode() + (path.read_bytes() if path.is_file() else b""))
        return found.hexdigest()

    def list_processes(self) -> list[str]:
        """List processes that run in a copy of this scene, or were started from one."""
        mark = str(self.root / "scratch").encode()
        return [path.name for path in Path("/proc").iterdir() if _mentions(path, mark)]

    async def judge(self, attack: str, plan: VerdictPlan = PLAN) -> Verification:
        """Judge an attack; whatever it does has to be over, and without effect, after that."""
        names: dict[str, object] = {
            "OUTSIDE": str(self.root / "outside"),
            "HOME": str(self.home),
            "PORT": self.port,
            "SECRET": SECRET,
        }
        head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
        head += "import os\nimport signal\nimport socket\nimport sys\nimport time\n"
        head += "from shop import add\n"
        before = self.digest()
        environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "HOME": str(self.home),
            "LLM_API_KEY": SECRET,
            "GITHUB_OUTPUT": str(self.root / "outside" / "output"),
            "GITHUB_ENV": str(self.root / "outside" / "env"),
        }
        verifier = make_verifier(plan=plan, environment=environment, limits=LIMITS)
        verifier = replace(verifier, scratch=self.root / "scratch")
        async with asyncio.timeout(PATIENCE_SECONDS):
            found = await judge(verifier, self.project, head + textwrap.dedent(attack) + SOUND)
        assert self.digest() == before
        assert self.list_processes() == []
        assert list((self.root / "scratch").iterdir()) == []
        return found


def _mentions(process: Path, mark: bytes) -> bool:
    try:
        return mark in (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    except OSError:
        return False


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    for name in ("outside", "home", "scratch", "project"):
        (tmp_path / name).mkdir()
    (tmp_path / "outside" / "output").write_text("from earlier steps\n")
    (tmp_path / "outside" / "env").write_text("")
    (tmp_path / "home" / ".netrc").write_text("hunter2-hunter2")
    (tmp_path / "project" / "shop.py").write_bytes((PROJECT / "shop.py").read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield Scene(tmp_path, server)


def get_outcomes(verification: Verification) -> dict[str, Outcome]:
    return {case.name.rpartition("::")[2]: case.outcome for case in verification.cases}


# Contained without a trace: the attack's own assertions hold, and so its test is a sound one.
CONTAINED = {
    "writes outside": """
        def test_attack():
            for attempt in (
                lambda: open(OUTSIDE + "/new", "w"),
                lambda: open(OUTSIDE + "/output", "a"),
                lambda: os.remove(OUTSIDE + "/output"),
                lambda: os.rename(OUTSIDE + "/output", OUTSIDE + "/moved"),
                lambda: os.mkdir(OUTSIDE + "/folder"),
                lambda: os.chmod(OUTSIDE, 0),
                lambda: os.truncate(OUTSIDE + "/output", 0),
            ):
                try:
                    attempt()
                except OSError:
                    continue
            assert add(1, 2) == 3
    """,
    "writes outside through a link": """
        def test_attack():
            ways = [f"way-out-{os.urandom(8).hex()}" for _ in range(2)]
            os.symlink(OUTSIDE, ways[0])
            os.symlink(OUTSIDE + "/output", ways[1])
            for path in (ways[0] + "/new", ways[1]):
                try:
                    open(path, "w")
                except OSError:
                    continue
            assert add(1, 2) == 3
    """,
    "writes to the runner's command files": """
        def test_attack():
            words = ["GITHUB_OUT" + "PUT", "GITHUB_" + "ENV"]
            assert [os.environ.get(word) for word in words] == [None, None]
            for name in ("output", "env"):
                try:
                    open(OUTSIDE + "/" + name, "a").write("PATH=/evil")
                except OSError:
                    continue
            assert add(1, 2) == 3
    """,
    "reads the parent's environment": """
        def test_attack():
            found = b""
            for pid in [os.getppid(), *range(1, 3000)]:
                try:
                    found += open(f"/proc/{pid}/environ", "rb").read()
                except OSError:
                    continue
            assert found == b""
            assert SECRET not in str(dict(os.environ))
            assert add(1, 2) == 3
    """,
    "reads the home folder": """
        def test_attack():
            found = []
            for read in (lambda: os.listdir(HOME), lambda: open(HOME + "/.netrc").read()):
                try:
                    found.append(read())
                except OSError:
                    continue
            assert found == []
            assert os.path.expanduser("~") != HOME
            assert add(1, 2) == 3
    """,
    "opens a connection": """
        def test_attack():
            found = []
            for family, address in (
                (socket.AF_INET, ("127.0.0.1", PORT)),
                (socket.AF_INET, ("192.0.2.1", 80)),
                (socket.AF_UNIX, "/var/run/docker.sock"),
            ):
                try:
                    with socket.socket(family, socket.SOCK_STREAM) as one:
                        one.settimeout(0.5)
                        one.connect(address)
                        found.append(address)
                except OSError:
                    continue
            assert found == []
            assert add(1, 2) == 3
    """,
    "kills its parents": """
        def test_attack():
            kill = getattr(os, "ki" + "ll")
            for pid in (os.getppid(), 1):
                try:
                    kill(pid, signal.SIGTERM)
                except OSError:
                    continue
            assert add(1, 2) == 3
    """,
    "leaves processes behind": """
        def test_attack():
            for _ in range(3):
                if os.fork() == 0:
                    os.setsid()
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                    if os.fork() == 0:
                        time.sleep(600)
                    getattr(os, "_ex" + "it")(0)
            assert add(1, 2) == 3
    """,
    "leaves threads behind": """
        def test_attack():
            import threading
            threading.Thread(target=time.sleep, args=(600,)).start()
            assert add(1, 2) == 3
    """,
    "locks its folders": """
        def test_attack():
            deep = f"deep-{os.urandom(8).hex()}"
            os.makedirs(deep + "/er")
            open(deep + "/er/file", "w").close()
            os.chmod(deep + "/er", 0)
            os.chmod(deep, 0)
            assert add(1, 2) == 3
    """,
}


async def test_attacks_are_contained(scene: Scene) -> None:
    attacks = {f"test_{name.replace(' ', '_')}": code for name, code in CONTAINED.items()}
    code = "\n\n".join(
        textwrap.dedent(text).replace("test_attack", name.replace("'", ""))
        for name, text in attacks.items()
    )
    found = await scene.judge(code)
    names = [*(name.replace("'", "") for name in attacks), "test_sound"]
    assert get_outcomes(found) == dict.fromkeys(names, Outcome.PASSED)
    assert [stage for stage in found.stages if not stage.passed] == []
    with pytest.raises(BlockingIOError):
        scene.server.accept()


# The attack costs its own test, for the reason given, and no other one.
COSTLY = {
    "allocates without end": (
        """
        def test_attack():
            hoard = []
            while add(1, 2) == 3:
                hoard.append(bytearray(10_000_000))
        """,
        "asserts nothing",
    ),
    "allocates without end, with an assertion": (
        """
        def test_attack():
            hoard = []
            while add(1, 2) == 3:
                hoard.append(bytearray(10_000_000))
            assert hoard
        """,
        "MemoryError",
    ),
    "fills the disk": (
        """
        def test_attack():
            for number in range(10_000):
                try:
                    with open(f"large-{number}", "wb") as file:
                        for _ in range(20):
                            file.write(bytes(1_000_000))
                except OSError:
                    continue
            assert add(1, 2) == 3
        """,
        "wrote more than it may",
    ),
    "loops forever": (
        """
        def test_attack():
            while add(1, 2) == 3:
                pass
            assert False
        """,
        "did not end within 6 s",
    ),
    "sleeps and ignores signals": (
        """
        def test_attack():
            for number in range(1, 32):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    continue
            while add(1, 2) == 3:
                time.sleep(1)
            assert False
        """,
        "did not end within 6 s",
    ),
    "ends the process": (
        """
        def test_attack():
            getattr(os, "_ex" + "it")(0)
            assert add(1, 2) == 3
        """,
        "ended with exit code 0",
    ),
    "kills itself": (
        """
        def test_attack():
            getattr(os, "ki" + "ll")(os.getpid(), signal.SIGKILL)
            assert add(1, 2) == 3
        """,
        "was killed",
    ),
    "kills everybody": (
        """
        def test_attack():
            getattr(os, "ki" + "ll")(-1, signal.SIGKILL)
            assert add(1, 2) == 4
        """,
        "fails",
    ),
    "closes what it did not open": (
        """
        def test_attack():
            os.closerange(3, 500)
            assert add(1, 2) == 3
        """,
        "before pytest had finished",
    ),
    "rewrites the module": (
        """
        def test_attack():
            with open("sh" + "op.py", "w") as file:
                file.write("def add(first, second): return 3")
            assert add(1, 2) == 3
        """,
        "changes shop.py",
    ),
}


@pytest.mark.parametrize("attack", COSTLY)
async def test_an_attack_costs_its_own_test(scene: Scene, attack: str) -> None:
    code, words = COSTLY[attack]
    found = await scene.judge(code, SHORT if "did not end" in words else PLAN)
    outcomes = get_outcomes(found)
    assert outcomes.pop("test_sound") is Outcome.PASSED
    assert Outcome.PASSED not in outcomes.values()
    (case,) = [case for case in found.cases if not case.is_sound]
    assert words in " ".join(map(str, case.problems))
    assert found.verdict is Verdict.ACCEPTED
    assert b"test_attack" not in found.content


async def test_forks_without_end_end(scene: Scene) -> None:
    """The processes that watch cannot start others then, and so the file as a whole is rejected."""
    attack = """
        def test_attack():
            ours = os.getpid()
            for _ in range(100_000):
                try:
                    os.fork()
                except OSError:
                    break
            if os.getpid() != ours:
                time.sleep(600)
            assert add(1, 2) == 3
    """
    found = await scene.judge(attack, SHORT)
    assert [stage.name for stage in found.stages if not stage.passed] in (
        [],
        ["sabotage"],
        ["time"],
    )


# What one run leaves is not there for the next one, and costs the test that left it.
LEFT_BEHIND = {
    "conftest.py": "def pytest_runtest_makereport(item, call):\n    call.excinfo = None\n",
    "sitecustomize.py": "import os\nos.environ['PYTHONHASHSEED'] = '0'\n",
    "evil.pth": "import os; os.environ['PYTHONHASHSEED'] = '0'\n",
    "pytest.ini": "[pytest]\naddopts = -p no:randomly --co\n",
}


@pytest.mark.parametrize("name", LEFT_BEHIND)
async def test_no_run_prepares_another(scene: Scene, name: str) -> None:
    half = len(name) // 2
    attack = f"""
        def test_prepares():
            for folder in (".", os.path.expanduser("~"), os.environ["TMPDIR"], "../out"):
                with open(folder + "/" + {name[:half]!r} + {name[half:]!r}, "w") as file:
                    file.write({LEFT_BEHIND[name]!r})
            assert add(1, 2) == 3


        def test_attack():
            assert add(1, 2) == 3
            assert os.environ["PYTHONHASHSEED"] == "0"
    """
    found = await scene.judge(attack)
    assert get_outcomes(found) == {
        "test_prepares": Outcome.REFUSED,
        "test_attack": Outcome.FLAKY,
        "test_sound": Outcome.PASSED,
    }


async def test_made_up_outcomes_are_found(scene: Scene) -> None:
    """Written against this very program: the record of the run says what the test wants.

    What says otherwise is the record of other processes, which the test does not reach.
    """
    attack = """
        import pytest

        @pytest.fixture(scope="module", autouse=True)
        def forge(request):
            plugins = getattr(request.config, "plugin" + "manager").get_plugins()
            recorders = [one for one in plugins if type(one).__name__ == "Recorder"]
            if recorders:
                take_over(recorders[0])


        def take_over(recorder):
            genuine = recorder.send

            def send(event, **content):
                is_bird = any(content.get("id", "").endswith(name) for name in recorder.canaries)
                if event == "phase" and not is_bird:
                    content["outcome"], content["message"] = "passed", ""
                genuine(event, **content)

            recorder.send = send


        def test_attack():
            assert add(1, 2) == 4
    """
    found = await scene.judge(attack, replace(PLAN, mutants=5))
    assert get_outcomes(found)["test_attack"] is Outcome.PASSED
    assert found.verdict is Verdict.REJECTED
    (stage,) = [stage for stage in found.stages if not stage.passed]
    assert stage.name == "mutation"
    assert "fail" in stage.reasons[0]


async def test_what_runs_a_test_is_not_among_all_objects(scene: Scene) -> None:
    attack = """
        def test_attack():
            assert getattr(__import__("g" + "c"), "get_" + "objects")()
            assert add(1, 2) == 3
    """
    found = await scene.judge(attack)
    assert get_outcomes(found) == {"test_attack": Outcome.FAILED, "test_sound": Outcome.PASSED}


async def test_made_up_coverage_is_found(scene: Scene) -> None:
    attack = """
        def test_attack():
            kind = sys.modules["cover" + "age"].Coverage
            genuine = kind.save

            def save(self):
                genuine(self)
                arcs = [(one, other) for one in range(1, 60) for other in range(1, 60)]
                self.get_data().add_arcs({sys.modules["shop"].__file__: arcs})
                self.get_data().write()

            kind.save = save
            assert add(1, 2) == 3
    """
    found = await scene.judge(attack)
    assert found.verdict is Verdict.REJECTED
    (stage,) = [stage for stage in found.stages if not stage.passed]
    assert stage.name == "coverage"
    assert "made up" in stage.reasons[0]


async def test_a_sandbox_that_is_required_runs_nothing_without_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openhands_testgen.sandbox import python as sandbox

    monkeypatch.setattr(sandbox, "confined_command", lambda argv, *_: list(argv))
    with pytest.raises(ConfigurationError, match="sandbox: not all protections") as caught:
        await scene.judge(
            "def test_attack():\n    open('ran', 'w')\n    assert add(1, 2) == 3",
            replace(PLAN, is_sandbox_required=True),
        )
    assert "use the network" in str(caught.value)

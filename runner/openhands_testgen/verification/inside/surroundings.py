"""Where sessions run, and what each of them starts with."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.verification.inside.concealment import Callers, conceal, find_unmentioned

if TYPE_CHECKING:
    from collections.abc import Iterable

# Plugins that take a third of the time of a short test, and the words of tests that may need them.
NAMED_PLUGINS = {"logging": ("caplog", "logging"), "warnings": ("warn",)}
CONFTEST = "conftest.py"


@dataclass(frozen=True)
class Place:
    """The part of a question that says where tests run, as it comes from outside."""

    project: str
    module: str
    tests: str
    roots: list[str]
    is_fast: bool
    plugins: dict[str, list[str]]
    seconds: float

    def get_surroundings(self) -> Surroundings:
        """Return it in a form that can travel and be compared."""
        conftests = tuple(map(str, filter(Path.exists, self._list_conftests())))
        return Surroundings(
            *(self.project, self.module, self.tests, tuple(self.roots), self.is_fast),
            has_conftest=bool(conftests),
            left_out=find_unnamed((self.tests, *conftests)) if self.is_fast else (),
            since_ns=time.time_ns(),
            concealed=frozenset(find_unmentioned(_read(self.module))),
            plugins=tuple((name, tuple(own)) for name, own in self.plugins.items()),
        )

    def _list_conftests(self) -> list[Path]:
        """List where pytest looks for them."""
        project = Path(self.project)
        above = [folder for folder in Path(self.tests).parents if folder.is_relative_to(project)]
        return [folder / CONFTEST for folder in above]


@dataclass(frozen=True)
class Surroundings:
    """The project's copy, the module and the tests in it, the folders that modules come from.

    All are absolute paths. ``is_fast`` leaves out what only serves readers of pytest's output and
    the plugins in ``left_out``, and imports beforehand what the module and the tests import from
    elsewhere. What is ``concealed`` the tests cannot ask for, nor can files of the project that
    are written later than ``since_ns``. ``plugins`` are the arguments for
    each pytest plugin that is wanted, by the name of its package.
    """

    project: str
    module: str
    tests: str
    roots: tuple[str, ...]
    is_fast: bool
    has_conftest: bool
    left_out: tuple[str, ...]
    since_ns: int
    concealed: frozenset[str]
    plugins: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def can_prepare(self) -> bool:
        """Whether pytest can be made ready without running anything of the project.

        It imports each ``conftest.py`` above the tests while it makes itself ready.
        """
        return self.is_fast and not self.has_conftest

    def enter(self) -> None:
        """Import from the project from now on, also in processes that tests start.

        What is concealed is so from now on.
        """
        sys.path[:0] = self.roots
        known = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([*self.roots, *([known] if known else [])])
        conceal(Callers(self.tests, self.project, self.since_ns), self.concealed)

    def build_arguments(self) -> list[str]:
        """Build pytest's arguments."""
        return [
            *(f"--rootdir={self.project}", f"--confcutdir={self.project}"),
            *self._build_options(),
            self.tests,
        ]

    def _build_options(self) -> list[str]:
        """Build what is the same for all tests: none of the project's options."""
        fast = self._build_fast_options() if self.is_fast else ()
        return [
            *("-c", os.devnull, "-p", "no:cacheprovider", "--import-mode=importlib", "-q", *fast),
            *(option for name, own in self.plugins if _is_installed(name) for option in own),
            f"--basetemp={os.environ['TMPDIR']}/pytest",
        ]

    def _build_fast_options(self) -> list[str]:
        """Build what leaves out everything that these tests do not name."""
        return [
            *("--assert=plain", "--tb=native", "--capture=sys", "-p", "no:faulthandler"),
            *(option for plugin in self.left_out for option in ("-p", f"no:{plugin}")),
        ]

    def silence(self) -> None:
        """Keep to what left out plugins do for tests that do not know of them.

        Nothing that is logged or warned of is printed, whichever test comes first.
        """
        for plugin in self.left_out:
            if plugin == "logging":
                logging.getLogger().addHandler(_Formatter())
            else:
                warnings.showwarning = lambda *_, **__: None


def find_unnamed(files: Iterable[str]) -> tuple[str, ...]:
    """Find the plugins of which no file knows."""
    text = "".join(map(_read, files))
    return tuple(
        plugin for plugin, words in NAMED_PLUGINS.items() if not any(word in text for word in words)
    )


class _Formatter(logging.Handler):
    """Fails where a record cannot be formatted, as pytest's own handler does."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print nothing."""
        self.format(record)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package.partition(".")[0]) is not None


@dataclass(frozen=True)
class Setup:
    """What one session starts with; it travels as a plain tuple.

    ``code`` is loaded as the module. A session that is shared forks for each turn, another one
    ends with its only turn, or when it has used ``cpu_seconds``. ``stand_ins`` is what of the
    module gives way to stand-ins.
    """

    code: bytes
    cpu_seconds: int
    is_shared: bool = True
    is_traced: bool = False
    stand_ins: str = ""

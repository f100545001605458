"""The program that the offline model has the agent run in its terminal.

``program.py characterize --module M --import-name N --output O`` writes tests that pin what the
module does; ``program.py check --output O`` takes out those that do not hold. Exit codes: 0 a file
stands there, 2 bad arguments, 3 nothing could be kept.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from openhands_testgen.clients.working_tree import WorkingTree
from openhands_testgen.domain.text import to_plain_line
from openhands_testgen.errors import ConfigurationError, GenerationError
from openhands_testgen.offline.characterize import Characterizer
from openhands_testgen.offline.check import Checker
from openhands_testgen.offline.exploring import Order
from openhands_testgen.sandbox.interpreter import find_interpreter
from openhands_testgen.sandbox.overlay import Overlay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.sandbox.interpreter import Interpreter

ENVIRONMENT_PROGRAM = Path(__file__).resolve().parents[2] / "environment"
DEFAULT_SECONDS = 45.0


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    options = _build_parser().parse_args(argv)
    try:
        code: int = asyncio.run(options.run(options, Path.cwd().resolve()))
    except GenerationError as error:
        print(to_plain_line(f"error: {error}"), flush=True)
        return error.exit_code
    return code


async def characterize(options: argparse.Namespace, project: Path) -> int:
    """Write the tests of a module."""
    tree = WorkingTree(project)
    order = Order(
        project=project,
        module_path=_locate_module(tree, options.module),
        import_name=_check_name(options.import_name),
        output_path=tree.locate(options.output, "output"),
        seconds=options.seconds,
    )
    content = tree.read(order.output_path)
    existing = None if content is None else _decode(content, order.output_path)
    interpreter = await _find_interpreter(options.python, project)
    characterizer = Characterizer(interpreter, dict(os.environ), Speaker().say)
    result = await characterizer.characterize(order, existing)
    tree.write(order.output_path, result.source.encode())
    reached = result.reached
    print(
        f"written: {order.output_path}: {result.tests} tests, "
        f"{reached.covered_lines} of {reached.num_statements} lines and "
        f"{reached.covered_branches} of {reached.num_branches} branches reached",
        flush=True,
    )
    return 0


async def check(options: argparse.Namespace, project: Path) -> int:
    """Take out of a test file what does not hold."""
    tree = WorkingTree(project)
    output_path = tree.locate(options.output, "output")
    content = tree.read(output_path)
    if content is None:
        message = f"there is no file {output_path}; run characterize first"
        raise ConfigurationError(message, field="output")
    _decode(content, output_path)
    module_path = _locate_module(tree, options.module) if options.module else output_path
    interpreter = await _find_interpreter(options.python, project)
    checker = Checker(interpreter, dict(os.environ), Speaker().say)
    source, trial = await checker.check(project, output_path, module_path)
    if source.encode() != content:
        tree.write(output_path, source.encode())
    for line in trial.log.strip().splitlines()[-20:]:
        print(to_plain_line(line), flush=True)
    return 0 if not trial.failed else 3


class Speaker:
    """Prints one line for each phase, with the seconds since the start."""

    def __init__(self) -> None:
        """Start the clock."""
        self._start = time.monotonic()

    def say(self, line: str) -> None:
        """Print a line; foreign text in it is made plain."""
        seconds = time.monotonic() - self._start
        print(f"{seconds:5.1f}s  {to_plain_line(line)}", flush=True)


async def _find_interpreter(python: str, project: Path) -> Interpreter:
    environment = dict(os.environ)
    overlay = Overlay(ENVIRONMENT_PROGRAM, environment)
    return await find_interpreter(python, project, environment, overlay.install)


def _locate_module(tree: WorkingTree, text: str) -> str:
    path = tree.locate(text, "module")
    if tree.read(path) is None or not path.endswith(".py"):
        message = f"there is no Python file {path}"
        raise ConfigurationError(message, field="module")
    return path


def _check_name(name: str) -> str:
    if not all(part.isidentifier() for part in name.split(".")):
        message = f"{name!r} is no dotted name, such as shop.prices"
        raise ConfigurationError(message, field="import-name")
    return name


def _decode(content: bytes, path: str) -> str:
    """Return a test file's text; one that is no Python cannot be added to."""
    try:
        text = content.decode("utf-8-sig")
        compile(text, path, "exec", dont_inherit=True)
    except (UnicodeDecodeError, SyntaxError, ValueError) as exc:
        message = f"{path} is there and is not valid Python ({exc}); mend or remove it"
        raise ConfigurationError(message, field="output") from exc
    return text


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="program.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("characterize", help="write tests that pin what a module does")
    one.add_argument("--module", required=True, help="path of the module, in the project")
    one.add_argument("--import-name", required=True, help="its dotted name")
    one.add_argument("--output", required=True, help="path of the test file, in the project")
    one.add_argument("--python", default="python3", help="the project's interpreter")
    one.add_argument("--seconds", type=float, default=DEFAULT_SECONDS, help="limit of the search")
    one.set_defaults(run=characterize)
    two = commands.add_parser("check", help="take out the tests that do not hold")
    two.add_argument("--output", required=True, help="path of the test file, in the project")
    two.add_argument("--module", help="path of the module, in the project")
    two.add_argument("--python", default="python3", help="the project's interpreter")
    two.set_defaults(run=check)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

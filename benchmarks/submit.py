"""What a submit costs: wall and CPU, warm and cold, beside two yardsticks in the same run.

The yardsticks are a bare ``python -c "import httpx"`` in the runner's own environment, and the
import of the OpenHands SDK's own remote client in the engine's. The server is a fake that answers
at once, so what is measured is ours. Rounds are interleaved: whatever else the machine does hits
all alike.

Run it with ``make bench``; ``ROUNDS`` (default 7) sets how often.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.tables import print_table, write_json
from tests.fakes.agent_server import KEY, FakeAgentServer

ROOT = Path(__file__).parents[1]
LAUNCH = ROOT / "runner" / "launch"
PROJECT = ROOT / "examples" / "shop"
MODULE = "src/shop/prices.py"
WALL_RATIO_LIMIT = 5.0
CPU_SECONDS_LIMIT = 0.6
COLD_SECONDS_LIMIT = 4.0
CPU_RATIO_LIMIT = 15.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall and CPU seconds of one command, its children included."""

    wall_seconds: float
    cpu_seconds: float


def measure(command: list[str], environment: dict[str, str]) -> Cost:
    """Run a command that must succeed and return its cost."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True, cwd=PROJECT)
    wall_seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall_seconds, cpu_seconds)


def find_environment(name: str) -> Path:
    """Return the folder of one of our environments, installing it first if need be."""
    command = [str(ROOT / "runner" / "environment"), name]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Path(printed.strip())


def build_environment(server: FakeAgentServer) -> dict[str, str]:
    """Return the environment of a user who has a server; bytecode may be written, as usual."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {
        "OPENHANDS_SERVER_URL": server.url,
        "OPENHANDS_SESSION_API_KEY": KEY,
        "LLM_MODEL": "anthropic/none",
        "LLM_API_KEY": "none",
    }


def measure_cold(environment: dict[str, str]) -> Cost:
    """Submit on a machine that has nothing of ours: no environment, no uv, no package cache."""
    home = Path(tempfile.mkdtemp())
    names = ("OPENHANDS_TESTGEN_UV", "RUNNER_TOOL_CACHE", "UV_CACHE_DIR")
    bare = {name: value for name, value in environment.items() if name not in names}
    folders = bare["PATH"].split(os.pathsep)
    without_uv = [folder for folder in folders if not (Path(folder) / "uv").exists()]
    places = {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "OPENHANDS_TESTGEN_CACHE_DIR": str(home / "cache" / "ours"),
        "PATH": os.pathsep.join(without_uv),
    }
    try:
        return measure([str(LAUNCH), "submit", "--module", MODULE], bare | places)
    finally:
        shutil.rmtree(home)


def run_rounds(rounds: int, environment: dict[str, str]) -> dict[str, list[Cost]]:
    """Measure all commands, interleaved."""
    httpx_python = str(find_environment("runner") / "bin" / "python")
    sdk_python = str(find_environment("engine") / "bin" / "python")
    sdk_import = "from openhands.sdk.conversation.impl.remote_conversation import *"
    sdk_environment = environment | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    costs: dict[str, list[Cost]] = {"import httpx": [], "submit, warm": [], "import SDK client": []}
    submit = [str(LAUNCH), "submit", "--module", MODULE]
    for warm_up in (True, *[False] * rounds):
        measured = {
            "import httpx": measure([httpx_python, "-c", "import httpx"], environment),
            "submit, warm": measure(submit, environment),
            "import SDK client": measure([sdk_python, "-c", sdk_import], sdk_environment),
        }
        for name, cost in measured.items():
            if not warm_up:
                costs[name].append(cost)
    return costs


def main() -> int:
    """Measure, print, write; the exit code says whether all goals were reached."""
    rounds = int(os.environ.get("ROUNDS", "7"))
    with FakeAgentServer() as server:
        environment = build_environment(server)
        costs = run_rounds(rounds, environment)
        costs["submit, cold"] = [measure_cold(environment) for _ in range(min(rounds, 3))]
    medians = {
        name: Cost(median(c.wall_seconds for c in some), median(c.cpu_seconds for c in some))
        for name, some in costs.items()
    }
    warm, yardstick = medians["submit, warm"], medians["import httpx"]
    goals = {
        "warm wall / import httpx": (warm.wall_seconds / yardstick.wall_seconds, WALL_RATIO_LIMIT),
        "warm CPU seconds": (warm.cpu_seconds, CPU_SECONDS_LIMIT),
        "cold wall seconds": (medians["submit, cold"].wall_seconds, COLD_SECONDS_LIMIT),
        "submit CPU x 15 / SDK client CPU": (
            warm.cpu_seconds * CPU_RATIO_LIMIT / medians["import SDK client"].cpu_seconds,
            1.0,
        ),
    }
    print_table(
        ["command", "wall s", "CPU s", "runs"],
        [
            [name, f"{cost.wall_seconds:.2f}", f"{cost.cpu_seconds:.2f}", str(len(costs[name]))]
            for name, cost in medians.items()
        ],
    )
    print_table(
        ["goal", "measured", "at most"],
        [[name, f"{value:.2f}", f"{limit:g}"] for name, (value, limit) in goals.items()],
    )
    write_json("submit", {"medians": medians, "goals": goals, "rounds": costs})
    return 0 if all(value <= limit for value, limit in goals.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

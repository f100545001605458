"""Judge a file as collect does, with the interpreter that runs these tests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from openhands_testgen import settings
from openhands_testgen.bootstrap import ENVIRONMENT_PROGRAM
from openhands_testgen.domain.verdict import Candidate
from openhands_testgen.sandbox.overlay import Overlay
from openhands_testgen.sandbox.python import RunLimits
from openhands_testgen.verification.plan import VerdictPlan
from openhands_testgen.verification.verify import SandboxedVerifier

if TYPE_CHECKING:
    from pathlib import Path

    from openhands_testgen.domain.verdict import Verification

QUICK = VerdictPlan(reruns=1, mutants=0, timeout_seconds=120)


def make_verifier(
    python: str = sys.executable,
    plan: VerdictPlan = QUICK,
    environment: dict[str, str] | None = None,
    limits: RunLimits | None = None,
) -> SandboxedVerifier:
    """Make what judges; keep it for several files, for it asks the interpreter only once."""
    own = settings.read_child_environment() if environment is None else environment
    return SandboxedVerifier(
        python=python,
        environment=own,
        install_overlay=Overlay(ENVIRONMENT_PROGRAM, own).install,
        plan=plan,
        limits=limits or RunLimits(),
    )


async def judge(
    verifier: SandboxedVerifier,
    project: Path,
    content: bytes | str,
    *,
    module: str = "shop.py",
    output: str = "test_judged.py",
    threshold: float = 30,
    base: bytes | None = None,
) -> Verification:
    """Judge one file in a project."""
    raw = content.encode() if isinstance(content, str) else content
    async with verifier.open(project):
        return await verifier.verify(Candidate(project, module, output, raw, threshold, base))

"""Hand the writing of unit tests to an OpenHands agent; judge what comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openhands_testgen.generator import OpenHandsTestGenerator

__all__ = ["OpenHandsTestGenerator", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import the generator when it is asked for: the engine and the judge do not need it."""
    if name == "OpenHandsTestGenerator":
        from openhands_testgen.generator import OpenHandsTestGenerator

        return OpenHandsTestGenerator
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)

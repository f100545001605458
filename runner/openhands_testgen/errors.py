"""Every error that ends a command, with its exit code and the user's next step.

The exit codes are the public contract of the command line and the actions. Below 10 a command has
no answer; from 10 the answer is no. ``EXIT_CODES`` is the one table: the README shows the same.
"""

from __future__ import annotations

from typing import ClassVar

EXIT_OK = 0
EXIT_REJECTED = 10
EXIT_INTERRUPTED = 130

EXIT_CODES: dict[int, str] = {
    0: "the tests were accepted (or `fail-on` lets it pass)",
    1: "a bug of ours",
    2: "bad configuration or input; the message names the field and what would be right",
    3: "nothing to do (no such module, nothing testable in it)",
    4: "not authenticated or not permitted; the message names the missing key or permission",
    5: "the backend cannot be reached or broke its contract, after retries",
    6: "the task ended without tests to judge: agent error, stuck, wants confirmation, cancelled, "
    "over budget, lost",
    7: "the deadline passed; collect again with the same id",
    8: "the task id is malformed, unknown, expired, or from another machine's embedded engine",
    10: "tests came back and were rejected",
    130: "interrupted",
}


class GenerationError(Exception):
    """Base of all errors that a user can meet; ``str(error)`` is written for that user."""

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False


class ConfigurationError(GenerationError):
    """A setting or an input is wrong.

    ``field`` is the setting's name as users write it (``coverage-threshold``).
    """

    exit_code = 2

    def __init__(self, message: str, *, field: str | None = None) -> None:
        """Prefix the message with the field, so that no caller can forget to name it."""
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class NothingToTestError(GenerationError):
    """The module is not there, or holds nothing that a test could call."""

    exit_code = 3


class AuthenticationError(GenerationError):
    """A key is missing or wrong, or a permission is."""

    exit_code = 4


class BackendError(GenerationError):
    """The backend answered in a way that its contract does not allow."""

    exit_code = 5


class BackendUnreachableError(BackendError):
    """The backend did not answer, or answered that it cannot now; asking again may help.

    ``retry_after_seconds`` is what the backend asked us to wait, if it did.
    """

    retryable = True

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        """Keep the wait that the backend asked for."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class TaskFailedError(GenerationError):
    """The task ended without tests to judge."""

    exit_code = 6


class DeadlineError(GenerationError, TimeoutError):
    """The deadline passed while the task still ran; it can be collected again."""

    exit_code = 7


class TaskIdError(GenerationError):
    """The task id is malformed, unknown, expired, or belongs to another machine."""

    exit_code = 8

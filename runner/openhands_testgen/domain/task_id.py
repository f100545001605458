"""The task id: a handle that works from any process, and is untrusted when it comes back.

Its form is ``v1.<backend>.<base64url of compact JSON>``. It names no server and holds no secret,
only characters that survive job outputs: ``[A-Za-z0-9._-]``.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from openhands_testgen.errors import TaskIdError

VERSION = "v1"
MAX_LENGTH = 4096
_FORM = re.compile(r"(v[0-9]{1,4})\.([a-z][a-z-]{0,31})\.([A-Za-z0-9_-]+)")
_NEXT_STEP = "Pass the task id exactly as `submit` printed it."

RelativePath = Annotated[str, Field(min_length=1, max_length=1024)]
Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
Digest = Annotated[str, Field(pattern=r"^(-|[0-9a-f]{16})$")]


class TaskId(BaseModel):
    """What a task id carries; short JSON keys keep job outputs small.

    Paths are POSIX, relative, free of ``..``. ``module_digest`` and ``output_digest`` are those of
    the files at submit. ``created_at`` counts seconds since 1970. ``reference`` is the backend's
    own: for the embedded engine it names the state folder's machine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    backend: str = Field(exclude=True)
    conversation_id: str = Field(alias="c", pattern=r"^[0-9a-f]{32}$")
    module_path: RelativePath = Field(alias="m")
    output_path: RelativePath = Field(alias="o")
    coverage_threshold: float = Field(alias="t", ge=0, le=100)
    created_at: int = Field(alias="a", ge=0, le=2**40)
    module_digest: Digest = Field(alias="h")
    output_digest: Digest = Field(alias="x")
    reference: dict[Reference, Reference] = Field(alias="r", default_factory=dict, max_length=8)

    def __str__(self) -> str:
        """Render the id as users see it."""
        content = self.model_dump(by_alias=True)
        compact = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
        return f"{VERSION}.{self.backend}.{base64.urlsafe_b64encode(compact).decode().rstrip('=')}"

    @property
    def short(self) -> str:
        """Eight characters that tell tasks apart in a log."""
        return self.conversation_id[:8]


def parse_task_id(text: str) -> TaskId:
    """Parse a task id that comes from outside.

    Raises:
        TaskIdError: it is malformed, truncated, or of another version.

    """
    match = _FORM.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None:
        message = f"The task id {_quote(text)} is malformed. {_NEXT_STEP}"
        raise TaskIdError(message)
    version, backend, payload = match.groups()
    if version != VERSION:
        message = (
            f"The task id is of version {version}, this program reads {VERSION}. "
            "Use the same version of `submit` and `collect`."
        )
        raise TaskIdError(message)
    return _decode(backend, payload)


def _decode(backend: str, payload: str) -> TaskId:
    try:
        content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        task_id = TaskId.model_validate({**content, "backend": backend})
    except (binascii.Error, ValueError, TypeError, ValidationError, RecursionError) as exc:
        message = f"The task id is damaged or truncated. {_NEXT_STEP}"
        raise TaskIdError(message) from exc
    for path in (task_id.module_path, task_id.output_path):
        if not is_safe_path(path):
            message = f"The task id names the path {_quote(path)}, which leaves the project."
            raise TaskIdError(message)
    return task_id


def is_safe_path(path: str) -> bool:
    """Whether a POSIX path is relative, normal, free of control characters, and stays inside."""
    parts = path.split("/")
    return (
        path.isprintable()
        and "\\" not in path
        and not re.match(r"^[A-Za-z]:", path)
        and all(part not in {"", ".", "..", ".git"} for part in parts)
    )


def _quote(text: str) -> str:
    shown = text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004
    return repr(shown)

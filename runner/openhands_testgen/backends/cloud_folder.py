"""The project's folder in a sandbox of OpenHands Cloud: two ways to it, one way of fetching.

The sandbox's own agent server is the better way: it gives bytes, and tells links from files. Where
it cannot be reached from here, the service itself reads text files for us.
"""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from openhands_testgen.backends.cloud_records import find_project
from openhands_testgen.backends.listing import Entry, Kind
from openhands_testgen.backends.remote_folder import (
    BASE_TAG,
    MAX_CHANGED_FILES,
    MAX_FILE_BYTES,
    RemoteFolder,
)
from openhands_testgen.domain.task import ChangedFile
from openhands_testgen.errors import BackendError, TaskFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.backends.cloud_lookup import Watched
    from openhands_testgen.backends.cloud_records import Reference
    from openhands_testgen.clients.agent_server import AgentServerClient, ConversationInfo
    from openhands_testgen.clients.cloud import CloudClient
    from openhands_testgen.clients.cloud_answers import Conversation, GitChange

HEAD = "HEAD"
# The service shows names that are not ASCII in quotes and with escapes that cannot be undone.
ESCAPED = '"'


class Folder(Protocol):
    """A repository in a sandbox; paths are relative to it."""

    async def list_changes(self, output_path: str) -> list[Entry]:
        """List the changes, with the output first."""

    async def fetch(self, entries: Sequence[Entry]) -> list[ChangedFile]:
        """Fetch the changed files."""

    async def has_file(self, path: str) -> bool:
        """Whether a file can be read."""


@dataclass(frozen=True, slots=True)
class ServiceFolder:
    """A repository that the service reads for us.

    It answers a file that is missing, no text or not to be had with ``""``, and a folder that is
    no repository with no changes: nothing is believed that is empty.
    """

    client: CloudClient
    conversation_id: str
    path: str
    bases: tuple[str, ...]

    async def list_changes(self, output_path: str) -> list[Entry]:
        """List the changes against the first base that the repository has."""
        entries = await self._list_changes()
        if all(entry.path != output_path for entry in entries):
            entries += await self._find_ignored(output_path)
        entries.sort(key=lambda entry: entry.path != output_path)
        return entries[:MAX_CHANGED_FILES]

    async def _list_changes(self) -> list[Entry]:
        for base in self.bases:
            try:
                changes = await self.client.get_changes(self.conversation_id, self.path, base)
            except BackendError:
                continue
            return [_to_entry(one) for one in changes if not one.path.startswith(ESCAPED)]
        return []

    async def _find_ignored(self, path: str) -> list[Entry]:
        """Look for a file that a list of changes leaves out, because the project ignores it."""
        return [Entry(path, Kind.PLAIN)] if await self.has_file(path) else []

    async def fetch(self, entries: Sequence[Entry]) -> list[ChangedFile]:
        """Fetch the text files; what comes back empty is not taken for empty."""
        return [await self._fetch(entry) for entry in entries]

    async def has_file(self, path: str) -> bool:
        """Whether a file has text."""
        return bool(await self._read(path))

    async def _read(self, path: str) -> bytes:
        text = await self.client.read_file(self.conversation_id, f"{self.path}/{path}")
        return text.encode()

    async def _fetch(self, entry: Entry) -> ChangedFile:
        if entry.kind is Kind.DELETED:
            return ChangedFile(entry.path, None, "deleted")
        content = await self._read(entry.path)
        if not content:
            return ChangedFile(entry.path, None, "missing, empty, or no text")
        if len(content) > MAX_FILE_BYTES:
            return ChangedFile(entry.path, None, f"larger than {MAX_FILE_BYTES} bytes")
        return ChangedFile(entry.path, content)


def _to_entry(change: GitChange) -> Entry:
    """The service tells no links from files."""
    return Entry(change.path, Kind.DELETED if change.status == "DELETED" else Kind.PLAIN)


def open_service_folder(
    client: CloudClient, conversation: Conversation, reference: Reference
) -> ServiceFolder:
    """Open the repository through the service."""
    bases = _list_bases(conversation, reference)
    return ServiceFolder(client, conversation.id, find_project(conversation), bases)


async def open_sandbox_folder(
    client: AgentServerClient, info: ConversationInfo, watched: Watched
) -> RemoteFolder:
    """Open the repository through the sandbox's own agent server."""
    folder = RemoteFolder(client, await resolve(client, info.workspace.working_dir))
    if watched.conversation is None or not watched.reference.commit:
        return folder
    bases = _list_bases(watched.conversation, watched.reference)
    found = [base for base in bases[:-1] if await folder.has_commit(base)]
    return replace(folder, base=(found or [HEAD])[0])


async def resolve(client: AgentServerClient, path: str) -> str:
    """Make a path absolute: a sandbox that is a mere process works in a relative one."""
    if path.startswith("/"):
        return path
    output = await client.run_command(f"cd -- {shlex.quote(path or '.')} && pwd -P")
    return (output.stdout or "").strip()


async def fetch_project(folder: Folder, watched: Watched) -> tuple[ChangedFile, ...]:
    """Fetch what the agent changed, by paths relative to the project.

    Raises:
        TaskFailedError: the project never came to the sandbox, so the agent had nothing to test.

    """
    prefix = watched.reference.prefix
    entries = await folder.list_changes(posixpath.join(prefix, watched.task_id.output_path))
    module = posixpath.join(prefix, watched.task_id.module_path)
    if Entry(module, Kind.DELETED) not in entries and not await folder.has_file(module):
        raise TaskFailedError(_explain_absence(watched))
    files = await folder.fetch([one for one in entries if _is_inside(one.path, prefix)])
    files += [
        ChangedFile(entry.path, None, "outside the working directory")
        for entry in entries
        if not _is_inside(entry.path, prefix)
    ]
    return tuple(replace(file, path=posixpath.relpath(file.path, prefix or ".")) for file in files)


def _is_inside(path: str, prefix: str) -> bool:
    return not prefix or path.startswith(f"{prefix}/")


def _list_bases(conversation: Conversation, reference: Reference) -> tuple[str, ...]:
    """List what the agent's work can be compared with, best first.

    A shallow clone of a branch that has moved on does not have the commit.
    """
    if not reference.commit:
        return (BASE_TAG, HEAD)
    branch = conversation.selected_branch
    return (reference.commit, *([f"origin/{branch}"] if branch else []), HEAD)


def _explain_absence(watched: Watched) -> str:
    conversation = watched.conversation
    repository = conversation.selected_repository if conversation else None
    if not repository:
        return "The project is not in the sandbox (any more), so there is nothing to judge."
    return (
        f"{watched.task_id.module_path} is not in the sandbox: OpenHands could not clone "
        f"{repository} (branch {conversation.selected_branch if conversation else None}), and the "
        "agent had nothing to test. Give OpenHands access to the repository in its settings."
    )

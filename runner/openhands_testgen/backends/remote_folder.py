"""A project's folder on the machine of an agent server: filled there, and fetched from there.

Nothing is assumed about a shared disk: the snapshot goes there as an archive, and the work comes
back through the server's own calls.
"""

from __future__ import annotations

import asyncio
import io
import shlex
import tarfile
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.backends.listing import Kind, parse_listing, render_command
from openhands_testgen.domain.task import ChangedFile
from openhands_testgen.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.backends.listing import Entry
    from openhands_testgen.clients.agent_server import AgentServerClient
    from openhands_testgen.domain.snapshot import Snapshot

BASE_TAG = "openhands-testgen-base"
MAX_CHANGED_FILES = 50
MAX_FILE_BYTES = 2_000_000
_COMMIT = (
    "git init -q && git add -A -f && "
    "git -c user.name=openhands-testgen -c user.email=openhands-testgen@localhost "
    "-c commit.gpgsign=false "
    f"commit -q --no-verify --allow-empty -m base && git tag -f {BASE_TAG}"
)


@dataclass(frozen=True, slots=True)
class RemoteFolder:
    """A folder by its absolute path on the server's machine; ``base`` is the commit to compare."""

    client: AgentServerClient
    path: str
    base: str = BASE_TAG

    async def create(self, snapshot: Snapshot) -> None:
        """Make the folder with a snapshot in it.

        It is unpacked beside the place and renamed, so that of two at once the first one is kept:
        jobs of a matrix submit the same order at the same time, and an agent may work there by
        then.

        Raises:
            BackendError: the server cannot do it.

        """
        place = f"{self.path}.{uuid.uuid4().hex}"
        archive = f"{place}.tar.gz"
        await self.client.upload(archive, await asyncio.to_thread(pack, snapshot))
        await self._run(
            f"trap 'rm -rf {place} {archive}' EXIT; mkdir {place} && "
            f"tar -xzf {archive} -C {place} && cd {place} && {_COMMIT} && cd .. && "
            f"mv -nT {place} {self.path}; [ -d {self.path}/.git ]"
        )

    async def fill(self, snapshot: Snapshot) -> None:
        """Unpack a snapshot into the folder, which is there and in which nobody works yet.

        Raises:
            BackendError: the server cannot do it.

        """
        archive = f"/tmp/openhands-testgen-{uuid.uuid4().hex}.tar.gz"  # noqa: S108 - over there
        await self.client.upload(archive, await asyncio.to_thread(pack, snapshot))
        await self._run(
            f"trap 'rm -f {archive}' EXIT; cd -- {shlex.quote(self.path)} && "
            f"tar -xzf {archive} && {_COMMIT}"
        )

    async def list_changes(self, output_path: str) -> list[Entry]:
        """List the changes; the output first, and not more of the others than anybody reads.

        Raises:
            BackendError: the server cannot do it.

        """
        output = await self.client.run_command(
            render_command(self.path, shlex.quote(self.base), output_path, MAX_FILE_BYTES)
        )
        if output.exit_code != 0:
            message = (
                f"The agent server cannot list what the agent left in {self.path}: "
                f"{(output.stderr or '').strip()[:300]}"
            )
            raise BackendError(message)
        entries = parse_listing(output.stdout or "")
        entries.sort(key=lambda entry: entry.path != output_path)
        return entries[:MAX_CHANGED_FILES]

    async def fetch(self, entries: Sequence[Entry]) -> list[ChangedFile]:
        """Fetch every changed plain file byte for byte."""
        return [await self._fetch(entry) for entry in entries]

    async def has_commit(self, commit: str) -> bool:
        """Whether the folder's repository has a commit."""
        output = await self.client.run_command(
            f"cd -- {shlex.quote(self.path)} && git cat-file -e {shlex.quote(commit + '^{commit}')}"
        )
        return output.exit_code == 0

    async def has_file(self, path: str) -> bool:
        """Whether the folder has a file that can be read."""
        try:
            await self.client.download(f"{self.path}/{path}")
        except BackendError:
            return False
        return True

    async def _run(self, command: str) -> None:
        output = await self.client.run_command(command)
        if output.exit_code != 0:
            message = (
                "The agent server could not unpack the project: "
                f"{(output.stderr or output.stdout or '').strip()[:300]}"
            )
            raise BackendError(message)

    async def _fetch(self, entry: Entry) -> ChangedFile:
        if entry.kind is Kind.PLAIN:
            content = await self.client.download(f"{self.path}/{entry.path}")
            return ChangedFile(entry.path, content)
        is_gone = entry.kind is Kind.DELETED
        problem = "deleted" if is_gone else "a link, a special file, or too large"
        return ChangedFile(entry.path, None, problem)


def pack(snapshot: Snapshot) -> bytes:
    """Pack a snapshot as a ``.tar.gz`` that says nothing of this machine's users."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for path in snapshot.paths:
            archive.add(snapshot.root / path, arcname=path, recursive=False, filter=_anonymise)
    return buffer.getvalue()


def _anonymise(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode |= 0o600
    return member

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

from openhands_testgen.domain.task import ChangedFile
from openhands_testgen.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.clients.agent_server import AgentServerClient, GitChange
    from openhands_testgen.domain.snapshot import Snapshot

BASE_TAG = "openhands-testgen-base"
MAX_CHANGED_FILES = 50
MAX_FILE_BYTES = 2_000_000
# Without `quotepath` git, and so the server, would show names that are not ASCII as escapes.
_COMMIT = (
    "git init -q && git config core.quotepath false && git add -A -f && "
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

    async def list_changes(self, output_path: str) -> list[GitChange]:
        """List the changes; the output always among them, whatever the agent did to git."""
        from openhands_testgen.clients.agent_server import GitChange

        try:
            changes = await self.client.get_changes(self.path, self.base)
        except BackendError:
            changes = [GitChange(status="ADDED", path=output_path)]
        if all(change.path != output_path for change in changes):
            changes += await self._find_ignored(output_path)
        changes.sort(key=lambda change: change.path != output_path)
        return changes[:MAX_CHANGED_FILES]

    async def fetch(self, changes: Sequence[GitChange]) -> list[ChangedFile]:
        """Fetch every changed plain file byte for byte."""
        plain = await self._find_plain_files([change.path for change in changes])
        return [await self._fetch(change, plain) for change in changes]

    async def adopt(self, commit: str) -> bool:
        """Have git name files as they are, and return whether the repository has a commit."""
        output = await self.client.run_command(
            f"cd -- {shlex.quote(self.path)} && git config core.quotepath false && "
            f"git cat-file -e {shlex.quote(commit + '^{commit}')}"
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

    async def _find_ignored(self, path: str) -> list[GitChange]:
        """Look for a new file that the project's ``.gitignore`` hides from a list of changes."""
        from openhands_testgen.clients.agent_server import GitChange

        output = await self.client.run_command(
            f"cd -- {shlex.quote(self.path)} && "
            f"git ls-files --others -- {shlex.quote(f':(literal){path}')}"
        )
        return [GitChange(status="ADDED", path=path)] if output.stdout else []

    async def _find_plain_files(self, paths: Sequence[str]) -> set[str]:
        """Ask which paths are plain files of sane size, reached through no link."""
        script = (
            f"cd -- {shlex.quote(self.path)} && root=$(pwd -P) && for path in "
            + " ".join(shlex.quote(path) for path in paths)
            + '; do [ -f "$path" ] && [ "$(realpath -- "$path")" = "$root/$path" ] && '
            f'[ "$(stat -c %s -- "$path")" -le {MAX_FILE_BYTES} ] && printf "%s\\0" "$path"; '
            "done; true"
        )
        output = await self.client.run_command(script) if paths else None
        return set((output.stdout or "").split("\0")) if output else set()

    async def _fetch(self, change: GitChange, plain: set[str]) -> ChangedFile:
        if change.status == "DELETED":
            return ChangedFile(change.path, None, "deleted")
        if change.path not in plain:
            return ChangedFile(change.path, None, "a link, a special file, or too large")
        return ChangedFile(change.path, await self.client.download(f"{self.path}/{change.path}"))


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

"""Backend ``agent-server``: a running OpenHands agent server, by its address and key.

Nothing is assumed about a shared disk: the snapshot is uploaded as an archive, and the work comes
back through the server's own calls.
"""

from __future__ import annotations

import asyncio
import io
import shlex
import tarfile
import uuid
from typing import TYPE_CHECKING

from openhands_testgen.backends.conversation import read_state, render_request
from openhands_testgen.backends.watch import ConversationWatch
from openhands_testgen.domain.task import ChangedFile, Receipt, Work
from openhands_testgen.errors import BackendError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.clients.agent_server import (
        AgentServerClient,
        ConversationInfo,
        GitChange,
    )
    from openhands_testgen.domain.snapshot import Snapshot
    from openhands_testgen.domain.task import Order, TaskState
    from openhands_testgen.domain.task_id import TaskId
    from openhands_testgen.errors import GenerationError

PLACE = "/tmp/openhands-testgen"  # noqa: S108 - on the server's machine, one folder a task
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


class AgentServerBackend:
    """Runs tasks on an agent server."""

    name = "agent-server"

    def __init__(self, client: AgentServerClient) -> None:
        """Take the connection."""
        self._client = client
        self._watch = ConversationWatch(client)

    async def submit(self, order: Order) -> Receipt:
        """Upload the snapshot, then start the conversation under our own id."""
        if order.model.is_offline and not order.model.base_url:
            message = (
                "`offline` runs beside the embedded engine; for an agent server name a model, or "
                "use `backend: embedded`"
            )
            raise ConfigurationError(message, field="llm-model")
        repository = _get_repository(order.conversation_id)
        if await self._find(order.conversation_id) is None:
            await self._upload(order.snapshot, repository)
        info = await self._client.create_conversation(
            render_request(order, repository, order.model)
        )
        if info.tags != order.tags:
            message = (
                f"Another task runs under the id {order.conversation_id} on this agent server. "
                "Nothing was started; submit from another job or run attempt."
            )
            raise BackendError(message)
        return Receipt(reference={})

    async def get_states(
        self, task_ids: Sequence[TaskId]
    ) -> Mapping[str, TaskState | GenerationError]:
        """Ask for all conversations at once, and for the newest steps of those that run."""
        return await self._watch.get_states([one.conversation_id for one in task_ids])

    async def get_work(self, task_id: TaskId) -> Work:
        """Fetch every changed plain file byte for byte, the last words and the trajectory."""
        repository = _get_repository(task_id.conversation_id)
        changes = await self._get_changes(repository, task_id.output_path)
        plain = await self._find_plain_files(repository, [one.path for one in changes])
        files = [await self._fetch(repository, one, plain) for one in changes]
        return Work(
            files=tuple(files),
            records={"trajectory.zip": await self._client.download_trajectory(_uuid(task_id))},
            final_message=await self._client.get_final_response(_uuid(task_id)),
        )

    async def cancel(self, task_id: TaskId) -> None:
        """Interrupt the agent, inside a command too."""
        info = await self._find(task_id.conversation_id)
        if info and not read_state(info, ()).status.is_final:
            await self._client.interrupt(_uuid(task_id))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _find(self, conversation_id: str) -> ConversationInfo | None:
        infos = await self._client.get_conversations([str(uuid.UUID(conversation_id))])
        return infos[0] if infos else None

    async def _upload(self, snapshot: Snapshot, repository: str) -> None:
        """Unpack beside the place and rename, so that of two at once the first one is kept.

        Jobs of a matrix submit the same order at the same time, and an agent may work there by
        then.
        """
        place = f"{repository}.{uuid.uuid4().hex}"
        archive = f"{place}.tar.gz"
        await self._client.upload(archive, await asyncio.to_thread(pack, snapshot))
        output = await self._client.run_command(
            f"trap 'rm -rf {place} {archive}' EXIT; mkdir {place} && "
            f"tar -xzf {archive} -C {place} && cd {place} && {_COMMIT} && cd .. && "
            f"mv -nT {place} {repository}; [ -d {repository}/.git ]"
        )
        if output.exit_code != 0:
            message = (
                "The agent server could not unpack the project: "
                f"{(output.stderr or output.stdout or '').strip()[:300]}"
            )
            raise BackendError(message)

    async def _get_changes(self, repository: str, output_path: str) -> list[GitChange]:
        """List the changes; the output always among them, whatever the agent did to git."""
        from openhands_testgen.clients.agent_server import GitChange

        try:
            changes = await self._client.get_changes(repository, BASE_TAG)
        except BackendError:
            changes = [GitChange(status="ADDED", path=output_path)]
        if all(change.path != output_path for change in changes):
            changes += await self._find_ignored(repository, output_path)
        changes.sort(key=lambda change: change.path != output_path)
        return changes[:MAX_CHANGED_FILES]

    async def _find_ignored(self, repository: str, path: str) -> list[GitChange]:
        """Look for a new file that the project's ``.gitignore`` hides from a list of changes."""
        from openhands_testgen.clients.agent_server import GitChange

        output = await self._client.run_command(
            f"cd -- {shlex.quote(repository)} && "
            f"git ls-files --others -- {shlex.quote(f':(literal){path}')}"
        )
        return [GitChange(status="ADDED", path=path)] if output.stdout else []

    async def _find_plain_files(self, repository: str, paths: Sequence[str]) -> set[str]:
        """Ask which paths are plain files of sane size, reached through no link."""
        script = (
            f"cd -- {shlex.quote(repository)} && root=$(pwd -P) && for path in "
            + " ".join(shlex.quote(path) for path in paths)
            + '; do [ -f "$path" ] && [ "$(realpath -- "$path")" = "$root/$path" ] && '
            f'[ "$(stat -c %s -- "$path")" -le {MAX_FILE_BYTES} ] && printf "%s\\0" "$path"; '
            "done; true"
        )
        output = await self._client.run_command(script) if paths else None
        return set((output.stdout or "").split("\0")) if output else set()

    async def _fetch(self, repository: str, change: GitChange, plain: set[str]) -> ChangedFile:
        if change.status == "DELETED":
            return ChangedFile(change.path, None, "deleted")
        if change.path not in plain:
            return ChangedFile(change.path, None, "a link, a special file, or too large")
        return ChangedFile(change.path, await self._client.download(f"{repository}/{change.path}"))


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


def _get_repository(conversation_id: str) -> str:
    return f"{PLACE}/{conversation_id}"


def _uuid(task_id: TaskId) -> str:
    return str(uuid.UUID(task_id.conversation_id))

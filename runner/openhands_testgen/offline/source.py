"""Gives the engine a model for ``offline``: a server on loopback that starts when it is needed."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from openhands_testgen.offline.model import OfflineModel
from openhands_testgen.offline.policy import Commands, OfflinePolicy

if TYPE_CHECKING:
    from pathlib import Path

    from openhands_testgen.domain.task import Model


class Card(BaseModel):
    """Where the model was: a conversation that is resumed looks for it there again."""

    port: int
    key: str


class LocalModels:
    """Resolves ``offline`` to an address on this machine; all other models are what they are."""

    def __init__(self, card: Path, commands: Commands) -> None:
        """Take the file that remembers the address, and what the model has the agent run."""
        self._card = card
        self._commands = commands
        self._server: OfflineModel | None = None

    def resolve(self, model: Model) -> Model:
        """Return the model itself, or the address of the offline one."""
        if not model.is_offline:
            return model
        if self._server is None:
            self._server = self._start()
        return replace(model, api_key=self._server.key, base_url=self._server.base_url)

    def close(self) -> None:
        """Stop the offline model, if it was started."""
        if self._server is not None:
            self._server.close()

    def _start(self) -> OfflineModel:
        known = self._read_card()
        server = OfflineModel(OfflinePolicy(self._commands), known.key)
        try:
            server.start(known.port)
        except OSError:
            server.start()
        self._card.touch(mode=0o600)
        self._card.write_text(Card(port=server.port, key=known.key).model_dump_json(), "utf-8")
        return server

    def _read_card(self) -> Card:
        try:
            return Card.model_validate_json(self._card.read_bytes())
        except (OSError, ValidationError):
            return Card(port=0, key=secrets.token_urlsafe(32))

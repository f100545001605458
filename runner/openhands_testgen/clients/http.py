"""Speaking HTTP to a server that may be busy, slow or gone: one policy for all clients.

A request that can do no harm twice is tried again when the connection fails or the server says
that it cannot now (408, 429, 5xx), or what should be JSON is none; one that can do harm only where
the server did not take it.
Each pause is drawn at random up to a growing bound, so that many clients do not come back at once,
and is never shorter than what the server asked for. No new try begins after the deadline.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from openhands_testgen.errors import BackendError, BackendUnreachableError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

GROWTH = 2.0
BUSY = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
# What these say of a request is that the server never saw it.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request may take, how often it is tried, and how long all tries may take."""

    request_seconds: float = 30.0
    connect_seconds: float = 5.0
    first_retry_seconds: float = 0.4
    tries: int = 3
    total_seconds: float = 60.0

    def get_pause_seconds(
        self,
        tries: int,
        spent_seconds: float,
        *,
        retry_after_seconds: float | None = None,
        chance: float = 0.5,
    ) -> float | None:
        """Return the seconds to wait after ``tries`` tries; ``None`` if there is to be no other.

        ``chance`` in 0..1 draws the pause between nothing and a bound that grows with each try;
        what the server asked for comes on top.
        """
        bound = self.first_retry_seconds * GROWTH ** (tries - 1)
        pause = (retry_after_seconds or 0.0) + bound * chance
        if tries >= self.tries or spent_seconds + pause > self.total_seconds:
            return None
        return pause


class Repeat(Enum):
    """When a request may be sent again."""

    # It changes nothing, or carries an id of ours by which the server knows it again.
    ANY = "whatever became of it"
    REFUSED = "if the server did not take it"


class Words(Protocol):
    """What a client makes of a server's faults: errors that say what the user must do."""

    def explain_refusal(self, response: httpx.Response, path: str) -> Exception:
        """Turn an answer that is no success into an error."""

    def explain_silence(self, reason: str) -> str:
        """Say that the server does not answer; ``reason`` is a word or two."""


class Answer(BaseModel):
    """Base of what servers answer: more than we know is no fault."""

    model_config = ConfigDict(extra="ignore", defer_build=True)


class HttpService:
    """One server, and the policy by which requests to it are repeated."""

    def __init__(
        self, address: httpx.URL, headers: Mapping[str, str], patience: Patience, words: Words
    ) -> None:
        """Take the address; keys travel in ``headers`` only, and to this address only."""
        self._patience = patience
        self._words = words
        timeout = httpx.Timeout(patience.request_seconds, connect=patience.connect_seconds)
        self._http = httpx.AsyncClient(
            base_url=address, headers=headers, timeout=timeout, verify=_choose_trust(address)
        )
        self.place = str(self._http.base_url)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def probe(self, path: str, *, timeout_seconds: float = 5.0) -> bool:
        """Whether the server answers a path with success, at the first try."""
        try:
            return (await self._http.get(path, timeout=timeout_seconds)).is_success
        except httpx.HTTPError:
            return False

    async def send(
        self,
        method: str,
        path: str,
        *,
        accept: Collection[int] = (),
        repeat: Repeat = Repeat.ANY,
        is_json: bool = True,
        **content: Any,  # noqa: ANN401 - handed through to httpx, which names the types
    ) -> httpx.Response:
        """Send a request, again if need be, and return the answer: a success, or in ``accept``.

        An answer that should be JSON (``is_json``) and never is, is returned for the caller to
        say so.

        Raises:
            BackendUnreachableError: no answer, or one that says that it cannot be now.
            Exception: what the client's words make of a refusal.

        """
        start = time.monotonic()
        tries = 0
        while True:
            tries += 1
            outcome = await self._try(method, path, accept, content)
            if isinstance(outcome, httpx.Response):
                if not is_json or _is_json(outcome):
                    return outcome
                outcome = _Failure(outcome)
            if repeat is Repeat.REFUSED and not outcome.is_untaken:
                return outcome.settle()
            pause_seconds = self._patience.get_pause_seconds(
                tries,
                time.monotonic() - start,
                retry_after_seconds=outcome.retry_after_seconds,
                chance=random.random(),  # noqa: S311 - spreads clients, hides nothing
            )
            if pause_seconds is None:
                return outcome.settle()
            await asyncio.sleep(pause_seconds)

    async def _try(
        self, method: str, path: str, accept: Collection[int], content: dict[str, Any]
    ) -> httpx.Response | _Failure:
        try:
            response = await self._http.request(method, path, **content)
        except httpx.HTTPError as exc:
            error = BackendUnreachableError(self._words.explain_silence(_name(exc)))
            error.__cause__ = exc
            return _Failure(error, is_untaken=isinstance(exc, _NOT_SENT))
        if response.is_success or response.status_code in accept:
            return response
        refusal = self._words.explain_refusal(response, path)
        if not isinstance(refusal, BackendUnreachableError):
            raise refusal
        return _Failure(refusal, response.status_code == HTTPStatus.TOO_MANY_REQUESTS)


@dataclass(frozen=True, slots=True)
class _Failure:
    """A try that may be repeated; ``is_untaken`` if the server surely did nothing of it."""

    reason: BackendUnreachableError | httpx.Response
    is_untaken: bool = False

    @property
    def retry_after_seconds(self) -> float | None:
        """What the server asked to wait."""
        reason = self.reason
        return None if isinstance(reason, httpx.Response) else reason.retry_after_seconds

    def settle(self) -> httpx.Response:
        """Give up: return the garbled answer, or raise the error."""
        if isinstance(self.reason, httpx.Response):
            return self.reason
        raise self.reason


def _is_json(response: httpx.Response) -> bool:
    """Whether a success can be read; a proxy on the way may have put a page in its place."""
    if not (response.is_success and response.content):
        return True
    try:
        response.json()
    except ValueError:
        return False
    return True


def check_address(text: str, field: str) -> httpx.URL:
    """Take an address of http or https; credentials in it would reach logs, so it has none.

    Raises:
        ConfigurationError: it is no such address; ``field`` is the setting's name.

    """
    try:
        url = httpx.URL(text.rstrip("/"))
    except httpx.InvalidURL as exc:
        message = f"{text!r} is not an address: {exc}"
        raise ConfigurationError(message, field=field) from exc
    if url.userinfo:
        message = "the address holds a user or password; pass the key as a setting of its own"
        raise ConfigurationError(message, field=field)
    if url.scheme not in {"http", "https"} or not url.host:
        message = f"{text!r} is not an address such as http://host:8000"
        raise ConfigurationError(message, field=field)
    return url


def parse[Content](
    form: type[Content] | TypeAdapter[Content], response: httpx.Response, *, whose: str, hint: str
) -> Content:
    """Parse an answer's JSON.

    ``whose`` contract it is and the ``hint`` what may be wrong stand in the error.

    Raises:
        BackendError: it is something else than the contract says.

    """
    adapter = form if isinstance(form, TypeAdapter) else TypeAdapter(form)
    try:
        return adapter.validate_json(response.content)
    except ValidationError as exc:
        message = (
            f"{response.request.url.copy_with(query=None)} answered with something else than "
            f"{whose} contract says. {hint}"
        )
        raise BackendError(message) from exc


def read_retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that a server asks to wait, given as a number or as a date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _choose_trust(address: httpx.URL) -> ssl.SSLContext | bool:
    """Load the certificates only where they are needed: it takes longer than a request.

    Without TLS in the address nobody is trusted, so that none is used by surprise.
    """
    return address.scheme == "https" or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _name(exc: httpx.HTTPError) -> str:
    return "time-out" if isinstance(exc, httpx.TimeoutException) else type(exc).__name__

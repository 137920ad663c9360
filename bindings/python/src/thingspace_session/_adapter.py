"""What the adapters share: they drive an exchange for each request of their client."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Generic, Optional, Protocol, TypeVar, Union

from ._async import AsyncSession
from ._call import Cancellation
from ._error import Error
from ._errors import InvalidArgument
from ._exchange import Exchange, ExchangeBase, Tokens
from ._session import Session

_Exchange = TypeVar("_Exchange", bound=ExchangeBase)
_Made = TypeVar("_Made", covariant=True)

_MOST_IDLE = 512
"""Exchanges that an adapter keeps after more requests than that were under way at once."""

_logger = logging.getLogger("thingspace_session")


def missing(extra: str, needed: str, error: ImportError) -> ImportError:
    """Says what to install where a package that an adapter needs is missing, or too old."""
    return ImportError(
        f"thingspace_session.{extra} needs {needed}, but {error}: "
        f'pip install "thingspace-session[{extra}]"'
    )


def require(package: str, least: tuple[int, ...]) -> None:
    """Raises ImportError where a package is older than that."""
    try:
        found = version(package)
    except PackageNotFoundError:
        return  # it came by other ways than a package; let it be what is needed
    if tuple(int(part) for part in re.findall(r"\d+", found)[: len(least)]) < least:
        raise ImportError(f"{package} is {found}")


def checked(session: Union[Session, AsyncSession]) -> Session:
    """The session, of either kind, if an adapter can work with it."""
    if isinstance(session, AsyncSession):
        session = session._session
    if not isinstance(session, Session):
        raise TypeError(
            "session must be a thingspace_session.Session or AsyncSession, "
            f"not {type(session).__name__}"
        )
    if session._protocol != "rest":
        raise InvalidArgument('an adapter needs a session with protocol="rest"')
    return session


class _Owner(Protocol[_Made]):
    """A session, of either kind."""

    def exchange(self, url: Optional[str] = None) -> _Made: ...


class Exchanges(Generic[_Exchange]):
    """The exchanges of an adapter. Nearly every request goes where the one before went, with the
    same tokens, and is accepted: it takes the exchange of that one, and the library is asked one
    thing instead of five."""

    __slots__ = ("_idle", "_needs_no_judging", "_no_login", "_origin", "_owner")

    def __init__(self, owner: _Owner[_Exchange]) -> None:
        self._owner = owner
        self._idle: list[_Exchange] = []
        self._origin = ""
        self._no_login = ""  # what was looked at last
        self._needs_no_judging: dict[int, bool] = {}

    def begin(self, url: str) -> Optional[_Exchange]:
        """The exchange for a request; none for one that is to go without tokens."""
        if url.startswith(self._origin):
            exchange = self.take(url)
            if exchange is not None:
                return exchange
        exchange = self.make(url)
        if exchange is not None:
            self._origin = _origin(url)
        return exchange

    def make(self, url: str) -> Optional[_Exchange]:
        """A new exchange for a request; none for one that is to go without tokens."""
        return begin(self._owner, url)

    def take(self, path: str) -> Optional[_Exchange]:
        """An exchange for a request of the same origin as those before, whose tokens ``_sent`` go
        with it; or none, where something new is to be said for it."""
        if path != self._no_login:
            small = path.lower()
            if "%" in small or "login" in small or ".svc" in small:
                return None  # the library is to see whether it is a login
            self._no_login = path
        try:
            exchange = self._idle.pop()
        except IndexError:
            return None
        if exchange._again():
            return exchange
        self._idle.clear()  # the others hold the same old tokens
        return None

    def ends_with(self, exchange: _Exchange, status: int) -> bool:
        """Whether an answer of this HTTP status is the client's without being judged. The exchange
        is taken back then."""
        if not exchange._proved:
            return False
        needs_none = self._needs_no_judging.get(status)
        if needs_none is None:
            needs_none = self._needs_no_judging[status] = exchange.body_max(status) == 0
        if needs_none:
            self.take_back(exchange)
        return needs_none

    def take_back(self, exchange: _Exchange) -> None:
        """To be used for another request; this one's answer is the client's."""
        if len(self._idle) < _MOST_IDLE:
            self._idle.append(exchange)


def begin(session: _Owner[_Made], url: str) -> Optional[_Made]:
    """The exchange for a request; none for one that is to go without tokens. Raises
    InvalidArgument for a login of the program's own."""
    try:
        return session.exchange(url)
    except InvalidArgument as error:
        if _is_own_origin(session, url):
            raise
        _logger.warning("a request is sent without tokens: %s", error)
        return None


def _is_own_origin(session: _Owner[_Made], url: str) -> bool:
    try:
        session.exchange(_origin(url))
    except InvalidArgument:
        return False
    return True


def _origin(url: str) -> str:
    """What begins so, up to the slash behind the host, is of the same origin."""
    return "/".join(url.split("/", 3)[:3]) + "/"


def tokens_of(exchange: Exchange) -> Tokens:
    """The tokens to send first, once they are to be had."""
    return exchange._sent or wait_for_tokens(exchange)


def wait_for_tokens(exchange: Exchange, cancel: Optional[Cancellation] = None) -> Tokens:
    """The tokens to send, once they are to be had."""
    while True:
        tokens = exchange.tokens()
        if tokens is not None:
            return tokens
        exchange.renew(cancel=cancel)


def renew(exchange: Exchange, can_resend: bool, cancel: Optional[Cancellation] = None) -> Tokens:
    """Renews what was refused, and gives the tokens to send next."""
    exchange.renew(can_resend, cancel=cancel)
    return wait_for_tokens(exchange, cancel)


@contextmanager
def about(response: Any) -> Iterator[None]:
    """Lets errors carry the client's answer that they are about."""
    try:
        yield
    except Error as error:
        error.response = response
        raise

"""What the adapters share: they drive an exchange for each request of their client."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Optional, Protocol, TypeVar

from ._call import Cancellation
from ._error import Error
from ._errors import InvalidArgument
from ._exchange import Exchange, Tokens
from ._session import Session

_Exchange = TypeVar("_Exchange", covariant=True)

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


def checked(session: Session) -> Session:
    """The session, if an adapter can work with it."""
    if not isinstance(session, Session):
        raise TypeError(
            f"session must be a thingspace_session.Session, not {type(session).__name__}"
        )
    if session._protocol != "rest":
        raise InvalidArgument('an adapter needs a session with protocol="rest"')
    return session


class _Owner(Protocol[_Exchange]):
    """A session, of either kind."""

    def exchange(self, url: Optional[str] = None) -> _Exchange: ...


def begin(session: _Owner[_Exchange], url: str) -> Optional[_Exchange]:
    """The exchange for a request; none for one that is to go without tokens."""
    try:
        return session.exchange(url)
    except InvalidArgument as error:
        _logger.warning("a request is sent without tokens: %s", error)
        return None


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

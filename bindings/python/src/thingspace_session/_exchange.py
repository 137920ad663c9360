"""What the adapters share: which origin the tokens are for, which answers call for a renewal, and
how often.

One ``Exchange`` goes with one request of a foreign HTTP client, resends included.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Optional, Union
from urllib.parse import urlsplit

from ._call import Cancellation
from ._error import Error
from ._errors import ApiTokenError, InvalidArgument, SessionTokenExpired
from ._session import Session, check

SESSION_HEADER = "VZ-M2M-Token"
API_HEADER = "Authorization"

_Refusal = Union[SessionTokenExpired, ApiTokenError]
_DEFAULT_PORTS = {"http": 80, "https": 443}
_logger = logging.getLogger("thingspace_session")


def checked(session: Session) -> Session:
    """The session, if an adapter can work with it."""
    if not isinstance(session, Session):
        raise TypeError(
            f"session must be a thingspace_session.Session, not {type(session).__name__}"
        )
    if session._protocol != "rest":
        raise InvalidArgument('an adapter needs a session with protocol="rest"')
    return session


def is_for(session: Session, url: str) -> bool:
    """Whether a URL is of the session's own origin: tokens go nowhere else."""
    if _origin(url) == _origin(session.base_url):
        return True
    _logger.warning(
        "no tokens for a request to another origin than the session's, which is %s",
        session.base_url,
    )
    return False


def _origin(url: str) -> tuple[str, Optional[str], Optional[int]]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(scheme)


class Exchange:
    """The tokens that a request carries, and which of them were renewed on its behalf: each at most
    once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._renewed: set[type[Error]] = set()
        self.session_token = ""
        self.api_token = ""

    def read_tokens(self, cancel: Optional[Cancellation] = None) -> None:
        """Takes the tokens now held. May wait for an API token."""
        self.api_token = self._session._read_api_token(cancel=cancel)
        self.session_token = self._session.token

    def read_held_tokens(self) -> bool:
        """Takes the tokens now held, if an API token is. Never waits."""
        self.api_token = self._session._held_api_token() or ""
        if self.api_token:
            self.session_token = self._session.token
        return bool(self.api_token)

    def take_tokens(self, headers: Mapping[str, str]) -> None:
        """Takes the tokens that a request was sent with."""
        self.api_token = headers.get(API_HEADER, "").removeprefix("Bearer ")
        self.session_token = headers.get(SESSION_HEADER, "")

    def headers(self) -> dict[str, str]:
        return {API_HEADER: f"Bearer {self.api_token}", SESSION_HEADER: self.session_token}

    def refusal(self, status: int, content: bytes) -> Optional[_Refusal]:
        """The error that an answer stands for if it refuses a token that may still be renewed."""
        if status < 400:
            return None
        try:
            check(status, content)
        except (SessionTokenExpired, ApiTokenError) as error:
            return error if self._remedies(error) else None
        except Error:
            pass
        return None

    def _remedies(self, refusal: _Refusal) -> list[type[_Refusal]]:
        """Which tokens to renew, in this order."""
        kinds: tuple[type[_Refusal], ...] = (type(refusal),)
        if (
            refusal.http_status == 401
            and refusal.code != "unauthorized"
            and "SessionToken." not in refusal.code
        ):
            # Which token it is about is not said. Renewing the API token risks no login.
            kinds = (
                (ApiTokenError, SessionTokenExpired)
                if isinstance(refusal, SessionTokenExpired)
                else kinds
            )
        return [kind for kind in kinds if kind not in self._renewed]

    def renew(
        self,
        refusal: _Refusal,
        response: Any,
        replayable: bool,
        cancel: Optional[Cancellation] = None,
    ) -> bool:
        """Renews the token that was refused and takes the new one; says whether to send the request
        again.

        Raises what the renewal raises, or the refusal itself if the request's body cannot be sent
        twice; with the client's answer as ``response``.
        """
        renewed = False
        refusal.token = (
            self.session_token if isinstance(refusal, SessionTokenExpired) else self.api_token
        )
        try:
            for kind in self._remedies(refusal):
                self._renewed.add(kind)
                try:
                    self._renew(kind, cancel)
                except ApiTokenError as error:
                    if isinstance(refusal, ApiTokenError) or error.http_status is not None:
                        raise
                    continue  # a fixed one, of which there is no other; the session's is left
                renewed = True
                # Else nobody would see whether it helped: all that may be at fault is renewed.
                if replayable:
                    break
            if renewed:
                self.read_tokens(cancel)
        except Error as error:
            error.response = response
            raise
        if renewed and not replayable:
            refusal.response = response
            refusal.args = (
                f"{refusal} The token was renewed, but the request's body is a stream that cannot "
                "be sent twice: make the request again with a fresh body.",
            )
            raise refusal
        return renewed

    def _renew(self, kind: type[_Refusal], cancel: Optional[Cancellation]) -> None:
        if kind is ApiTokenError:
            self._session.renew_api_token(self.api_token, cancel=cancel)
        elif (
            self._session.token == self.session_token
        ):  # raises after a logout, which no renewal is to undo
            self._session.relogin(self.session_token, cancel=cancel)

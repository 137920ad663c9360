"""``ThingSpaceAuth`` for the ``requests`` library::

    http = requests.Session()
    http.auth = thingspace_session.requests.ThingSpaceAuth(session)
    http.post(session.base_url + "/m2m/v1/devices/actions/list", json={…})

It needs ``requests`` 2.26 or newer.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import perf_counter
from typing import Any, Optional, Union

from ._adapter import (
    Exchanges,
    about,
    begin,
    checked,
    missing,
    renew,
    require,
    tokens_of,
    wait_for_tokens,
)
from ._async import AsyncSession
from ._error import Error
from ._errors import InvalidArgument
from ._exchange import Exchange, Tokens
from ._session import Session

try:
    require("requests", (2, 26))
    import requests
    import urllib3
    from requests.auth import AuthBase
    from requests.cookies import extract_cookies_to_jar
    from requests.exceptions import UnrewindableBodyError
    from requests.utils import rewind_body
except ImportError as _error:
    raise missing("requests", "requests 2.26 or newer", _error) from _error

__all__ = ["ThingSpaceAuth"]


class ThingSpaceAuth(AuthBase):
    """Sends a session's tokens with requests to the session's origin and renews them when the
    platform refuses them, by the rules of ``Session.request``.

    The refused answers are in ``response.history``. An answer that renewing did not mend is
    returned as it is. The option ``auto_relogin`` is about ``Session.request`` and does not matter
    here. A renewal may take the session's ``timeout`` on top of the timeout that ``requests``
    was given.

    Requests to another origin go without tokens, and so does what a redirect to one leads to. A
    prepared request may be copied, and sent any number of times, by one thread at a time.

    One object may serve any number of threads. Its session is a ``Session`` or an
    ``AsyncSession``, with ``protocol="rest"``.
    Requests raise, besides what ``requests`` raises:

    * ``SessionTokenExpired`` or ``ApiTokenError`` when a refused request has a body that cannot be
      sent twice, such as a generator. The token is renewed by then, and the error's ``response`` is
      the platform's answer. Bytes and seekable files are sent again without ado.
    * ``NotLoggedIn`` after ``Session.logout``.
    * ``InvalidArgument`` for a login of the program's own, which the lockout guard would not count.
    * what ``Session.relogin`` and ``Session.renew_api_token`` raise, with the platform's answer as
      ``response``.
    """

    def __init__(self, session: Union[Session, AsyncSession]) -> None:
        self._session = checked(session)
        self._exchanges = Exchanges(self._session)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        exchange = self._exchanges.begin(request.url or "")
        if exchange is not None:
            _give_tokens(request, tokens_of(exchange))
            request.hooks["response"].append(_Hook(self._session, self._exchanges, exchange))
        return request


class _WithTokens(requests.PreparedRequest):
    """A request that leaves its tokens behind when its URL becomes one that they are not for.

    requests follows a redirect with a copy of the request, to which it gives another URL; it takes
    only Authorization out of that by itself.
    """

    token_names: tuple[str, ...]

    def copy(self) -> requests.PreparedRequest:
        copy = super().copy()
        copy.__class__ = _WithTokens
        vars(copy)["token_names"] = self.token_names
        return copy

    @property
    def url(self) -> Optional[str]:
        url: Optional[str] = vars(self)["url"]
        return url

    @url.setter
    def url(self, url: Optional[str]) -> None:
        vars(self)["url"] = url
        hooks = self.hooks["response"]
        if not any(isinstance(hook, _Hook) and hook.sends_tokens_to(url) for hook in hooks):
            for name in self.token_names:
                self.headers.pop(name, None)


def _give_tokens(request: requests.PreparedRequest, tokens: Tokens) -> None:
    for name, value in tokens.headers.items():
        request.headers[name] = value
    if issubclass(type(request), requests.PreparedRequest):  # not what a mock puts around one
        request.__class__ = _WithTokens
        vars(request)["token_names"] = tuple(tokens.headers)


class _Hook:
    """Looks at each answer to a request that was sent with tokens."""

    __slots__ = ("_exchange", "_exchanges", "_session")

    def __init__(
        self,
        session: Optional[Session],
        exchanges: Optional[Exchanges[Exchange]],
        exchange: Optional[Exchange],
    ) -> None:
        self._session = session
        self._exchanges = exchanges
        self._exchange = exchange

    def __reduce__(self) -> tuple[type[_Hook], tuple[None, None, None]]:
        # An answer is pickled with its request and that one's hooks, but no session is.
        return _Hook, (None, None, None)

    def sends_tokens_to(self, url: Optional[str]) -> bool:
        try:
            return self._session is not None and begin(self._session, url or "") is not None
        except InvalidArgument:
            return False

    def __call__(self, response: requests.Response, **options: Any) -> requests.Response:
        session, exchanges, sent = self._session, self._exchanges, response.request
        if session is None or exchanges is None:
            return response
        if session.session_token_header not in sent.headers:
            return response
        exchange, self._exchange = self._exchange, None
        if exchange is not None and exchanges.ends_with(exchange, response.status_code):
            return response
        outdated = False
        while True:
            with _about(response, options):
                if exchange is None:
                    # It was sent once more, by its owner or for a redirect, with the tokens of the
                    # last time: the session may hold others by now.
                    exchange = session.exchange(sent.url)
                    outdated = not _has(sent, wait_for_tokens(exchange))
                body = _body(response, exchange.body_max(response.status_code), options)
                if not exchange.answered(response.status_code, body):
                    exchanges.take_back(exchange)
                    return response
                request = response.request.copy()
                can_resend = _rewound(request)
                if outdated and can_resend:
                    exchange = session.exchange(sent.url)
                    tokens = wait_for_tokens(exchange)
                else:
                    tokens = renew(exchange, can_resend)
            outdated = False
            for each in (request, sent):  # the one sent first may be sent again by its owner
                _give_tokens(each, tokens)
            response = _resend(request, response, options)


def _has(request: requests.PreparedRequest, tokens: Tokens) -> bool:
    return all(request.headers.get(name) == value for name, value in tokens.headers.items())


@contextmanager
def _about(response: requests.Response, options: dict[str, Any]) -> Iterator[None]:
    """Lets errors carry the answer that they are about: read, if it is not to be streamed."""
    try:
        with about(response):
            yield
    except Error:
        if not options.get("stream"):
            _ = response.content
        raise


def _rewound(request: requests.PreparedRequest) -> bool:
    """Makes a request's body ready to be sent once more; says whether it can be."""
    if request.body is None or isinstance(request.body, (bytes, str)):
        return True
    try:
        rewind_body(request)
    except UnrewindableBodyError:
        return False
    return True


def _resend(
    request: requests.PreparedRequest, refused: requests.Response, options: dict[str, Any]
) -> requests.Response:
    refused.close()  # its content was read; this gives the connection back
    jar = request._cookies  # type: ignore[attr-defined]
    extract_cookies_to_jar(jar, refused.request, refused.raw)  # type: ignore[no-untyped-call]
    request.prepare_cookies(jar)  # leaves a Cookie header that is there as it is
    began = perf_counter()
    response: requests.Response = refused.connection.send(request, **options)
    response.elapsed = timedelta(seconds=perf_counter() - began)
    response.history = [*refused.history, refused]
    response.request = request
    return response


def _body(response: requests.Response, size: int, options: dict[str, Any]) -> bytes:
    """The body of an answer as far as it is to be seen: no more than ``size`` bytes, or a longer
    beginning of one that is longer."""
    if size == 0:
        return b""
    raw = response.raw
    if not options.get("stream") or not isinstance(raw, urllib3.HTTPResponse):
        return response.content  # which requests reads anyway, if it is not to be streamed
    try:
        beginning = raw.read(size + 1, decode_content=False)
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(error, request=response.request) from error
    response.raw = urllib3.HTTPResponse(
        body=_Body(beginning, raw),
        headers=raw.headers,
        status=raw.status,
        version=raw.version,
        reason=raw.reason,
        preload_content=False,
        original_response=raw._original_response,
    )
    return beginning if len(beginning) > size else response.content


class _Body(io.RawIOBase):
    """A body of which the beginning was read already."""

    def __init__(self, beginning: bytes, rest: urllib3.HTTPResponse) -> None:
        self._beginning = io.BytesIO(beginning)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = len(buffer)
        part = self._beginning.read(size) or self._rest.read(size, decode_content=False)
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._rest.close()
        super().close()

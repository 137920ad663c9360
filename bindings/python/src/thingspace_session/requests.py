"""``ThingSpaceAuth`` for the ``requests`` library::

    http = requests.Session()
    http.auth = thingspace_session.requests.ThingSpaceAuth(session)
    http.post(session.base_url + "/m2m/v1/devices/actions/list", json={…})

It needs ``requests`` 2.26 or newer.
"""

from __future__ import annotations

from typing import Any, Optional

import requests
from requests.cookies import extract_cookies_to_jar
from requests.exceptions import UnrewindableBodyError
from requests.utils import rewind_body

from ._exchange import API_HEADER, SESSION_HEADER, Exchange, checked, is_for
from ._session import Session

__all__ = ["ThingSpaceAuth"]


class ThingSpaceAuth(requests.auth.AuthBase):
    """Sends a session's tokens with requests to the session's origin and renews them when the
    platform refuses them.

    Each of the two tokens is renewed at most once for a request, and the request then sent again;
    the refused answers are in ``response.history``. An answer that a renewal did not mend is
    returned as it is. The option ``auto_relogin`` is about ``Session.request`` and does not matter
    here. A renewal may take the session's ``timeout_ms`` on top of the timeout that ``requests``
    was given.

    Requests to another origin go without tokens, and so does what a redirect leads to: copies of a
    prepared request do not have them. A prepared request may be sent any number of times, by one
    thread at a time.

    One object may serve any number of threads. Its session must be one with ``protocol="rest"``.
    Requests raise, besides what ``requests`` raises:

    * ``SessionTokenExpired`` or ``ApiTokenError`` when a refused request has a body that cannot be
      sent twice, such as a generator. The token is renewed by then, and the error's ``response`` is
      the platform's answer. Bytes and seekable files are sent again without ado.
    * ``NotLoggedIn`` after ``Session.logout``.
    * what ``Session.relogin`` and ``Session.renew_api_token`` raise, with the platform's answer as
      ``response``.
    """

    def __init__(self, session: Session) -> None:
        self._session = checked(session)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if is_for(self._session, request.url or ""):
            exchange = Exchange(self._session)
            exchange.read_tokens()
            _give_tokens(request, exchange)
            request.register_hook("response", _Hook(self._session))  # type: ignore[no-untyped-call]
        return request


class _WithTokens(requests.PreparedRequest):
    """A request whose copies are without the tokens.

    requests follows a redirect with a copy of the first request, and takes only Authorization out
    of that.
    """

    def copy(self) -> requests.PreparedRequest:
        copy = super().copy()
        for name in (API_HEADER, SESSION_HEADER):
            copy.headers.pop(name, None)
        return copy


def _give_tokens(request: requests.PreparedRequest, exchange: Exchange) -> None:
    request.headers.update(exchange.headers())
    request.__class__ = _WithTokens


class _Hook:
    """Looks at each answer to a request that was sent with tokens."""

    def __init__(self, session: Optional[Session]) -> None:
        self._session = session

    def __reduce__(self) -> tuple[type[_Hook], tuple[None]]:
        return _Hook, (
            None,
        )  # an answer is pickled with its request and that one's hooks, but no session is

    def __call__(self, response: requests.Response, **options: Any) -> requests.Response:
        sent = response.request
        if self._session is None or not isinstance(sent, _WithTokens):
            return response
        exchange = Exchange(
            self._session
        )  # a prepared request may be sent many times: each has its own
        exchange.take_tokens(sent.headers)
        while response.status_code >= 400:
            refusal = exchange.refusal(response.status_code, response.content)
            if refusal is None:
                break
            request = response.request.copy()
            if not exchange.renew(refusal, response, _rewound(request)):
                break
            for each in (request, sent):  # the one sent first may be sent again by its owner
                _give_tokens(each, exchange)
            response = _resend(request, response, options)
        return response


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
    response: requests.Response = refused.connection.send(request, **options)
    response.history = [*refused.history, refused]
    response.request = request
    return response

"""``ThingSpaceAuth`` for the ``requests`` library::

    http = requests.Session()
    http.auth = tsm.requests.ThingSpaceAuth(session)
    http.post(session.base_url + "/m2m/v1/devices/actions/list", json={…})

It needs ``requests`` 2.26 or newer.
"""

from __future__ import annotations

import functools
from typing import Any

import requests
from requests.cookies import extract_cookies_to_jar
from requests.exceptions import UnrewindableBodyError
from requests.utils import rewind_body

from ._exchange import API_HEADER, SESSION_HEADER, Exchange, is_for
from ._session import Session

__all__ = ["ThingSpaceAuth"]


class ThingSpaceAuth(requests.auth.AuthBase):
    """Sends a session's tokens with requests to the session's origin and renews them when the platform refuses them.

    Each of the two tokens is renewed at most once for a request, and the request then sent again; the refused answers
    are in ``response.history``. An answer that a renewal did not mend is returned as it is. The option ``auto_relogin``
    is about ``Session.request`` and does not matter here.

    Requests to another origin go without tokens, and so does what a redirect leads to.

    One object may serve any number of threads. Requests raise, besides what ``requests`` raises:

    * ``SessionTokenExpired`` or ``ApiTokenError`` when a refused request has a body that cannot be sent twice, such as
      a generator. The token is renewed by then, and the error's ``response`` is the platform's answer. Bytes and
      seekable files are sent again without ado.
    * what ``Session.relogin`` and ``Session.renew_api_token`` raise, with the platform's answer as ``response``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if is_for(self._session, request.url or ""):
            exchange = Exchange(self._session)
            exchange.read_tokens()
            request.headers.update(exchange.headers())
            hook = functools.partial(self._answered, exchange, request)
            request.register_hook("response", hook)  # type: ignore[no-untyped-call]
        return request

    def _answered(
        self, exchange: Exchange, sent: requests.PreparedRequest, response: requests.Response, **options: Any
    ) -> requests.Response:
        if response.request is not sent:
            return response  # the hook came along with a redirect, the tokens did not
        while response.status_code >= 400:
            refusal = exchange.refusal(response.status_code, response.content)
            if refusal is None:
                break
            request = response.request.copy()
            if not exchange.renew(refusal, response, _rewound(request)):
                break
            request.headers.update(exchange.headers())
            response = _resend(request, response, options)
        if response.is_redirect:
            # requests follows it with a copy of the first request's headers and takes only Authorization out.
            for request in (sent, response.request):
                request.headers.pop(API_HEADER, None)
                request.headers.pop(SESSION_HEADER, None)
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
    request.headers.pop("Cookie", None)
    request.prepare_cookies(jar)
    response: requests.Response = refused.connection.send(request, **options)
    response.history = [*refused.history, refused]
    response.request = request
    return response

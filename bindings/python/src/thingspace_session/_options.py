"""The options of a session.

Made by `make generate` from the tables in Rust: change those.
"""

from __future__ import annotations

import os
from typing import Optional, TypedDict, Union


class Options(TypedDict, total=False):
    """The options of ``thingspace_session.login`` and ``thingspace_session.unblock``; ``None`` is
    the same as leaving one out.

    Each may also come from the environment, as the variable named with it; one given by hand wins.
    """

    protocol: Optional[str]
    """Which session service to log in to.

    ``TSM_PROTOCOL``: rest, soap; default ``rest``.
    """
    base_url: Optional[str]
    """Where the REST API is; the paths of requests are appended. http only for loopback.

    ``TSM_BASE_URL``: https URL; default ``https://thingspace.verizon.com/api``.
    """
    soap_url: Optional[str]
    """The folder of the .svc services. http only for loopback.

    ``TSM_SOAP_URL``: https URL; default ``https://uws.apps.nphase.com/api/v2``.
    """
    username: Optional[str]
    """The contact that logs in.

    ``TSM_USERNAME``: text.
    """
    password: Optional[str]
    """Its password.

    ``TSM_PASSWORD``: text.
    """
    api_token: Optional[str]
    """A fixed API token, instead of app_key and app_secret. REST only.

    ``TSM_API_TOKEN``: token.
    """
    app_key: Optional[str]
    """The application's key, to fetch API tokens with. REST only.

    ``TSM_APP_KEY``: text without a colon.
    """
    app_secret: Optional[str]
    """The application's secret.

    ``TSM_APP_SECRET``: text.
    """
    auto_relogin: Optional[bool]
    """Whether a request refused for its session token logs in again and is sent again.

    ``TSM_AUTO_RELOGIN``: true, false; default ``true``.
    """
    session_token_header: Optional[str]
    """The request header that carries the session token; a few of the platform's endpoints want
    SessionToken.

    ``TSM_SESSION_TOKEN_HEADER``: header name; default ``VZ-M2M-Token``.
    """
    store: Optional[str]
    """Where the lockout guard (and a shared token) lives: in this process (memory:), in files for
    all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST,
    redis+unix:///SOCKET, see docs/many-hosts.md). DIR is absolute; file: alone is the user's
    state directory. If the store cannot be used no login is sent: nothing takes its place by
    itself.

    ``TSM_STORE``: memory:, file:, file:DIR, redis://HOST; default ``file:``.
    """
    store_user: Optional[str]
    """The user of a store on Redis. Without it the default user's password is asked for.

    ``TSM_STORE_USER``: text.
    """
    store_password: Optional[str]
    """The password of a store on Redis.

    ``TSM_STORE_PASSWORD``: text.
    """
    store_password_file: Union[str, os.PathLike[str], None]
    """A file that holds it instead, read at every new connection. Others must not be able to read
    it.

    ``TSM_STORE_PASSWORD_FILE``: path.
    """
    store_seal_key_file: Union[str, os.PathLike[str], None]
    """A file with the key that seals shared tokens on Redis: 32 random bytes in base64. A second
    line may hold the key before it, which opens what is sealed still.

    ``TSM_STORE_SEAL_KEY_FILE``: path.
    """
    share_token: Optional[bool]
    """Whether all sessions of the same account and store use one session token.

    ``TSM_SHARE_TOKEN``: true, false; default ``false``.
    """
    realm: Optional[str]
    """The name of the platform behind a private gateway, so that the lockout guard counts for it
    and not for the gateway.

    ``TSM_REALM``: text.
    """
    max_login_failures: Optional[int]
    """How many logins may have failed, or be of unknown fate, before none is sent any more. The
    platform locks at 5.

    ``TSM_MAX_LOGIN_FAILURES``: 1 to 4; default ``3``.
    """
    timeout_ms: Optional[int]
    """The longest a call may take, from start to end.

    ``TSM_TIMEOUT_MS``: 1 to 86400000; default ``30000``.
    """
    connect_timeout_ms: Optional[int]
    """The longest a new connection may take, TLS included.

    ``TSM_CONNECT_TIMEOUT_MS``: 1 to 86400000; default ``10000``.
    """
    ca_file: Union[str, os.PathLike[str], None]
    """A PEM file of the root certificates to trust instead of the system's.

    ``TSM_CA_FILE``: path.
    """
    proxy: Optional[str]
    """The HTTP proxy to connect through; none for no proxy at all. Without it HTTPS_PROXY,
    ALL_PROXY and NO_PROXY count as they do for curl, but never for loopback.

    ``TSM_PROXY``: http URL, none.
    """
    user_agent: Optional[str]
    """The User-Agent header.

    ``TSM_USER_AGENT``: text; default ``thingspace-session/VERSION``.
    """
    max_response_bytes: Optional[int]
    """The longest answer to take; a login's is bounded to 64 KiB.

    ``TSM_MAX_RESPONSE_BYTES``: 1 to 1099511627776; default ``16777216``.
    """


FLAGS = {
    "auto_relogin",
    "share_token",
}
NUMBERS = {
    "max_login_failures",
    "timeout_ms",
    "connect_timeout_ms",
    "max_response_bytes",
}
PATHS = {
    "store_password_file",
    "store_seal_key_file",
    "ca_file",
}

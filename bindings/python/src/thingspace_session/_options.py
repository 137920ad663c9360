"""The options of a session.

Made by `make generate` from the tables in Rust: change those.
"""

from __future__ import annotations

import os
from os import PathLike
from typing import Optional, TypedDict, Union


class Options(TypedDict, total=False):
    """The options of ``thingspace_session.login`` and ``thingspace_session.unblock``; ``None`` is
    the same as leaving one out.

    Each may also come from the environment, as the variable named with it; one given by hand wins.
    """

    protocol: Optional[str]
    """Which session service to log in to.

    Values: rest, soap; default ``rest``. Variable: ``TSM_PROTOCOL``.
    """
    base_url: Optional[str]
    """Where the REST API is; the paths of requests are appended. http only for loopback.

    Values: https URL; default ``https://thingspace.verizon.com/api``. Variable:
    ``TSM_BASE_URL``.
    """
    soap_url: Optional[str]
    """The folder of the .svc services. http only for loopback.

    Values: https URL; default ``https://uws.apps.nphase.com/api/v2``. Variable:
    ``TSM_SOAP_URL``.
    """
    username: Optional[str]
    """The contact that logs in.

    Values: text. Variable: ``TSM_USERNAME``.
    """
    password: Optional[str]
    """Its password.

    Values: text. Variable: ``TSM_PASSWORD``.
    """
    password_file: Union[str, os.PathLike[str], None]
    """A file that holds the password instead, read when a login needs it, and once more when the
    platform rejected it: it is sent if it has changed by then. One line end is cut off. Others
    must not be able to read the file, but on a mount that nobody can write.

    Values: path. Variable: ``TSM_PASSWORD_FILE``.
    """
    api_token: Optional[str]
    """A fixed API token, instead of app_key and app_secret. REST only.

    Values: token. Variable: ``TSM_API_TOKEN``.
    """
    api_token_file: Union[str, os.PathLike[str], None]
    """A file that holds it instead, read as password_file is.

    Values: path. Variable: ``TSM_API_TOKEN_FILE``.
    """
    app_key: Optional[str]
    """The application's key, to fetch API tokens with. REST only.

    Values: text without a colon. Variable: ``TSM_APP_KEY``.
    """
    app_secret: Optional[str]
    """The application's secret.

    Values: text. Variable: ``TSM_APP_SECRET``.
    """
    app_secret_file: Union[str, os.PathLike[str], None]
    """A file that holds it instead, read as password_file is.

    Values: path. Variable: ``TSM_APP_SECRET_FILE``.
    """
    auto_relogin: Optional[bool]
    """Whether a request refused for its session token logs in again and is sent again.

    Values: True, False; default ``True``. Variable: ``TSM_AUTO_RELOGIN``.
    """
    session_token_header: Optional[str]
    """The request header that carries the session token; a few of the platform's endpoints want
    SessionToken.

    Values: header name; default ``VZ-M2M-Token``. Variable: ``TSM_SESSION_TOKEN_HEADER``.
    """
    store: Optional[str]
    """Where the lockout guard (and a shared token) lives: in this process (memory:), in files for
    all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST,
    redis+unix:///SOCKET, see docs/many-hosts.md). DIR is absolute; file: alone is the user's
    state directory. If the store cannot be used no login is sent: nothing takes its place by
    itself.

    Values: memory:, file:, file:DIR, redis://HOST; default ``file:``. Variable: ``TSM_STORE``.
    """
    store_user: Optional[str]
    """The user of a store on Redis. Without it the default user's password is asked for.

    Values: text. Variable: ``TSM_STORE_USER``.
    """
    store_password: Optional[str]
    """The password of a store on Redis.

    Values: text. Variable: ``TSM_STORE_PASSWORD``.
    """
    store_password_file: Union[str, os.PathLike[str], None]
    """A file that holds it instead, read at every new connection. Others must not be able to read
    it.

    Values: path. Variable: ``TSM_STORE_PASSWORD_FILE``.
    """
    store_seal_key_file: Union[str, os.PathLike[str], None]
    """A file with the key that seals shared tokens on Redis: 32 random bytes in base64. A second
    line may hold the key before it, which opens what is sealed still.

    Values: path. Variable: ``TSM_STORE_SEAL_KEY_FILE``.
    """
    share_token: Optional[bool]
    """Whether all sessions of the same account and store use one session token.

    Values: True, False; default ``False``. Variable: ``TSM_SHARE_TOKEN``.
    """
    realm: Optional[str]
    """The name of the platform behind a private gateway, so that the lockout guard counts for it
    and not for the gateway.

    Values: text. Variable: ``TSM_REALM``.
    """
    max_login_failures: Optional[int]
    """How many logins may have failed, or be of unknown fate, before none is sent any more. The
    platform locks at 5.

    Values: 1 to 4; default ``3``. Variable: ``TSM_MAX_LOGIN_FAILURES``.
    """
    timeout: Optional[float]
    """The longest a call may take, from start to end.

    Values: seconds, 0.001 to 86400; default ``30``. Variable: ``TSM_TIMEOUT_MS``, in
    milliseconds.
    """
    connect_timeout: Optional[float]
    """The longest a new connection may take, TLS included.

    Values: seconds, 0.001 to 86400; default ``10``. Variable: ``TSM_CONNECT_TIMEOUT_MS``, in
    milliseconds.
    """
    ca_file: Union[str, os.PathLike[str], None]
    """A PEM file of the root certificates to trust instead of the system's.

    Values: path. Variable: ``TSM_CA_FILE``.
    """
    proxy: Optional[str]
    """The HTTP proxy to connect through; none for no proxy at all. Without it HTTPS_PROXY,
    ALL_PROXY and NO_PROXY count as they do for curl, but never for loopback.

    Values: http URL, none. Variable: ``TSM_PROXY``.
    """
    user_agent: Optional[str]
    """The User-Agent header.

    Values: text; default ``thingspace-session/VERSION``. Variable: ``TSM_USER_AGENT``.
    """
    max_response_bytes: Optional[int]
    """The longest answer to take; a login's is bounded to 64 KiB.

    Values: 1 to 1099511627776; default ``16777216``. Variable: ``TSM_MAX_RESPONSE_BYTES``.
    """


TABLE: dict[str, tuple[str, type, str]] = {
    "protocol": ("protocol", str, "rest, soap"),
    "base_url": ("base_url", str, "https URL"),
    "soap_url": ("soap_url", str, "https URL"),
    "username": ("username", str, "text"),
    "password": ("password", str, "text"),
    "password_file": ("password_file", PathLike, "path"),
    "api_token": ("api_token", str, "token"),
    "api_token_file": ("api_token_file", PathLike, "path"),
    "app_key": ("app_key", str, "text without a colon"),
    "app_secret": ("app_secret", str, "text"),
    "app_secret_file": ("app_secret_file", PathLike, "path"),
    "auto_relogin": ("auto_relogin", bool, "True, False"),
    "session_token_header": ("session_token_header", str, "header name"),
    "store": ("store", str, "memory:, file:, file:DIR, redis://HOST"),
    "store_user": ("store_user", str, "text"),
    "store_password": ("store_password", str, "text"),
    "store_password_file": ("store_password_file", PathLike, "path"),
    "store_seal_key_file": ("store_seal_key_file", PathLike, "path"),
    "share_token": ("share_token", bool, "True, False"),
    "realm": ("realm", str, "text"),
    "max_login_failures": ("max_login_failures", int, "1 to 4"),
    "timeout": ("timeout_ms", float, "seconds, 0.001 to 86400"),
    "connect_timeout": ("connect_timeout_ms", float, "seconds, 0.001 to 86400"),
    "ca_file": ("ca_file", PathLike, "path"),
    "proxy": ("proxy", str, "http URL, none"),
    "user_agent": ("user_agent", str, "text"),
    "max_response_bytes": ("max_response_bytes", int, "1 to 1099511627776"),
}
"""Of each option its name in the library, the type of its values, and these in words. What is
``float`` is in seconds here and in milliseconds there."""

DOCUMENTATION = """\
Options:
    protocol: Which session service to log in to. Values: rest, soap; default rest.
        Variable: TSM_PROTOCOL.
    base_url: Where the REST API is; the paths of requests are appended. http only
        for loopback. Values: https URL; default https://thingspace.verizon.com/api.
        Variable: TSM_BASE_URL.
    soap_url: The folder of the .svc services. http only for loopback. Values: https
        URL; default https://uws.apps.nphase.com/api/v2. Variable: TSM_SOAP_URL.
    username: The contact that logs in. Values: text. Variable: TSM_USERNAME.
    password: Its password. Values: text. Variable: TSM_PASSWORD.
    password_file: A file that holds the password instead, read when a login needs
        it, and once more when the platform rejected it: it is sent if it has changed by
        then. One line end is cut off. Others must not be able to read the file, but on
        a mount that nobody can write. Values: path. Variable: TSM_PASSWORD_FILE.
    api_token: A fixed API token, instead of app_key and app_secret. REST only.
        Values: token. Variable: TSM_API_TOKEN.
    api_token_file: A file that holds it instead, read as password_file is. Values:
        path. Variable: TSM_API_TOKEN_FILE.
    app_key: The application's key, to fetch API tokens with. REST only. Values:
        text without a colon. Variable: TSM_APP_KEY.
    app_secret: The application's secret. Values: text. Variable: TSM_APP_SECRET.
    app_secret_file: A file that holds it instead, read as password_file is. Values:
        path. Variable: TSM_APP_SECRET_FILE.
    auto_relogin: Whether a request refused for its session token logs in again and
        is sent again. Values: True, False; default True. Variable: TSM_AUTO_RELOGIN.
    session_token_header: The request header that carries the session token; a few
        of the platform's endpoints want SessionToken. Values: header name; default
        VZ-M2M-Token. Variable: TSM_SESSION_TOKEN_HEADER.
    store: Where the lockout guard (and a shared token) lives: in this process
        (memory:), in files for all processes of this host, or on Redis or Valkey for
        many hosts (rediss://HOST, redis+unix:///SOCKET, see docs/many-hosts.md). DIR is
        absolute; file: alone is the user's state directory. If the store cannot be used
        no login is sent: nothing takes its place by itself. Values: memory:, file:,
        file:DIR, redis://HOST; default file:. Variable: TSM_STORE.
    store_user: The user of a store on Redis. Without it the default user's password
        is asked for. Values: text. Variable: TSM_STORE_USER.
    store_password: The password of a store on Redis. Values: text. Variable:
        TSM_STORE_PASSWORD.
    store_password_file: A file that holds it instead, read at every new connection.
        Others must not be able to read it. Values: path. Variable:
        TSM_STORE_PASSWORD_FILE.
    store_seal_key_file: A file with the key that seals shared tokens on Redis: 32
        random bytes in base64. A second line may hold the key before it, which opens
        what is sealed still. Values: path. Variable: TSM_STORE_SEAL_KEY_FILE.
    share_token: Whether all sessions of the same account and store use one session
        token. Values: True, False; default False. Variable: TSM_SHARE_TOKEN.
    realm: The name of the platform behind a private gateway, so that the lockout
        guard counts for it and not for the gateway. Values: text. Variable: TSM_REALM.
    max_login_failures: How many logins may have failed, or be of unknown fate,
        before none is sent any more. The platform locks at 5. Values: 1 to 4; default
        3. Variable: TSM_MAX_LOGIN_FAILURES.
    timeout: The longest a call may take, from start to end. Values: seconds, 0.001
        to 86400; default 30. Variable: TSM_TIMEOUT_MS, in milliseconds.
    connect_timeout: The longest a new connection may take, TLS included. Values:
        seconds, 0.001 to 86400; default 10. Variable: TSM_CONNECT_TIMEOUT_MS, in
        milliseconds.
    ca_file: A PEM file of the root certificates to trust instead of the system's.
        Values: path. Variable: TSM_CA_FILE.
    proxy: The HTTP proxy to connect through; none for no proxy at all. Without it
        HTTPS_PROXY, ALL_PROXY and NO_PROXY count as they do for curl, but never for
        loopback. Values: http URL, none. Variable: TSM_PROXY.
    user_agent: The User-Agent header. Values: text; default
        thingspace-session/VERSION. Variable: TSM_USER_AGENT.
    max_response_bytes: The longest answer to take; a login's is bounded to 64 KiB.
        Values: 1 to 1099511627776; default 16777216. Variable: TSM_MAX_RESPONSE_BYTES.
"""

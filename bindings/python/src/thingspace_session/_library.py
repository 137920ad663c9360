"""The functions of ``tsm.h``, without their ``tsm_``, and its numbers.

Made by `make generate` from the tables in Rust: change those.
"""

from __future__ import annotations

from ctypes import (
    POINTER,
    Structure,
    c_char_p,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)

from ._loading import EVENT_FUNCTION as EVENT_FUNCTION
from ._loading import INTERRUPT_FUNCTION as INTERRUPT_FUNCTION
from ._loading import LOG_FUNCTION as LOG_FUNCTION
from ._loading import Library

METRICS_MAX = 16384
TOKEN_MAX = 128
API_TOKEN_MAX = 4096
INFO_MAX = 16384
NEXT_DONE = 0
NEXT_SEND = 1
NEXT_RENEW = 2
DUE_NOTHING = 0
DUE_API_TOKEN = 1
DUE_SESSION_TOKEN = 2
ABI_VERSION = 1


class Event(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("kind", c_int32),
        ("status", c_int32),
        ("http_status", c_int32),
        ("slots_left", c_int32),
        ("time_us", c_int64),
        ("duration_us", c_int64),
        ("name", c_char_p),
        ("detail", c_char_p),
        ("code", c_char_p),
        ("message", c_char_p),
    ]


_library = Library(ABI_VERSION)
PATH = _library.path

config_new = _library.with_gil("tsm_config_new", c_void_p)
config_set = _library.with_gil(
    "tsm_config_set", c_int32, c_void_p, c_char_p, c_char_p, POINTER(c_void_p)
)
config_get = _library.with_gil(
    "tsm_config_get", c_int32, c_void_p, c_char_p, c_char_p, c_size_t, POINTER(c_void_p)
)
config_load_env = _library.with_gil("tsm_config_load_env", c_int32, c_void_p, POINTER(c_void_p))
config_set_log = _library.with_gil(
    "tsm_config_set_log", c_int32, c_void_p, c_int32, LOG_FUNCTION, c_void_p
)
config_free = _library.with_gil("tsm_config_free", None, c_void_p)
config_set_event = _library.with_gil(
    "tsm_config_set_event", c_int32, c_void_p, EVENT_FUNCTION, c_void_p, POINTER(c_void_p)
)
metrics = _library.with_gil("tsm_metrics", c_int32, c_void_p, c_char_p, c_size_t, POINTER(c_void_p))
waited = _library.with_gil("tsm_waited", c_int32, c_void_p, c_uint64, POINTER(c_void_p))
call_new = _library.with_gil("tsm_call_new", c_void_p)
call_set_timeout = _library.with_gil("tsm_call_set_timeout", c_int32, c_void_p, c_uint64)
call_set_waited = _library.with_gil("tsm_call_set_waited", c_int32, c_void_p, c_uint64)
call_set_interrupt = _library.with_gil(
    "tsm_call_set_interrupt", c_int32, c_void_p, INTERRUPT_FUNCTION, c_void_p
)
call_cancel = _library.with_gil("tsm_call_cancel", c_int32, c_void_p)
call_free = _library.with_gil("tsm_call_free", None, c_void_p)
proxy = _library.with_gil("tsm_proxy", c_int32, c_void_p, c_char_p, c_size_t, POINTER(c_void_p))
login = _library.without_gil(
    "tsm_login", c_int32, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)
)
open = _library.without_gil(
    "tsm_open", c_int32, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)
)
token = _library.with_gil("tsm_token", c_int32, c_void_p, c_char_p, c_size_t, POINTER(c_void_p))
api_token = _library.without_gil(
    "tsm_api_token", c_int32, c_void_p, c_void_p, c_char_p, c_size_t, POINTER(c_void_p)
)
api_token_held = _library.with_gil(
    "tsm_api_token_held", c_int32, c_void_p, c_char_p, c_size_t, POINTER(c_void_p)
)
relogin = _library.without_gil(
    "tsm_relogin", c_int32, c_void_p, c_void_p, c_char_p, POINTER(c_void_p)
)
renew_api_token = _library.without_gil(
    "tsm_renew_api_token", c_int32, c_void_p, c_void_p, c_char_p, POINTER(c_void_p)
)
logout = _library.without_gil("tsm_logout", c_int32, c_void_p, c_void_p, POINTER(c_void_p))
cancel = _library.with_gil("tsm_cancel", c_int32, c_void_p)
set_log_level = _library.with_gil("tsm_set_log_level", c_int32, c_void_p, c_int32)
free = _library.with_gil("tsm_free", None, c_void_p)
info = _library.with_gil("tsm_info", c_int32, c_void_p, c_char_p, c_size_t, POINTER(c_void_p))
unblock = _library.without_gil("tsm_unblock", c_int32, c_void_p, POINTER(c_void_p))
request = _library.without_gil(
    "tsm_request",
    c_int32,
    c_void_p,
    c_void_p,
    c_char_p,
    c_char_p,
    POINTER(c_char_p),
    c_char_p,
    c_size_t,
    POINTER(c_void_p),
    POINTER(c_void_p),
)
soap_call = _library.without_gil(
    "tsm_soap_call",
    c_int32,
    c_void_p,
    c_void_p,
    c_char_p,
    c_char_p,
    c_char_p,
    c_size_t,
    POINTER(c_void_p),
    POINTER(c_void_p),
)
check = _library.without_gil("tsm_check", c_int32, c_int32, c_char_p, c_size_t, POINTER(c_void_p))
check_answer = _library.without_gil(
    "tsm_check_answer", c_int32, c_int32, c_char_p, c_char_p, c_size_t, POINTER(c_void_p)
)
exchange_new = _library.with_gil(
    "tsm_exchange_new", c_int32, c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)
)
exchange_request = _library.with_gil(
    "tsm_exchange_request",
    c_int32,
    c_void_p,
    c_char_p,
    c_char_p,
    POINTER(c_char_p),
    c_int32,
    POINTER(c_void_p),
    POINTER(c_void_p),
)
exchange_soap_call = _library.without_gil(
    "tsm_exchange_soap_call",
    c_int32,
    c_void_p,
    c_char_p,
    c_char_p,
    c_char_p,
    c_size_t,
    POINTER(c_void_p),
    POINTER(c_void_p),
)
exchange_head = _library.with_gil("tsm_exchange_head", c_void_p, c_void_p, POINTER(c_size_t))
exchange_body = _library.with_gil("tsm_exchange_body", c_void_p, c_void_p, POINTER(c_size_t))
exchange_tokens = _library.with_gil(
    "tsm_exchange_tokens",
    c_int32,
    c_void_p,
    c_char_p,
    c_size_t,
    c_char_p,
    c_size_t,
    POINTER(c_int32),
    POINTER(c_void_p),
)
exchange_body_max = _library.with_gil("tsm_exchange_body_max", c_size_t, c_void_p, c_int32)
exchange_answered = _library.without_gil(
    "tsm_exchange_answered",
    c_int32,
    c_void_p,
    c_int32,
    c_char_p,
    c_size_t,
    POINTER(c_int32),
    POINTER(c_void_p),
)
exchange_again = _library.with_gil("tsm_exchange_again", c_int32, c_void_p)
exchange_request_again = _library.with_gil(
    "tsm_exchange_request_again", c_int32, c_void_p, c_char_p, c_char_p, POINTER(c_char_p), c_int32
)
exchange_due = _library.with_gil("tsm_exchange_due", c_int32, c_void_p)
exchange_renew = _library.without_gil(
    "tsm_exchange_renew", c_int32, c_void_p, c_void_p, c_int32, POINTER(c_void_p)
)
exchange_free = _library.with_gil("tsm_exchange_free", None, c_void_p)
response_status = _library.with_gil("tsm_response_status", c_int32, c_void_p)
response_header = _library.with_gil("tsm_response_header", c_char_p, c_void_p, c_char_p)
response_header_at = _library.with_gil(
    "tsm_response_header_at", c_int32, c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_char_p)
)
response_headers = _library.with_gil("tsm_response_headers", c_void_p, c_void_p, POINTER(c_size_t))
response_body = _library.with_gil("tsm_response_body", c_void_p, c_void_p, POINTER(c_size_t))
response_check = _library.with_gil("tsm_response_check", c_int32, c_void_p, POINTER(c_void_p))
response_free = _library.with_gil("tsm_response_free", None, c_void_p)
error_status = _library.with_gil("tsm_error_status", c_int32, c_void_p)
error_code = _library.with_gil("tsm_error_code", c_char_p, c_void_p)
error_message = _library.with_gil("tsm_error_message", c_char_p, c_void_p)
error_token = _library.with_gil("tsm_error_token", c_int32, c_void_p, c_char_p, c_size_t)
status_retryable = _library.with_gil("tsm_status_retryable", c_int32, c_int32)
error_http_status = _library.with_gil("tsm_error_http_status", c_int32, c_void_p)
error_retryable = _library.with_gil("tsm_error_retryable", c_int32, c_void_p)
error_retry_after_ms = _library.with_gil("tsm_error_retry_after_ms", c_int64, c_void_p)
error_free = _library.with_gil("tsm_error_free", None, c_void_p)
status_name = _library.with_gil("tsm_status_name", c_char_p, c_int32)
version = _library.with_gil("tsm_version", c_char_p)
abi_version = _library.with_gil("tsm_abi_version", c_uint32)

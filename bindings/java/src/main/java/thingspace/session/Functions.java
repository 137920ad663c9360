// Made by `make generate` from the tables in Rust: change those.

package thingspace.session;

import com.sun.jna.Function;

/**
 * The C functions by their own names, over JNA. None is a native method: JNA would keep this class,
 * and its loader, for ever.
 */
final class Functions {
    private Functions() {}

    private static final Function TSM_CONFIG_NEW = Bridge.function("tsm_config_new");

    static long tsm_config_new() {
        return TSM_CONFIG_NEW.invokeLong(new Object[] {});
    }

    private static final Function TSM_CONFIG_SET = Bridge.function("tsm_config_set");

    static int tsm_config_set(long config, long option, long value, long error) {
        return TSM_CONFIG_SET.invokeInt(new Object[] {config, option, value, error});
    }

    private static final Function TSM_CONFIG_GET = Bridge.function("tsm_config_get");

    static int tsm_config_get(long config, long option, long buffer, long capacity, long error) {
        return TSM_CONFIG_GET.invokeInt(new Object[] {config, option, buffer, capacity, error});
    }

    private static final Function TSM_CONFIG_LOAD_ENV = Bridge.function("tsm_config_load_env");

    static int tsm_config_load_env(long config, long error) {
        return TSM_CONFIG_LOAD_ENV.invokeInt(new Object[] {config, error});
    }

    private static final Function TSM_CONFIG_SET_LOG = Bridge.function("tsm_config_set_log");

    static int tsm_config_set_log(long config, int maxLevel, long callback, long context) {
        return TSM_CONFIG_SET_LOG.invokeInt(new Object[] {config, maxLevel, callback, context});
    }

    private static final Function TSM_CONFIG_FREE = Bridge.function("tsm_config_free");

    static void tsm_config_free(long config) {
        TSM_CONFIG_FREE.invokeVoid(new Object[] {config});
    }

    private static final Function TSM_CONFIG_SET_EVENT = Bridge.function("tsm_config_set_event");

    static int tsm_config_set_event(long config, long callback, long context, long error) {
        return TSM_CONFIG_SET_EVENT.invokeInt(new Object[] {config, callback, context, error});
    }

    private static final Function TSM_METRICS = Bridge.function("tsm_metrics");

    static int tsm_metrics(long session, long buffer, long capacity, long error) {
        return TSM_METRICS.invokeInt(new Object[] {session, buffer, capacity, error});
    }

    private static final Function TSM_WAITED = Bridge.function("tsm_waited");

    static int tsm_waited(long session, long durationUs, long error) {
        return TSM_WAITED.invokeInt(new Object[] {session, durationUs, error});
    }

    private static final Function TSM_CALL_NEW = Bridge.function("tsm_call_new");

    static long tsm_call_new() {
        return TSM_CALL_NEW.invokeLong(new Object[] {});
    }

    private static final Function TSM_CALL_SET_TIMEOUT = Bridge.function("tsm_call_set_timeout");

    static int tsm_call_set_timeout(long call, long timeoutMs) {
        return TSM_CALL_SET_TIMEOUT.invokeInt(new Object[] {call, timeoutMs});
    }

    private static final Function TSM_CALL_SET_WAITED = Bridge.function("tsm_call_set_waited");

    static int tsm_call_set_waited(long call, long waitedMs) {
        return TSM_CALL_SET_WAITED.invokeInt(new Object[] {call, waitedMs});
    }

    private static final Function TSM_CALL_SET_INTERRUPT = Bridge.function(
            "tsm_call_set_interrupt");

    static int tsm_call_set_interrupt(long call, long interrupt, long context) {
        return TSM_CALL_SET_INTERRUPT.invokeInt(new Object[] {call, interrupt, context});
    }

    private static final Function TSM_CALL_CANCEL = Bridge.function("tsm_call_cancel");

    static int tsm_call_cancel(long call) {
        return TSM_CALL_CANCEL.invokeInt(new Object[] {call});
    }

    private static final Function TSM_CALL_FREE = Bridge.function("tsm_call_free");

    static void tsm_call_free(long call) {
        TSM_CALL_FREE.invokeVoid(new Object[] {call});
    }

    private static final Function TSM_PROXY = Bridge.function("tsm_proxy");

    static int tsm_proxy(long session, long buffer, long capacity, long error) {
        return TSM_PROXY.invokeInt(new Object[] {session, buffer, capacity, error});
    }

    private static final Function TSM_LOGIN = Bridge.function("tsm_login");

    static int tsm_login(long config, long call, long session, long error) {
        return TSM_LOGIN.invokeInt(new Object[] {config, call, session, error});
    }

    private static final Function TSM_OPEN = Bridge.function("tsm_open");

    static int tsm_open(long config, long call, long session, long error) {
        return TSM_OPEN.invokeInt(new Object[] {config, call, session, error});
    }

    private static final Function TSM_TOKEN = Bridge.function("tsm_token");

    static int tsm_token(long session, byte[] buffer, long capacity, long error) {
        return TSM_TOKEN.invokeInt(new Object[] {session, buffer, capacity, error});
    }

    private static final Function TSM_API_TOKEN = Bridge.function("tsm_api_token");

    static int tsm_api_token(long session, long call, long buffer, long capacity, long error) {
        return TSM_API_TOKEN.invokeInt(new Object[] {session, call, buffer, capacity, error});
    }

    private static final Function TSM_API_TOKEN_HELD = Bridge.function("tsm_api_token_held");

    static int tsm_api_token_held(long session, long buffer, long capacity, long error) {
        return TSM_API_TOKEN_HELD.invokeInt(new Object[] {session, buffer, capacity, error});
    }

    private static final Function TSM_RELOGIN = Bridge.function("tsm_relogin");

    static int tsm_relogin(long session, long call, long expiredToken, long error) {
        return TSM_RELOGIN.invokeInt(new Object[] {session, call, expiredToken, error});
    }

    private static final Function TSM_RENEW_API_TOKEN = Bridge.function("tsm_renew_api_token");

    static int tsm_renew_api_token(long session, long call, long rejectedToken, long error) {
        return TSM_RENEW_API_TOKEN.invokeInt(new Object[] {session, call, rejectedToken, error});
    }

    private static final Function TSM_LOGOUT = Bridge.function("tsm_logout");

    static int tsm_logout(long session, long call, long error) {
        return TSM_LOGOUT.invokeInt(new Object[] {session, call, error});
    }

    private static final Function TSM_CANCEL = Bridge.function("tsm_cancel");

    static int tsm_cancel(long session) {
        return TSM_CANCEL.invokeInt(new Object[] {session});
    }

    private static final Function TSM_SET_LOG_LEVEL = Bridge.function("tsm_set_log_level");

    static int tsm_set_log_level(long session, int maxLevel) {
        return TSM_SET_LOG_LEVEL.invokeInt(new Object[] {session, maxLevel});
    }

    private static final Function TSM_FREE = Bridge.function("tsm_free");

    static void tsm_free(long session) {
        TSM_FREE.invokeVoid(new Object[] {session});
    }

    private static final Function TSM_INFO = Bridge.function("tsm_info");

    static int tsm_info(long session, long buffer, long capacity, long error) {
        return TSM_INFO.invokeInt(new Object[] {session, buffer, capacity, error});
    }

    private static final Function TSM_UNBLOCK = Bridge.function("tsm_unblock");

    static int tsm_unblock(long config, long error) {
        return TSM_UNBLOCK.invokeInt(new Object[] {config, error});
    }

    private static final Function TSM_REQUEST = Bridge.function("tsm_request");

    static int tsm_request(
            long session, long call, long method, long path, long headers, long body,
            long bodyLength, long response, long error) {
        return TSM_REQUEST.invokeInt(
                new Object[] {session, call, method, path, headers, body, bodyLength, response,
                error});
    }

    private static final Function TSM_SOAP_CALL = Bridge.function("tsm_soap_call");

    static int tsm_soap_call(
            long session, long call, long service, long operation, long bodyXml, long bodyLength,
            long response, long error) {
        return TSM_SOAP_CALL.invokeInt(
                new Object[] {session, call, service, operation, bodyXml, bodyLength, response,
                error});
    }

    private static final Function TSM_CHECK = Bridge.function("tsm_check");

    static int tsm_check(int httpStatus, long body, long bodyLength, long error) {
        return TSM_CHECK.invokeInt(new Object[] {httpStatus, body, bodyLength, error});
    }

    private static final Function TSM_CHECK_ANSWER = Bridge.function("tsm_check_answer");

    static int tsm_check_answer(
            int httpStatus, long retryAfter, long body, long bodyLength, long error) {
        return TSM_CHECK_ANSWER.invokeInt(
                new Object[] {httpStatus, retryAfter, body, bodyLength, error});
    }

    private static final Function TSM_EXCHANGE_NEW = Bridge.function("tsm_exchange_new");

    static int tsm_exchange_new(long session, long url, long exchange, long error) {
        return TSM_EXCHANGE_NEW.invokeInt(new Object[] {session, url, exchange, error});
    }

    private static final Function TSM_EXCHANGE_REQUEST = Bridge.function("tsm_exchange_request");

    static int tsm_exchange_request(
            long session, long method, long path, long headers, int hasBody, long exchange,
            long error) {
        return TSM_EXCHANGE_REQUEST.invokeInt(
                new Object[] {session, method, path, headers, hasBody, exchange, error});
    }

    private static final Function TSM_EXCHANGE_SOAP_CALL = Bridge.function(
            "tsm_exchange_soap_call");

    static int tsm_exchange_soap_call(
            long session, long service, long operation, long bodyXml, long bodyLength,
            long exchange, long error) {
        return TSM_EXCHANGE_SOAP_CALL.invokeInt(
                new Object[] {session, service, operation, bodyXml, bodyLength, exchange, error});
    }

    private static final Function TSM_EXCHANGE_HEAD = Bridge.function("tsm_exchange_head");

    static long tsm_exchange_head(long exchange, long length) {
        return TSM_EXCHANGE_HEAD.invokeLong(new Object[] {exchange, length});
    }

    private static final Function TSM_EXCHANGE_BODY = Bridge.function("tsm_exchange_body");

    static long tsm_exchange_body(long exchange, long length) {
        return TSM_EXCHANGE_BODY.invokeLong(new Object[] {exchange, length});
    }

    private static final Function TSM_EXCHANGE_TOKENS = Bridge.function("tsm_exchange_tokens");

    static int tsm_exchange_tokens(
            long exchange, long sessionToken, long sessionTokenCapacity, long apiToken,
            long apiTokenCapacity, long next, long error) {
        return TSM_EXCHANGE_TOKENS.invokeInt(
                new Object[] {exchange, sessionToken, sessionTokenCapacity, apiToken,
                apiTokenCapacity, next, error});
    }

    private static final Function TSM_EXCHANGE_BODY_MAX = Bridge.function("tsm_exchange_body_max");

    static long tsm_exchange_body_max(long exchange, int httpStatus) {
        return TSM_EXCHANGE_BODY_MAX.invokeLong(new Object[] {exchange, httpStatus});
    }

    private static final Function TSM_EXCHANGE_ANSWERED = Bridge.function("tsm_exchange_answered");

    static int tsm_exchange_answered(
            long exchange, int httpStatus, long body, long bodyLength, long next, long error) {
        return TSM_EXCHANGE_ANSWERED.invokeInt(
                new Object[] {exchange, httpStatus, body, bodyLength, next, error});
    }

    private static final Function TSM_EXCHANGE_AGAIN = Bridge.function("tsm_exchange_again");

    static int tsm_exchange_again(long exchange) {
        return TSM_EXCHANGE_AGAIN.invokeInt(new Object[] {exchange});
    }

    private static final Function TSM_EXCHANGE_REQUEST_AGAIN = Bridge.function(
            "tsm_exchange_request_again");

    static int tsm_exchange_request_again(
            long exchange, long method, long path, long headers, int hasBody) {
        return TSM_EXCHANGE_REQUEST_AGAIN.invokeInt(
                new Object[] {exchange, method, path, headers, hasBody});
    }

    private static final Function TSM_EXCHANGE_DUE = Bridge.function("tsm_exchange_due");

    static int tsm_exchange_due(long exchange) {
        return TSM_EXCHANGE_DUE.invokeInt(new Object[] {exchange});
    }

    private static final Function TSM_EXCHANGE_RENEW = Bridge.function("tsm_exchange_renew");

    static int tsm_exchange_renew(long exchange, long call, int canResend, long error) {
        return TSM_EXCHANGE_RENEW.invokeInt(new Object[] {exchange, call, canResend, error});
    }

    private static final Function TSM_EXCHANGE_FREE = Bridge.function("tsm_exchange_free");

    static void tsm_exchange_free(long exchange) {
        TSM_EXCHANGE_FREE.invokeVoid(new Object[] {exchange});
    }

    private static final Function TSM_RESPONSE_STATUS = Bridge.function("tsm_response_status");

    static int tsm_response_status(long response) {
        return TSM_RESPONSE_STATUS.invokeInt(new Object[] {response});
    }

    private static final Function TSM_RESPONSE_HEADER = Bridge.function("tsm_response_header");

    static long tsm_response_header(long response, long name) {
        return TSM_RESPONSE_HEADER.invokeLong(new Object[] {response, name});
    }

    private static final Function TSM_RESPONSE_HEADER_AT = Bridge.function(
            "tsm_response_header_at");

    static int tsm_response_header_at(long response, long index, long name, long value) {
        return TSM_RESPONSE_HEADER_AT.invokeInt(new Object[] {response, index, name, value});
    }

    private static final Function TSM_RESPONSE_HEADERS = Bridge.function("tsm_response_headers");

    static long tsm_response_headers(long response, long length) {
        return TSM_RESPONSE_HEADERS.invokeLong(new Object[] {response, length});
    }

    private static final Function TSM_RESPONSE_BODY = Bridge.function("tsm_response_body");

    static long tsm_response_body(long response, long length) {
        return TSM_RESPONSE_BODY.invokeLong(new Object[] {response, length});
    }

    private static final Function TSM_RESPONSE_CHECK = Bridge.function("tsm_response_check");

    static int tsm_response_check(long response, long error) {
        return TSM_RESPONSE_CHECK.invokeInt(new Object[] {response, error});
    }

    private static final Function TSM_RESPONSE_FREE = Bridge.function("tsm_response_free");

    static void tsm_response_free(long response) {
        TSM_RESPONSE_FREE.invokeVoid(new Object[] {response});
    }

    private static final Function TSM_ERROR_STATUS = Bridge.function("tsm_error_status");

    static int tsm_error_status(long error) {
        return TSM_ERROR_STATUS.invokeInt(new Object[] {error});
    }

    private static final Function TSM_ERROR_CODE = Bridge.function("tsm_error_code");

    static long tsm_error_code(long error) {
        return TSM_ERROR_CODE.invokeLong(new Object[] {error});
    }

    private static final Function TSM_ERROR_MESSAGE = Bridge.function("tsm_error_message");

    static long tsm_error_message(long error) {
        return TSM_ERROR_MESSAGE.invokeLong(new Object[] {error});
    }

    private static final Function TSM_ERROR_TOKEN = Bridge.function("tsm_error_token");

    static int tsm_error_token(long error, long buffer, long capacity) {
        return TSM_ERROR_TOKEN.invokeInt(new Object[] {error, buffer, capacity});
    }

    private static final Function TSM_STATUS_RETRYABLE = Bridge.function("tsm_status_retryable");

    static int tsm_status_retryable(int status) {
        return TSM_STATUS_RETRYABLE.invokeInt(new Object[] {status});
    }

    private static final Function TSM_ERROR_HTTP_STATUS = Bridge.function("tsm_error_http_status");

    static int tsm_error_http_status(long error) {
        return TSM_ERROR_HTTP_STATUS.invokeInt(new Object[] {error});
    }

    private static final Function TSM_ERROR_RETRYABLE = Bridge.function("tsm_error_retryable");

    static int tsm_error_retryable(long error) {
        return TSM_ERROR_RETRYABLE.invokeInt(new Object[] {error});
    }

    private static final Function TSM_ERROR_RETRY_AFTER_MS = Bridge.function(
            "tsm_error_retry_after_ms");

    static long tsm_error_retry_after_ms(long error) {
        return TSM_ERROR_RETRY_AFTER_MS.invokeLong(new Object[] {error});
    }

    private static final Function TSM_ERROR_FREE = Bridge.function("tsm_error_free");

    static void tsm_error_free(long error) {
        TSM_ERROR_FREE.invokeVoid(new Object[] {error});
    }

    private static final Function TSM_STATUS_NAME = Bridge.function("tsm_status_name");

    static long tsm_status_name(int status) {
        return TSM_STATUS_NAME.invokeLong(new Object[] {status});
    }

    private static final Function TSM_VERSION = Bridge.function("tsm_version");

    static long tsm_version() {
        return TSM_VERSION.invokeLong(new Object[] {});
    }

    private static final Function TSM_ABI_VERSION = Bridge.function("tsm_abi_version");

    static int tsm_abi_version() {
        return TSM_ABI_VERSION.invokeInt(new Object[] {});
    }
}

// Made by `make generate` from the tables in Rust: change those.

package thingspace.session;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The C functions by their own names, over java.lang.foreign. */
final class Functions {
    private Functions() {}

    private static final MethodHandle TSM_CONFIG_NEW =
            Bridge.function("tsm_config_new", long.class);

    static long tsm_config_new() {
        try {
            return (long) TSM_CONFIG_NEW.invokeExact();
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CONFIG_SET =
            Bridge.function(
                    "tsm_config_set", int.class, long.class, long.class, long.class, long.class);

    static int tsm_config_set(long config, long option, long value, long error) {
        try {
            return (int) TSM_CONFIG_SET.invokeExact(config, option, value, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CONFIG_GET =
            Bridge.function(
                    "tsm_config_get", int.class, long.class, long.class, long.class, long.class,
                    long.class);

    static int tsm_config_get(long config, long option, long buffer, long capacity, long error) {
        try {
            return (int) TSM_CONFIG_GET.invokeExact(config, option, buffer, capacity, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CONFIG_LOAD_ENV =
            Bridge.function("tsm_config_load_env", int.class, long.class, long.class);

    static int tsm_config_load_env(long config, long error) {
        try {
            return (int) TSM_CONFIG_LOAD_ENV.invokeExact(config, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CONFIG_SET_LOG =
            Bridge.function(
                    "tsm_config_set_log", int.class, long.class, int.class, long.class, long.class);

    static int tsm_config_set_log(long config, int maxLevel, long callback, long context) {
        try {
            return (int) TSM_CONFIG_SET_LOG.invokeExact(config, maxLevel, callback, context);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CONFIG_FREE =
            Bridge.function("tsm_config_free", void.class, long.class);

    static void tsm_config_free(long config) {
        try {
            TSM_CONFIG_FREE.invokeExact(config);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CONFIG_SET_EVENT =
            Bridge.function(
                    "tsm_config_set_event", int.class, long.class, long.class, long.class,
                    long.class);

    static int tsm_config_set_event(long config, long callback, long context, long error) {
        try {
            return (int) TSM_CONFIG_SET_EVENT.invokeExact(config, callback, context, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_METRICS =
            Bridge.function(
                    "tsm_metrics", int.class, long.class, long.class, long.class, long.class);

    static int tsm_metrics(long session, long buffer, long capacity, long error) {
        try {
            return (int) TSM_METRICS.invokeExact(session, buffer, capacity, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_WAITED =
            Bridge.function("tsm_waited", int.class, long.class, long.class, long.class);

    static int tsm_waited(long session, long durationUs, long error) {
        try {
            return (int) TSM_WAITED.invokeExact(session, durationUs, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CALL_NEW =
            Bridge.function("tsm_call_new", long.class);

    static long tsm_call_new() {
        try {
            return (long) TSM_CALL_NEW.invokeExact();
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CALL_SET_TIMEOUT =
            Bridge.function("tsm_call_set_timeout", int.class, long.class, long.class);

    static int tsm_call_set_timeout(long call, long timeoutMs) {
        try {
            return (int) TSM_CALL_SET_TIMEOUT.invokeExact(call, timeoutMs);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CALL_SET_WAITED =
            Bridge.function("tsm_call_set_waited", int.class, long.class, long.class);

    static int tsm_call_set_waited(long call, long waitedMs) {
        try {
            return (int) TSM_CALL_SET_WAITED.invokeExact(call, waitedMs);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CALL_SET_INTERRUPT =
            Bridge.function(
                    "tsm_call_set_interrupt", int.class, long.class, long.class, long.class);

    static int tsm_call_set_interrupt(long call, long interrupt, long context) {
        try {
            return (int) TSM_CALL_SET_INTERRUPT.invokeExact(call, interrupt, context);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CALL_CANCEL =
            Bridge.function("tsm_call_cancel", int.class, long.class);

    static int tsm_call_cancel(long call) {
        try {
            return (int) TSM_CALL_CANCEL.invokeExact(call);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CALL_FREE =
            Bridge.function("tsm_call_free", void.class, long.class);

    static void tsm_call_free(long call) {
        try {
            TSM_CALL_FREE.invokeExact(call);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_PROXY =
            Bridge.function("tsm_proxy", int.class, long.class, long.class, long.class, long.class);

    static int tsm_proxy(long session, long buffer, long capacity, long error) {
        try {
            return (int) TSM_PROXY.invokeExact(session, buffer, capacity, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_LOGIN =
            Bridge.function("tsm_login", int.class, long.class, long.class, long.class, long.class);

    static int tsm_login(long config, long call, long session, long error) {
        try {
            return (int) TSM_LOGIN.invokeExact(config, call, session, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_OPEN =
            Bridge.function("tsm_open", int.class, long.class, long.class, long.class, long.class);

    static int tsm_open(long config, long call, long session, long error) {
        try {
            return (int) TSM_OPEN.invokeExact(config, call, session, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_TOKEN =
            Bridge.critical(
                    "tsm_token", int.class, long.class, MemorySegment.class, long.class,
                    long.class);

    static int tsm_token(long session, byte[] buffer, long capacity, long error) {
        try {
            return (int) TSM_TOKEN.invokeExact(
                    session, MemorySegment.ofArray(buffer), capacity, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_API_TOKEN =
            Bridge.function(
                    "tsm_api_token", int.class, long.class, long.class, long.class, long.class,
                    long.class);

    static int tsm_api_token(long session, long call, long buffer, long capacity, long error) {
        try {
            return (int) TSM_API_TOKEN.invokeExact(session, call, buffer, capacity, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_API_TOKEN_HELD =
            Bridge.function(
                    "tsm_api_token_held", int.class, long.class, long.class, long.class,
                    long.class);

    static int tsm_api_token_held(long session, long buffer, long capacity, long error) {
        try {
            return (int) TSM_API_TOKEN_HELD.invokeExact(session, buffer, capacity, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_RELOGIN =
            Bridge.function(
                    "tsm_relogin", int.class, long.class, long.class, long.class, long.class);

    static int tsm_relogin(long session, long call, long expiredToken, long error) {
        try {
            return (int) TSM_RELOGIN.invokeExact(session, call, expiredToken, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_RENEW_API_TOKEN =
            Bridge.function(
                    "tsm_renew_api_token", int.class, long.class, long.class, long.class,
                    long.class);

    static int tsm_renew_api_token(long session, long call, long rejectedToken, long error) {
        try {
            return (int) TSM_RENEW_API_TOKEN.invokeExact(session, call, rejectedToken, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_LOGOUT =
            Bridge.function("tsm_logout", int.class, long.class, long.class, long.class);

    static int tsm_logout(long session, long call, long error) {
        try {
            return (int) TSM_LOGOUT.invokeExact(session, call, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CANCEL =
            Bridge.function("tsm_cancel", int.class, long.class);

    static int tsm_cancel(long session) {
        try {
            return (int) TSM_CANCEL.invokeExact(session);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_SET_LOG_LEVEL =
            Bridge.function("tsm_set_log_level", int.class, long.class, int.class);

    static int tsm_set_log_level(long session, int maxLevel) {
        try {
            return (int) TSM_SET_LOG_LEVEL.invokeExact(session, maxLevel);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_FREE =
            Bridge.function("tsm_free", void.class, long.class);

    static void tsm_free(long session) {
        try {
            TSM_FREE.invokeExact(session);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_INFO =
            Bridge.function("tsm_info", int.class, long.class, long.class, long.class, long.class);

    static int tsm_info(long session, long buffer, long capacity, long error) {
        try {
            return (int) TSM_INFO.invokeExact(session, buffer, capacity, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_UNBLOCK =
            Bridge.function("tsm_unblock", int.class, long.class, long.class);

    static int tsm_unblock(long config, long error) {
        try {
            return (int) TSM_UNBLOCK.invokeExact(config, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_REQUEST =
            Bridge.function(
                    "tsm_request", int.class, long.class, long.class, long.class, long.class,
                    long.class, long.class, long.class, long.class, long.class);

    static int tsm_request(
            long session, long call, long method, long path, long headers, long body,
            long bodyLength, long response, long error) {
        try {
            return (int) TSM_REQUEST.invokeExact(
                    session, call, method, path, headers, body, bodyLength, response, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_SOAP_CALL =
            Bridge.function(
                    "tsm_soap_call", int.class, long.class, long.class, long.class, long.class,
                    long.class, long.class, long.class, long.class);

    static int tsm_soap_call(
            long session, long call, long service, long operation, long bodyXml, long bodyLength,
            long response, long error) {
        try {
            return (int) TSM_SOAP_CALL.invokeExact(
                    session, call, service, operation, bodyXml, bodyLength, response, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CHECK =
            Bridge.function("tsm_check", int.class, int.class, long.class, long.class, long.class);

    static int tsm_check(int httpStatus, long body, long bodyLength, long error) {
        try {
            return (int) TSM_CHECK.invokeExact(httpStatus, body, bodyLength, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_CHECK_ANSWER =
            Bridge.function(
                    "tsm_check_answer", int.class, int.class, long.class, long.class, long.class,
                    long.class);

    static int tsm_check_answer(
            int httpStatus, long retryAfter, long body, long bodyLength, long error) {
        try {
            return (int) TSM_CHECK_ANSWER.invokeExact(
                    httpStatus, retryAfter, body, bodyLength, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_NEW =
            Bridge.function(
                    "tsm_exchange_new", int.class, long.class, long.class, long.class, long.class);

    static int tsm_exchange_new(long session, long url, long exchange, long error) {
        try {
            return (int) TSM_EXCHANGE_NEW.invokeExact(session, url, exchange, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_REQUEST =
            Bridge.function(
                    "tsm_exchange_request", int.class, long.class, long.class, long.class,
                    long.class, int.class, long.class, long.class);

    static int tsm_exchange_request(
            long session, long method, long path, long headers, int hasBody, long exchange,
            long error) {
        try {
            return (int) TSM_EXCHANGE_REQUEST.invokeExact(
                    session, method, path, headers, hasBody, exchange, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_SOAP_CALL =
            Bridge.function(
                    "tsm_exchange_soap_call", int.class, long.class, long.class, long.class,
                    long.class, long.class, long.class, long.class);

    static int tsm_exchange_soap_call(
            long session, long service, long operation, long bodyXml, long bodyLength,
            long exchange, long error) {
        try {
            return (int) TSM_EXCHANGE_SOAP_CALL.invokeExact(
                    session, service, operation, bodyXml, bodyLength, exchange, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_HEAD =
            Bridge.function("tsm_exchange_head", long.class, long.class, long.class);

    static long tsm_exchange_head(long exchange, long length) {
        try {
            return (long) TSM_EXCHANGE_HEAD.invokeExact(exchange, length);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_BODY =
            Bridge.function("tsm_exchange_body", long.class, long.class, long.class);

    static long tsm_exchange_body(long exchange, long length) {
        try {
            return (long) TSM_EXCHANGE_BODY.invokeExact(exchange, length);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_TOKENS =
            Bridge.function(
                    "tsm_exchange_tokens", int.class, long.class, long.class, long.class,
                    long.class, long.class, long.class, long.class);

    static int tsm_exchange_tokens(
            long exchange, long sessionToken, long sessionTokenCapacity, long apiToken,
            long apiTokenCapacity, long next, long error) {
        try {
            return (int) TSM_EXCHANGE_TOKENS.invokeExact(
                    exchange, sessionToken, sessionTokenCapacity, apiToken, apiTokenCapacity, next,
                    error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_BODY_MAX =
            Bridge.function("tsm_exchange_body_max", long.class, long.class, int.class);

    static long tsm_exchange_body_max(long exchange, int httpStatus) {
        try {
            return (long) TSM_EXCHANGE_BODY_MAX.invokeExact(exchange, httpStatus);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_ANSWERED =
            Bridge.function(
                    "tsm_exchange_answered", int.class, long.class, int.class, long.class,
                    long.class, long.class, long.class);

    static int tsm_exchange_answered(
            long exchange, int httpStatus, long body, long bodyLength, long next, long error) {
        try {
            return (int) TSM_EXCHANGE_ANSWERED.invokeExact(
                    exchange, httpStatus, body, bodyLength, next, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_AGAIN =
            Bridge.function("tsm_exchange_again", int.class, long.class);

    static int tsm_exchange_again(long exchange) {
        try {
            return (int) TSM_EXCHANGE_AGAIN.invokeExact(exchange);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_REQUEST_AGAIN =
            Bridge.function(
                    "tsm_exchange_request_again", int.class, long.class, long.class, long.class,
                    long.class, int.class);

    static int tsm_exchange_request_again(
            long exchange, long method, long path, long headers, int hasBody) {
        try {
            return (int) TSM_EXCHANGE_REQUEST_AGAIN.invokeExact(
                    exchange, method, path, headers, hasBody);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_DUE =
            Bridge.function("tsm_exchange_due", int.class, long.class);

    static int tsm_exchange_due(long exchange) {
        try {
            return (int) TSM_EXCHANGE_DUE.invokeExact(exchange);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_RENEW =
            Bridge.function(
                    "tsm_exchange_renew", int.class, long.class, long.class, int.class, long.class);

    static int tsm_exchange_renew(long exchange, long call, int canResend, long error) {
        try {
            return (int) TSM_EXCHANGE_RENEW.invokeExact(exchange, call, canResend, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_EXCHANGE_FREE =
            Bridge.function("tsm_exchange_free", void.class, long.class);

    static void tsm_exchange_free(long exchange) {
        try {
            TSM_EXCHANGE_FREE.invokeExact(exchange);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_RESPONSE_STATUS =
            Bridge.function("tsm_response_status", int.class, long.class);

    static int tsm_response_status(long response) {
        try {
            return (int) TSM_RESPONSE_STATUS.invokeExact(response);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_RESPONSE_HEADER =
            Bridge.function("tsm_response_header", long.class, long.class, long.class);

    static long tsm_response_header(long response, long name) {
        try {
            return (long) TSM_RESPONSE_HEADER.invokeExact(response, name);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_RESPONSE_HEADER_AT =
            Bridge.function(
                    "tsm_response_header_at", int.class, long.class, long.class, long.class,
                    long.class);

    static int tsm_response_header_at(long response, long index, long name, long value) {
        try {
            return (int) TSM_RESPONSE_HEADER_AT.invokeExact(response, index, name, value);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_RESPONSE_HEADERS =
            Bridge.function("tsm_response_headers", long.class, long.class, long.class);

    static long tsm_response_headers(long response, long length) {
        try {
            return (long) TSM_RESPONSE_HEADERS.invokeExact(response, length);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_RESPONSE_BODY =
            Bridge.function("tsm_response_body", long.class, long.class, long.class);

    static long tsm_response_body(long response, long length) {
        try {
            return (long) TSM_RESPONSE_BODY.invokeExact(response, length);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_RESPONSE_CHECK =
            Bridge.function("tsm_response_check", int.class, long.class, long.class);

    static int tsm_response_check(long response, long error) {
        try {
            return (int) TSM_RESPONSE_CHECK.invokeExact(response, error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_RESPONSE_FREE =
            Bridge.function("tsm_response_free", void.class, long.class);

    static void tsm_response_free(long response) {
        try {
            TSM_RESPONSE_FREE.invokeExact(response);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_ERROR_STATUS =
            Bridge.function("tsm_error_status", int.class, long.class);

    static int tsm_error_status(long error) {
        try {
            return (int) TSM_ERROR_STATUS.invokeExact(error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_ERROR_CODE =
            Bridge.function("tsm_error_code", long.class, long.class);

    static long tsm_error_code(long error) {
        try {
            return (long) TSM_ERROR_CODE.invokeExact(error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_ERROR_MESSAGE =
            Bridge.function("tsm_error_message", long.class, long.class);

    static long tsm_error_message(long error) {
        try {
            return (long) TSM_ERROR_MESSAGE.invokeExact(error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_ERROR_TOKEN =
            Bridge.function("tsm_error_token", int.class, long.class, long.class, long.class);

    static int tsm_error_token(long error, long buffer, long capacity) {
        try {
            return (int) TSM_ERROR_TOKEN.invokeExact(error, buffer, capacity);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_STATUS_RETRYABLE =
            Bridge.function("tsm_status_retryable", int.class, int.class);

    static int tsm_status_retryable(int status) {
        try {
            return (int) TSM_STATUS_RETRYABLE.invokeExact(status);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_ERROR_HTTP_STATUS =
            Bridge.function("tsm_error_http_status", int.class, long.class);

    static int tsm_error_http_status(long error) {
        try {
            return (int) TSM_ERROR_HTTP_STATUS.invokeExact(error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_ERROR_RETRYABLE =
            Bridge.function("tsm_error_retryable", int.class, long.class);

    static int tsm_error_retryable(long error) {
        try {
            return (int) TSM_ERROR_RETRYABLE.invokeExact(error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_ERROR_RETRY_AFTER_MS =
            Bridge.function("tsm_error_retry_after_ms", long.class, long.class);

    static long tsm_error_retry_after_ms(long error) {
        try {
            return (long) TSM_ERROR_RETRY_AFTER_MS.invokeExact(error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_ERROR_FREE =
            Bridge.function("tsm_error_free", void.class, long.class);

    static void tsm_error_free(long error) {
        try {
            TSM_ERROR_FREE.invokeExact(error);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_STATUS_NAME =
            Bridge.function("tsm_status_name", long.class, int.class);

    static long tsm_status_name(int status) {
        try {
            return (long) TSM_STATUS_NAME.invokeExact(status);
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_VERSION =
            Bridge.function("tsm_version", long.class);

    static long tsm_version() {
        try {
            return (long) TSM_VERSION.invokeExact();
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }

    private static final MethodHandle TSM_ABI_VERSION =
            Bridge.function("tsm_abi_version", int.class);

    static int tsm_abi_version() {
        try {
            return (int) TSM_ABI_VERSION.invokeExact();
        } catch (Throwable e) {
            throw Bridge.unexpected(e);
        }
    }
}

// Made by `make generate` from the tables in Rust: change those.

package thingspace.session;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The functions of the C API for {@code java.lang.foreign}, by their own names. Handles are
 * numbers, so no segment outlives a call. Each is linked when it is first called.
 */
final class FfmFunctions {
    private FfmFunctions() {}

    private static final class TsmConfigNew {
        static final MethodHandle HANDLE = linked("tsm_config_new",
                FunctionDescriptor.of(JAVA_LONG));
    }

    static long tsm_config_new() {
        try {
            return (long) TsmConfigNew.HANDLE.invokeExact();
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmConfigSet {
        static final MethodHandle HANDLE = linked("tsm_config_set",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS));
    }

    static int tsm_config_set(
            long config, MemorySegment option, MemorySegment value, MemorySegment error) {
        try {
            return (int) TsmConfigSet.HANDLE.invokeExact(config, option, value, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmConfigGet {
        static final MethodHandle HANDLE = linked("tsm_config_get",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
    }

    static int tsm_config_get(
            long config, MemorySegment option, MemorySegment buffer, long capacity,
            MemorySegment error) {
        try {
            return (int) TsmConfigGet.HANDLE.invokeExact(config, option, buffer, capacity,
                    error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmConfigLoadEnv {
        static final MethodHandle HANDLE = linked("tsm_config_load_env",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS));
    }

    static int tsm_config_load_env(long config, MemorySegment error) {
        try {
            return (int) TsmConfigLoadEnv.HANDLE.invokeExact(config, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmConfigSetLog {
        static final MethodHandle HANDLE = linked("tsm_config_set_log",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    }

    static int tsm_config_set_log(long config, int maxLevel, MemorySegment callback, long context) {
        try {
            return (int) TsmConfigSetLog.HANDLE.invokeExact(config, maxLevel, callback,
                    context);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmConfigFree {
        static final MethodHandle HANDLE = linked("tsm_config_free",
                FunctionDescriptor.ofVoid(JAVA_LONG));
    }

    static void tsm_config_free(long config) {
        try {
            TsmConfigFree.HANDLE.invokeExact(config);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmConfigSetEvent {
        static final MethodHandle HANDLE = linked("tsm_config_set_event",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS));
    }

    static int tsm_config_set_event(
            long config, MemorySegment callback, long context, MemorySegment error) {
        try {
            return (int) TsmConfigSetEvent.HANDLE.invokeExact(config, callback, context, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmMetrics {
        static final MethodHandle HANDLE = linked("tsm_metrics",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS));
    }

    static int tsm_metrics(long session, MemorySegment buffer, long capacity, MemorySegment error) {
        try {
            return (int) TsmMetrics.HANDLE.invokeExact(session, buffer, capacity, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmCallNew {
        static final MethodHandle HANDLE = linked("tsm_call_new",
                FunctionDescriptor.of(JAVA_LONG));
    }

    static long tsm_call_new() {
        try {
            return (long) TsmCallNew.HANDLE.invokeExact();
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmCallSetTimeout {
        static final MethodHandle HANDLE = linked("tsm_call_set_timeout",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    }

    static int tsm_call_set_timeout(long call, long timeoutMs) {
        try {
            return (int) TsmCallSetTimeout.HANDLE.invokeExact(call, timeoutMs);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmCallSetInterrupt {
        static final MethodHandle HANDLE = linked("tsm_call_set_interrupt",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG));
    }

    static int tsm_call_set_interrupt(long call, MemorySegment interrupt, long context) {
        try {
            return (int) TsmCallSetInterrupt.HANDLE.invokeExact(call, interrupt, context);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmCallCancel {
        static final MethodHandle HANDLE = linked("tsm_call_cancel",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    }

    static int tsm_call_cancel(long call) {
        try {
            return (int) TsmCallCancel.HANDLE.invokeExact(call);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmCallFree {
        static final MethodHandle HANDLE = linked("tsm_call_free",
                FunctionDescriptor.ofVoid(JAVA_LONG));
    }

    static void tsm_call_free(long call) {
        try {
            TsmCallFree.HANDLE.invokeExact(call);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmProxy {
        static final MethodHandle HANDLE = linked("tsm_proxy",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS));
    }

    static int tsm_proxy(long session, MemorySegment buffer, long capacity, MemorySegment error) {
        try {
            return (int) TsmProxy.HANDLE.invokeExact(session, buffer, capacity, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmLogin {
        static final MethodHandle HANDLE = linked("tsm_login",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS));
    }

    static int tsm_login(long config, long call, MemorySegment session, MemorySegment error) {
        try {
            return (int) TsmLogin.HANDLE.invokeExact(config, call, session, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmOpen {
        static final MethodHandle HANDLE = linked("tsm_open",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS));
    }

    static int tsm_open(long config, long call, MemorySegment session, MemorySegment error) {
        try {
            return (int) TsmOpen.HANDLE.invokeExact(config, call, session, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmToken {
        static final MethodHandle HANDLE = critical("tsm_token",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS));
    }

    static int tsm_token(long session, MemorySegment buffer, long capacity, MemorySegment error) {
        try {
            return (int) TsmToken.HANDLE.invokeExact(session, buffer, capacity, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmApiToken {
        static final MethodHandle HANDLE = linked("tsm_api_token",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS));
    }

    static int tsm_api_token(
            long session, long call, MemorySegment buffer, long capacity, MemorySegment error) {
        try {
            return (int) TsmApiToken.HANDLE.invokeExact(session, call, buffer, capacity, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmApiTokenHeld {
        static final MethodHandle HANDLE = linked("tsm_api_token_held",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS));
    }

    static int tsm_api_token_held(
            long session, MemorySegment buffer, long capacity, MemorySegment error) {
        try {
            return (int) TsmApiTokenHeld.HANDLE.invokeExact(session, buffer, capacity, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmRelogin {
        static final MethodHandle HANDLE = linked("tsm_relogin",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS));
    }

    static int tsm_relogin(
            long session, long call, MemorySegment expiredToken, MemorySegment error) {
        try {
            return (int) TsmRelogin.HANDLE.invokeExact(session, call, expiredToken, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmRenewApiToken {
        static final MethodHandle HANDLE = linked("tsm_renew_api_token",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS));
    }

    static int tsm_renew_api_token(
            long session, long call, MemorySegment rejectedToken, MemorySegment error) {
        try {
            return (int) TsmRenewApiToken.HANDLE.invokeExact(session, call, rejectedToken,
                    error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmLogout {
        static final MethodHandle HANDLE = linked("tsm_logout",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS));
    }

    static int tsm_logout(long session, long call, MemorySegment error) {
        try {
            return (int) TsmLogout.HANDLE.invokeExact(session, call, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmCancel {
        static final MethodHandle HANDLE = linked("tsm_cancel",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    }

    static int tsm_cancel(long session) {
        try {
            return (int) TsmCancel.HANDLE.invokeExact(session);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmSetLogLevel {
        static final MethodHandle HANDLE = linked("tsm_set_log_level",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
    }

    static int tsm_set_log_level(long session, int maxLevel) {
        try {
            return (int) TsmSetLogLevel.HANDLE.invokeExact(session, maxLevel);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmFree {
        static final MethodHandle HANDLE = linked("tsm_free",
                FunctionDescriptor.ofVoid(JAVA_LONG));
    }

    static void tsm_free(long session) {
        try {
            TsmFree.HANDLE.invokeExact(session);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmInfo {
        static final MethodHandle HANDLE = linked("tsm_info",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS));
    }

    static int tsm_info(long session, MemorySegment buffer, long capacity, MemorySegment error) {
        try {
            return (int) TsmInfo.HANDLE.invokeExact(session, buffer, capacity, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmUnblock {
        static final MethodHandle HANDLE = linked("tsm_unblock",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS));
    }

    static int tsm_unblock(long config, MemorySegment error) {
        try {
            return (int) TsmUnblock.HANDLE.invokeExact(config, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmRequest {
        static final MethodHandle HANDLE = linked("tsm_request",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS,
                ADDRESS, JAVA_LONG, ADDRESS, ADDRESS));
    }

    static int tsm_request(
            long session, long call, MemorySegment method, MemorySegment path,
            MemorySegment headers, MemorySegment body, long bodyLength, MemorySegment response,
            MemorySegment error) {
        try {
            return (int) TsmRequest.HANDLE.invokeExact(session, call, method, path, headers,
                    body, bodyLength, response, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmSoapCall {
        static final MethodHandle HANDLE = linked("tsm_soap_call",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS,
                JAVA_LONG, ADDRESS, ADDRESS));
    }

    static int tsm_soap_call(
            long session, long call, MemorySegment service, MemorySegment operation,
            MemorySegment bodyXml, long bodyLength, MemorySegment response,
            MemorySegment error) {
        try {
            return (int) TsmSoapCall.HANDLE.invokeExact(session, call, service, operation,
                    bodyXml, bodyLength, response, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmCheck {
        static final MethodHandle HANDLE = linked("tsm_check",
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS));
    }

    static int tsm_check(int httpStatus, MemorySegment body, long bodyLength, MemorySegment error) {
        try {
            return (int) TsmCheck.HANDLE.invokeExact(httpStatus, body, bodyLength, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmCheckAnswer {
        static final MethodHandle HANDLE = linked("tsm_check_answer",
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
    }

    static int tsm_check_answer(
            int httpStatus, MemorySegment retryAfter, MemorySegment body, long bodyLength,
            MemorySegment error) {
        try {
            return (int) TsmCheckAnswer.HANDLE.invokeExact(httpStatus, retryAfter, body,
                    bodyLength, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmExchangeNew {
        static final MethodHandle HANDLE = linked("tsm_exchange_new",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS));
    }

    static int tsm_exchange_new(
            long session, MemorySegment url, MemorySegment exchange, MemorySegment error) {
        try {
            return (int) TsmExchangeNew.HANDLE.invokeExact(session, url, exchange, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmExchangeRequest {
        static final MethodHandle HANDLE = linked("tsm_exchange_request",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_INT,
                ADDRESS, ADDRESS));
    }

    static int tsm_exchange_request(
            long session, MemorySegment method, MemorySegment path, MemorySegment headers,
            int hasBody, MemorySegment exchange, MemorySegment error) {
        try {
            return (int) TsmExchangeRequest.HANDLE.invokeExact(session, method, path, headers,
                    hasBody, exchange, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmExchangeSoapCall {
        static final MethodHandle HANDLE = linked("tsm_exchange_soap_call",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG,
                ADDRESS, ADDRESS));
    }

    static int tsm_exchange_soap_call(
            long session, MemorySegment service, MemorySegment operation, MemorySegment bodyXml,
            long bodyLength, MemorySegment exchange, MemorySegment error) {
        try {
            return (int) TsmExchangeSoapCall.HANDLE.invokeExact(session, service, operation,
                    bodyXml, bodyLength, exchange, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmExchangeHead {
        static final MethodHandle HANDLE = linked("tsm_exchange_head",
                FunctionDescriptor.of(ADDRESS, JAVA_LONG, ADDRESS));
    }

    static MemorySegment tsm_exchange_head(long exchange, MemorySegment length) {
        try {
            return (MemorySegment) TsmExchangeHead.HANDLE.invokeExact(exchange, length);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmExchangeBody {
        static final MethodHandle HANDLE = linked("tsm_exchange_body",
                FunctionDescriptor.of(ADDRESS, JAVA_LONG, ADDRESS));
    }

    static MemorySegment tsm_exchange_body(long exchange, MemorySegment length) {
        try {
            return (MemorySegment) TsmExchangeBody.HANDLE.invokeExact(exchange, length);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmExchangeTokens {
        static final MethodHandle HANDLE = linked("tsm_exchange_tokens",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG,
                ADDRESS, ADDRESS));
    }

    static int tsm_exchange_tokens(
            long exchange, MemorySegment sessionToken, long sessionTokenCapacity,
            MemorySegment apiToken, long apiTokenCapacity, MemorySegment next,
            MemorySegment error) {
        try {
            return (int) TsmExchangeTokens.HANDLE.invokeExact(exchange, sessionToken,
                    sessionTokenCapacity, apiToken, apiTokenCapacity, next, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmExchangeBodyMax {
        static final MethodHandle HANDLE = linked("tsm_exchange_body_max",
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT));
    }

    static long tsm_exchange_body_max(long exchange, int httpStatus) {
        try {
            return (long) TsmExchangeBodyMax.HANDLE.invokeExact(exchange, httpStatus);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmExchangeAnswered {
        static final MethodHandle HANDLE = linked("tsm_exchange_answered",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS,
                ADDRESS));
    }

    static int tsm_exchange_answered(
            long exchange, int httpStatus, MemorySegment body, long bodyLength,
            MemorySegment next, MemorySegment error) {
        try {
            return (int) TsmExchangeAnswered.HANDLE.invokeExact(exchange, httpStatus, body,
                    bodyLength, next, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmExchangeDue {
        static final MethodHandle HANDLE = linked("tsm_exchange_due",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    }

    static int tsm_exchange_due(long exchange) {
        try {
            return (int) TsmExchangeDue.HANDLE.invokeExact(exchange);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmExchangeRenew {
        static final MethodHandle HANDLE = linked("tsm_exchange_renew",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS));
    }

    static int tsm_exchange_renew(long exchange, long call, int canResend, MemorySegment error) {
        try {
            return (int) TsmExchangeRenew.HANDLE.invokeExact(exchange, call, canResend, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmExchangeFree {
        static final MethodHandle HANDLE = linked("tsm_exchange_free",
                FunctionDescriptor.ofVoid(JAVA_LONG));
    }

    static void tsm_exchange_free(long exchange) {
        try {
            TsmExchangeFree.HANDLE.invokeExact(exchange);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmResponseStatus {
        static final MethodHandle HANDLE = linked("tsm_response_status",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    }

    static int tsm_response_status(long response) {
        try {
            return (int) TsmResponseStatus.HANDLE.invokeExact(response);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmResponseHeader {
        static final MethodHandle HANDLE = linked("tsm_response_header",
                FunctionDescriptor.of(ADDRESS, JAVA_LONG, ADDRESS));
    }

    static MemorySegment tsm_response_header(long response, MemorySegment name) {
        try {
            return (MemorySegment) TsmResponseHeader.HANDLE.invokeExact(response, name);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmResponseHeaderAt {
        static final MethodHandle HANDLE = linked("tsm_response_header_at",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS));
    }

    static int tsm_response_header_at(
            long response, long index, MemorySegment name, MemorySegment value) {
        try {
            return (int) TsmResponseHeaderAt.HANDLE.invokeExact(response, index, name, value);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmResponseHeaders {
        static final MethodHandle HANDLE = linked("tsm_response_headers",
                FunctionDescriptor.of(ADDRESS, JAVA_LONG, ADDRESS));
    }

    static MemorySegment tsm_response_headers(long response, MemorySegment length) {
        try {
            return (MemorySegment) TsmResponseHeaders.HANDLE.invokeExact(response, length);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmResponseBody {
        static final MethodHandle HANDLE = linked("tsm_response_body",
                FunctionDescriptor.of(ADDRESS, JAVA_LONG, ADDRESS));
    }

    static MemorySegment tsm_response_body(long response, MemorySegment length) {
        try {
            return (MemorySegment) TsmResponseBody.HANDLE.invokeExact(response, length);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmResponseCheck {
        static final MethodHandle HANDLE = linked("tsm_response_check",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS));
    }

    static int tsm_response_check(long response, MemorySegment error) {
        try {
            return (int) TsmResponseCheck.HANDLE.invokeExact(response, error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmResponseFree {
        static final MethodHandle HANDLE = linked("tsm_response_free",
                FunctionDescriptor.ofVoid(JAVA_LONG));
    }

    static void tsm_response_free(long response) {
        try {
            TsmResponseFree.HANDLE.invokeExact(response);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmErrorStatus {
        static final MethodHandle HANDLE = linked("tsm_error_status",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    }

    static int tsm_error_status(long error) {
        try {
            return (int) TsmErrorStatus.HANDLE.invokeExact(error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmErrorCode {
        static final MethodHandle HANDLE = linked("tsm_error_code",
                FunctionDescriptor.of(ADDRESS, JAVA_LONG));
    }

    static MemorySegment tsm_error_code(long error) {
        try {
            return (MemorySegment) TsmErrorCode.HANDLE.invokeExact(error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmErrorMessage {
        static final MethodHandle HANDLE = linked("tsm_error_message",
                FunctionDescriptor.of(ADDRESS, JAVA_LONG));
    }

    static MemorySegment tsm_error_message(long error) {
        try {
            return (MemorySegment) TsmErrorMessage.HANDLE.invokeExact(error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmErrorToken {
        static final MethodHandle HANDLE = linked("tsm_error_token",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG));
    }

    static int tsm_error_token(long error, MemorySegment buffer, long capacity) {
        try {
            return (int) TsmErrorToken.HANDLE.invokeExact(error, buffer, capacity);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmStatusRetryable {
        static final MethodHandle HANDLE = linked("tsm_status_retryable",
                FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    }

    static int tsm_status_retryable(int status) {
        try {
            return (int) TsmStatusRetryable.HANDLE.invokeExact(status);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmErrorHttpStatus {
        static final MethodHandle HANDLE = linked("tsm_error_http_status",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    }

    static int tsm_error_http_status(long error) {
        try {
            return (int) TsmErrorHttpStatus.HANDLE.invokeExact(error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmErrorRetryable {
        static final MethodHandle HANDLE = linked("tsm_error_retryable",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    }

    static int tsm_error_retryable(long error) {
        try {
            return (int) TsmErrorRetryable.HANDLE.invokeExact(error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmErrorRetryAfterMs {
        static final MethodHandle HANDLE = linked("tsm_error_retry_after_ms",
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
    }

    static long tsm_error_retry_after_ms(long error) {
        try {
            return (long) TsmErrorRetryAfterMs.HANDLE.invokeExact(error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmErrorFree {
        static final MethodHandle HANDLE = linked("tsm_error_free",
                FunctionDescriptor.ofVoid(JAVA_LONG));
    }

    static void tsm_error_free(long error) {
        try {
            TsmErrorFree.HANDLE.invokeExact(error);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmStatusName {
        static final MethodHandle HANDLE = linked("tsm_status_name",
                FunctionDescriptor.of(ADDRESS, JAVA_INT));
    }

    static MemorySegment tsm_status_name(int status) {
        try {
            return (MemorySegment) TsmStatusName.HANDLE.invokeExact(status);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmVersion {
        static final MethodHandle HANDLE = linked("tsm_version",
                FunctionDescriptor.of(ADDRESS));
    }

    static MemorySegment tsm_version() {
        try {
            return (MemorySegment) TsmVersion.HANDLE.invokeExact();
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static final class TsmAbiVersion {
        static final MethodHandle HANDLE = linked("tsm_abi_version",
                FunctionDescriptor.of(JAVA_INT));
    }

    static int tsm_abi_version() {
        try {
            return (int) TsmAbiVersion.HANDLE.invokeExact();
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle linked(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(NativeLibrary.symbol(name), descriptor);
    }

    /** Of a function that calls nothing back and ends at once: it may work on Java's arrays. */
    @SuppressWarnings("restricted")
    private static MethodHandle critical(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(
                NativeLibrary.symbol(name), descriptor, Linker.Option.critical(true));
    }

    /** C functions throw nothing: only what the virtual machine itself throws comes here. */
    private static RuntimeException unexpected(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        return thrown instanceof RuntimeException exception
                ? exception : new IllegalStateException(thrown);
    }
}

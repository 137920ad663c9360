// Made by `make generate` from the tables in Rust: change those.

package thingspace.session;

/** The C functions by their own names, over JNA. */
final class Functions {
    static {
        Bridge.register(Functions.class);
    }

    private Functions() {}

    static native long tsm_config_new();

    static native int tsm_config_set(long config, long option, long value, long error);

    static native int tsm_config_get(
            long config, long option, long buffer, long capacity, long error);

    static native int tsm_config_load_env(long config, long error);

    static native int tsm_config_set_log(long config, int maxLevel, long callback, long context);

    static native void tsm_config_free(long config);

    static native int tsm_config_set_event(long config, long callback, long context, long error);

    static native int tsm_metrics(long session, long buffer, long capacity, long error);

    static native long tsm_call_new();

    static native int tsm_call_set_timeout(long call, long timeoutMs);

    static native int tsm_call_set_interrupt(long call, long interrupt, long context);

    static native int tsm_call_cancel(long call);

    static native void tsm_call_free(long call);

    static native int tsm_proxy(long session, long buffer, long capacity, long error);

    static native int tsm_login(long config, long call, long session, long error);

    static native int tsm_open(long config, long call, long session, long error);

    static native int tsm_token(long session, byte[] buffer, long capacity, long error);

    static native int tsm_api_token(
            long session, long call, long buffer, long capacity, long error);

    static native int tsm_api_token_held(long session, long buffer, long capacity, long error);

    static native int tsm_relogin(long session, long call, long expiredToken, long error);

    static native int tsm_renew_api_token(long session, long call, long rejectedToken, long error);

    static native int tsm_logout(long session, long call, long error);

    static native int tsm_cancel(long session);

    static native int tsm_set_log_level(long session, int maxLevel);

    static native void tsm_free(long session);

    static native int tsm_info(long session, long buffer, long capacity, long error);

    static native int tsm_unblock(long config, long error);

    static native int tsm_request(
            long session, long call, long method, long path, long headers, long body,
            long bodyLength, long response, long error);

    static native int tsm_soap_call(
            long session, long call, long service, long operation, long bodyXml, long bodyLength,
            long response, long error);

    static native int tsm_check(int httpStatus, long body, long bodyLength, long error);

    static native int tsm_check_answer(
            int httpStatus, long retryAfter, long body, long bodyLength, long error);

    static native int tsm_exchange_new(long session, long url, long exchange, long error);

    static native int tsm_exchange_request(
            long session, long method, long path, long headers, int hasBody, long exchange,
            long error);

    static native int tsm_exchange_soap_call(
            long session, long service, long operation, long bodyXml, long bodyLength,
            long exchange, long error);

    static native long tsm_exchange_head(long exchange, long length);

    static native long tsm_exchange_body(long exchange, long length);

    static native int tsm_exchange_tokens(
            long exchange, long sessionToken, long sessionTokenCapacity, long apiToken,
            long apiTokenCapacity, long next, long error);

    static native long tsm_exchange_body_max(long exchange, int httpStatus);

    static native int tsm_exchange_answered(
            long exchange, int httpStatus, long body, long bodyLength, long next, long error);

    static native int tsm_exchange_due(long exchange);

    static native int tsm_exchange_renew(long exchange, long call, int canResend, long error);

    static native void tsm_exchange_free(long exchange);

    static native int tsm_response_status(long response);

    static native long tsm_response_header(long response, long name);

    static native int tsm_response_header_at(long response, long index, long name, long value);

    static native long tsm_response_headers(long response, long length);

    static native long tsm_response_body(long response, long length);

    static native int tsm_response_check(long response, long error);

    static native void tsm_response_free(long response);

    static native int tsm_error_status(long error);

    static native long tsm_error_code(long error);

    static native long tsm_error_message(long error);

    static native int tsm_error_token(long error, long buffer, long capacity);

    static native int tsm_status_retryable(int status);

    static native int tsm_error_http_status(long error);

    static native int tsm_error_retryable(long error);

    static native long tsm_error_retry_after_ms(long error);

    static native void tsm_error_free(long error);

    static native long tsm_status_name(int status);

    static native long tsm_version();

    static native int tsm_abi_version();
}

/* Whatever is passed for a handle, no function does worse than TSM_E_INVALID_HANDLE; and freeing is
 * always harmless. */

#include "check.h"

static void config_is_refused(void *bad)
{
    tsm_config *config = bad;
    tsm_session *session = NULL;
    tsm_error *error = NULL;

    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_config_set(config, "username", "x", &error), error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_config_get(config, "username", NULL, 0, &error), error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_config_load_env(config, &error), error);
    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_config_set_log(config, 5, NULL, NULL));
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_login(config, NULL, &session, &error), error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_open(config, NULL, &session, &error), error);
    CHECK(session == NULL);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_unblock(config, &error), error);
    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_config_set(config, NULL, NULL, NULL));
    tsm_config_free(config);
}

static void call_is_refused(void *bad)
{
    tsm_call *call = bad;

    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_call_set_timeout(call, 1));
    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_call_set_waited(call, 1));
    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_call_set_interrupt(call, NULL, NULL));
    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_call_cancel(call));
    tsm_call_free(call);
}

static void session_is_refused(void *bad)
{
    tsm_session *session = bad;
    tsm_exchange *exchange = NULL;
    tsm_response *response = NULL;
    tsm_error *error = NULL;
    char buffer[TSM_INFO_MAX];

    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_token(session, buffer, sizeof buffer, &error), error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_api_token(session, NULL, buffer, sizeof buffer, &error),
                error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_relogin(session, NULL, NULL, &error), error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_renew_api_token(session, NULL, NULL, &error), error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_api_token_held(session, buffer, sizeof buffer, &error),
                error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_exchange_new(session, NULL, &exchange, &error), error);
    CHECK(exchange == NULL);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_logout(session, NULL, &error), error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_info(session, buffer, sizeof buffer, &error), error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE,
                tsm_request(session, NULL, "GET", "/x", NULL, NULL, 0, &response, &error), error);
    CHECK_FAILS(
        TSM_E_INVALID_HANDLE,
        tsm_soap_call(session, NULL, "DeviceService", "GetDeviceList", NULL, 0, &response, &error),
        error);
    CHECK(response == NULL);
    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_cancel(session));
    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_set_log_level(session, 5));
    tsm_free(session);
}

static void exchange_is_refused(void *bad)
{
    tsm_exchange *exchange = bad;
    tsm_error *error = NULL;
    char token[TSM_TOKEN_MAX], api_token[TSM_API_TOKEN_MAX];
    int32_t next = TSM_NEXT_SEND;

    CHECK_FAILS(TSM_E_INVALID_HANDLE,
                tsm_exchange_tokens(exchange, token, sizeof token, api_token, sizeof api_token,
                                    &next, &error),
                error);
    CHECK_INT(TSM_NEXT_DONE, next);
    CHECK_INT(0, tsm_exchange_body_max(exchange, 400));
    CHECK_INT(0, tsm_exchange_again(exchange));
    CHECK_INT(0, tsm_exchange_request_again(exchange, "GET", "/", NULL, 0));
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_exchange_answered(exchange, 400, NULL, 0, &next, &error),
                error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_exchange_renew(exchange, NULL, 1, &error), error);
    tsm_exchange_free(exchange);
}

static void response_is_refused(void *bad)
{
    tsm_response *response = bad;
    tsm_error *error = NULL;
    const char *name = "untouched", *value = "untouched";
    size_t length = 7;

    CHECK_INT(0, tsm_response_status(response));
    CHECK(tsm_response_header(response, "Content-Type") == NULL);
    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_response_header_at(response, 0, &name, &value));
    CHECK(tsm_response_headers(response, &length) == NULL);
    CHECK_INT(0, length);
    length = 7;
    CHECK(tsm_response_body(response, &length) == NULL);
    CHECK_INT(0, length);
    CHECK(tsm_response_body(response, NULL) == NULL);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_response_check(response, &error), error);
    tsm_response_free(response);
}

static void error_is_refused(void *bad)
{
    tsm_error *error = bad;
    char buffer[TSM_TOKEN_MAX];

    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_error_status(error));
    CHECK_TEXT("", tsm_error_code(error));
    CHECK_TEXT("", tsm_error_message(error));
    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_error_token(error, buffer, sizeof buffer));
    CHECK_INT(0, tsm_error_http_status(error));
    CHECK_INT(0, tsm_error_retryable(error));
    CHECK_INT(-1, tsm_error_retry_after_ms(error));
    tsm_error_free(error);
}

static void every_kind_refuses(void *bad)
{
    config_is_refused(bad);
    call_is_refused(bad);
    session_is_refused(bad);
    exchange_is_refused(bad);
    response_is_refused(bad);
    error_is_refused(bad);
}

int main(void)
{
    tsm_config *config;
    tsm_call *call;
    tsm_session *session;
    tsm_exchange *exchange = NULL;
    tsm_response *response = NULL;
    tsm_error *error = NULL, *other = NULL;
    static int global;
    int local;
    void *heap;
    uintptr_t bit;

    watchdog();
    config = sandbox_config();
    call = tsm_call_new();
    session = log_in(sandbox_config());
    CHECK_OK(tsm_request(session, call, "GET", ACCOUNT_PATH, NULL, NULL, 0, &response, &error),
             error);
    CHECK_INT(TSM_E_RATE_LIMITED, tsm_check(429, NULL, 0, &error));
    CHECK_OK(tsm_exchange_new(session, NULL, &exchange, &other), other);
    heap = malloc(16);

    /* Things that never were handles. */
    every_kind_refuses(NULL);
    every_kind_refuses(&local);
    every_kind_refuses(&global);
    every_kind_refuses(heap);
    every_kind_refuses((void *)(uintptr_t)main);
    every_kind_refuses((void *)UINTPTR_MAX);
    every_kind_refuses((void *)(UINTPTR_MAX / 2 + 1));
    for (bit = 1; bit <= 4096; bit++)
        every_kind_refuses((void *)bit);

    /* A live handle is none of another kind, and near misses are none at all. */
    config_is_refused(call);
    config_is_refused(session);
    config_is_refused(response);
    config_is_refused(error);
    call_is_refused(config);
    call_is_refused(session);
    call_is_refused(response);
    call_is_refused(error);
    session_is_refused(config);
    session_is_refused(call);
    session_is_refused(response);
    session_is_refused(error);
    exchange_is_refused(config);
    exchange_is_refused(call);
    exchange_is_refused(session);
    exchange_is_refused(response);
    config_is_refused(exchange);
    call_is_refused(exchange);
    session_is_refused(exchange);
    error_is_refused(exchange);
    response_is_refused(config);
    response_is_refused(call);
    response_is_refused(session);
    response_is_refused(error);
    error_is_refused(config);
    error_is_refused(call);
    error_is_refused(session);
    error_is_refused(response);
    for (bit = 0; bit < 64; bit++) {
        config_is_refused((void *)((uintptr_t)config ^ (uintptr_t)1 << bit));
        call_is_refused((void *)((uintptr_t)call ^ (uintptr_t)1 << bit));
        session_is_refused((void *)((uintptr_t)session ^ (uintptr_t)1 << bit));
        exchange_is_refused((void *)((uintptr_t)exchange ^ (uintptr_t)1 << bit));
        response_is_refused((void *)((uintptr_t)response ^ (uintptr_t)1 << bit));
    }

    /* A call that is not NULL must be one. */
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_logout(session, (tsm_call *)(void *)session, &other),
                other);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_api_token(session, heap, heap, 16, &other), other);

    /* After all that, everything alive still works. */
    CHECK_OK(tsm_config_set(config, "username", "x", &other), other);
    CHECK_INT(TSM_OK, tsm_call_set_timeout(call, 60000));
    use(session);
    CHECK(tsm_exchange_body_max(exchange, 400) > 0);
    CHECK_INT(200, tsm_response_status(response));
    CHECK_INT(TSM_E_RATE_LIMITED, tsm_error_status(error));

    /* Freed handles, also when new ones have taken their place. */
    tsm_config_free(config);
    tsm_call_free(call);
    tsm_free(session);
    tsm_exchange_free(exchange);
    tsm_response_free(response);
    tsm_error_free(error);
    every_kind_refuses(config);
    every_kind_refuses(call);
    every_kind_refuses(session);
    every_kind_refuses(exchange);
    every_kind_refuses(response);
    every_kind_refuses(error);
    {
        tsm_config *successor = tsm_config_new();

        CHECK(successor != config);
        config_is_refused(config);
        CHECK_OK(tsm_config_set(successor, "username", "x", &other), other);
        tsm_config_free(successor);
    }
    free(heap);
    return 0;
}

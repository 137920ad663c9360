/* What an error tells, by way of tsm_check(), which needs no session; and the names of statuses. */

#include "check.h"

static tsm_status checks(int32_t http_status, const char *body, tsm_error **error)
{
    return tsm_check(http_status, (const uint8_t *)body, strlen(body), error);
}

static void an_expired_session_in_every_shape(void)
{
    static const char *const bodies[] = {
        "{\"errorCode\":\"UnifiedWebService.REQUEST_FAILED.SessionToken.Expired\","
        "\"errorMessage\":\"The Session has expired.\"}",
        "{\"errorCode\":\"REQUEST_FAILED.SessionToken.Expired\",\"errorMessage\":\"\"}",
        "{\"errorCode\":\"UnifiedWebService.INPUT_INVALID.SessionToken.Invalid\"}",
        "{\"errorCode\":\"REQUEST_FAILED.SessionToken.Format\"}",
        "{\"error\":\"unauthorized\","
        "\"error_description\":\"Failure response received for UWS V1 REST accounts: [400]\","
        "\"cause\":\"Requested service is unauthorized for given token\"}",
    };
    tsm_error *error = NULL;
    size_t i;

    for (i = 0; i < sizeof bodies / sizeof *bodies; i++)
        CHECK_FAILS(TSM_E_SESSION_EXPIRED, checks(400, bodies[i], &error), error);
}

static void an_error_tells_what_the_platform_said(void)
{
    tsm_error *error = NULL;
    char token[TSM_TOKEN_MAX] = "#";

    CHECK_INT(TSM_E_PLATFORM,
              checks(400,
                     "{\"errorCode\":\"UnifiedWebService.REQUEST_FAILED.AccountNotFound\","
                     "\"errorMessage\":\"No.\"}",
                     &error));
    CHECK_TEXT("UnifiedWebService.REQUEST_FAILED.AccountNotFound", tsm_error_code(error));
    CHECK_INT(400, tsm_error_http_status(error));
    CHECK_INT(0, tsm_error_retryable(error));
    CHECK_INT(-1, tsm_error_retry_after_ms(error));
    CHECK_INT(TSM_OK, tsm_error_token(error, token, sizeof token));
    CHECK_TEXT("", token);
    CHECK_INT(TSM_E_INVALID_ARGUMENT, tsm_error_token(error, NULL, 5));
    CHECK_INT(TSM_E_BUFFER_TOO_SMALL, tsm_error_token(error, token, 0));
    CHECK_INT(TSM_OK, tsm_error_token(error, token, 1));
    tsm_error_free(error);
}

static void a_nul_in_an_answer_does_not_cut_the_text(void)
{
    tsm_error *error = NULL;

    CHECK_INT(TSM_E_PLATFORM,
              checks(400, "{\"errorCode\":\"a\\u0000b\",\"errorMessage\":\"c\\u0000d\"}", &error));
    CHECK_HAS("b", tsm_error_code(error));
    CHECK_HAS("d", tsm_error_message(error));
    tsm_error_free(error);
}

static void the_rest_has_its_own_status(void)
{
    tsm_error *error = NULL;

    CHECK_OK(checks(200, "{\"errorCode\":\"whatever\"}", &error), error);
    CHECK_OK(tsm_check(204, NULL, 0, &error), error);
    CHECK_FAILS(TSM_E_API_TOKEN,
                checks(401, "{\"fault\":{\"code\":\"900901\",\"message\":\"Invalid Credentials\"}}",
                       &error),
                error);
    CHECK_FAILS(TSM_E_API_TOKEN,
                checks(401, "{\"fault\":{\"code\":900902,\"message\":\"Missing\"}}", &error),
                error);
    CHECK_INT(TSM_E_RATE_LIMITED, tsm_check(429, NULL, 0, &error));
    CHECK_INT(1, tsm_error_retryable(error));
    CHECK_INT(429, tsm_error_http_status(error));
    tsm_error_free(error);
    error = NULL;
    CHECK_INT(TSM_E_UNAVAILABLE, checks(503, "<html>", &error));
    CHECK_INT(1, tsm_error_retryable(error));
    tsm_error_free(error);
    CHECK_INT(TSM_E_UNAVAILABLE, tsm_check(500, NULL, 0, NULL));
}

static void every_status_has_a_name(void)
{
    CHECK_TEXT("TSM_OK", tsm_status_name(0));
    CHECK_TEXT("TSM_E_SESSION_EXPIRED", tsm_status_name(TSM_E_SESSION_EXPIRED));
    CHECK_TEXT("TSM_E_INTERNAL", tsm_status_name(99));
    CHECK_TEXT("TSM_E_UNKNOWN", tsm_status_name(-1));
    CHECK_TEXT("TSM_E_UNKNOWN", tsm_status_name(INT32_MAX));
    CHECK_INT(1, tsm_abi_version());
    CHECK(strlen(tsm_version()) >= strlen("0.0.0"));
}

int main(void)
{
    watchdog();
    an_expired_session_in_every_shape();
    an_error_tells_what_the_platform_said();
    a_nul_in_an_answer_does_not_cut_the_text();
    the_rest_has_its_own_status();
    every_status_has_a_name();
    return 0;
}

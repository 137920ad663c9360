/* The platform's own pattern: catch "SessionToken.Expired", log in again, send again. With
 * tsm_request, and with tsm_check for those who have an HTTP client of their own. */

#include "check.h"

int main(void)
{
    tsm_config *config;
    tsm_session *session;
    tsm_response *response = NULL;
    tsm_error *error = NULL;
    char refused[TSM_TOKEN_MAX], token[TSM_TOKEN_MAX];
    static const char body[] =
        "{\"errorCode\":\"UnifiedWebService.REQUEST_FAILED.SessionToken.Expired\","
        "\"errorMessage\":\"x\"}";

    watchdog();
    config = sandbox_config();
    set(config, "auto_relogin", "false");
    session = log_in(config);
    CHECK_OK(tsm_token(session, token, sizeof token, &error), error);

    control("POST", "/expire", "{\"what\": \"session\"}");
    CHECK_INT(TSM_E_SESSION_EXPIRED,
              tsm_request(session, NULL, "GET", ACCOUNT_PATH, NULL, NULL, 0, &response, &error));
    CHECK(response == NULL);
    CHECK(strstr(tsm_error_code(error), "SessionToken.Expired") != NULL);
    CHECK_INT(400, tsm_error_http_status(error));
    CHECK_INT(TSM_OK, tsm_error_token(error, refused, sizeof refused));
    CHECK_TEXT(token, refused);
    CHECK_INT(TSM_E_BUFFER_TOO_SMALL, tsm_error_token(error, refused, 36));
    CHECK_TEXT("", refused);
    CHECK(!strstr(tsm_error_message(error), token));
    tsm_error_free(error);
    error = NULL;
    CHECK_INT(1, counter("login"));

    CHECK_OK(tsm_relogin(session, NULL, token, &error), error);
    CHECK_INT(2, counter("login"));
    use(session);

    /* A late report about the old token renews nothing. */
    CHECK_OK(tsm_relogin(session, NULL, token, &error), error);
    CHECK_INT(2, counter("login"));

    /* An HTTP client of one's own. */
    CHECK_OK(tsm_token(session, token, sizeof token, &error), error);
    CHECK_INT(TSM_E_SESSION_EXPIRED, tsm_check(400, (const uint8_t *)body, strlen(body), &error));
    tsm_error_free(error);
    error = NULL;
    CHECK_OK(tsm_relogin(session, NULL, token, &error), error);
    CHECK_INT(3, counter("login"));
    CHECK_INT(0, info(session, "resends"));
    tsm_free(session);
    return 0;
}

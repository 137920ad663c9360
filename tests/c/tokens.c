/* Tokens come out whole or not at all, and only what the platform was given counts. */

#include "check.h"

static void a_token_comes_out_whole_or_not_at_all(const tsm_session *session)
{
    char token[TSM_TOKEN_MAX], small[TSM_TOKEN_MAX];
    tsm_error *error = NULL;
    size_t length, capacity;

    CHECK_OK(tsm_token(session, token, sizeof token, &error), error);
    length = strlen(token);
    CHECK_INT(36, length);
    for (capacity = 0; capacity <= length; capacity++) {
        memset(small, '#', sizeof small);
        CHECK_INT(TSM_E_BUFFER_TOO_SMALL, tsm_token(session, small, capacity, &error));
        CHECK_HAS("37", tsm_error_message(error));
        CHECK(!strstr(tsm_error_message(error), token));
        tsm_error_free(error);
        error = NULL;
        CHECK_INT(capacity ? '\0' : '#', small[0]);
        CHECK_INT('#', small[1]);
    }
    memset(small, '#', sizeof small);
    CHECK_OK(tsm_token(session, small, length + 1, &error), error);
    CHECK_TEXT(token, small);
    CHECK_INT('#', small[length + 1]);
    CHECK_INT(TSM_OK, tsm_token(session, small, sizeof small, NULL));
}

static void the_api_token_and_the_info_do_so_too(const tsm_session *session)
{
    char text[TSM_API_TOKEN_MAX];
    tsm_error *error = NULL;

    CHECK_OK(tsm_api_token(session, NULL, text, sizeof text, &error), error);
    CHECK_INT(TSM_OK, tsm_api_token(session, NULL, text, strlen(text) + 1, NULL));
    CHECK_FAILS(TSM_E_BUFFER_TOO_SMALL, tsm_api_token(session, NULL, text, strlen(text), &error),
                error);
    CHECK_TEXT("", text);
    CHECK_OK(tsm_info(session, text, TSM_INFO_MAX, &error), error);
    CHECK_INT('{', text[0]);
    CHECK_FAILS(TSM_E_BUFFER_TOO_SMALL, tsm_info(session, text, 2, &error), error);
    CHECK_TEXT("", text);
}

static void a_renewed_token_is_another(const tsm_session *session)
{
    char old[TSM_TOKEN_MAX], new[TSM_TOKEN_MAX], api[TSM_API_TOKEN_MAX];
    tsm_error *error = NULL;
    long logins = counter("login");

    CHECK_OK(tsm_token(session, old, sizeof old, &error), error);
    CHECK_OK(tsm_relogin(session, NULL, old, &error), error);
    CHECK_OK(tsm_token(session, new, sizeof new, &error), error);
    CHECK(strcmp(old, new) != 0);
    CHECK_OK(tsm_relogin(session, NULL, old, &error), error);
    CHECK_INT(logins + 1, counter("login"));
    CHECK_OK(tsm_relogin(session, NULL, NULL, &error), error);
    CHECK_INT(logins + 2, counter("login"));

    control("POST", "/expire", "{\"what\": \"api_token\"}");
    CHECK_OK(tsm_api_token(session, NULL, api, sizeof api, &error), error);
    CHECK_OK(tsm_renew_api_token(session, NULL, api, &error), error);
    CHECK_OK(tsm_renew_api_token(session, NULL, api, &error), error);
    CHECK_INT(2, counter("oauth"));
    use(session);
}

static void after_a_logout_there_is_none_until_a_login(const tsm_session *session)
{
    char token[TSM_TOKEN_MAX];
    tsm_response *response = NULL;
    tsm_error *error = NULL;

    CHECK_OK(tsm_logout(session, NULL, &error), error);
    CHECK_FAILS(TSM_E_NOT_LOGGED_IN, tsm_token(session, token, sizeof token, &error), error);
    CHECK_FAILS(TSM_E_NOT_LOGGED_IN, tsm_logout(session, NULL, &error), error);
    CHECK_FAILS(TSM_E_NOT_LOGGED_IN,
                tsm_request(session, NULL, "GET", ACCOUNT_PATH, NULL, NULL, 0, &response, &error),
                error);
    CHECK_OK(tsm_relogin(session, NULL, NULL, &error), error);
    use(session);
}

int main(void)
{
    tsm_session *session;

    watchdog();
    session = log_in(sandbox_config());
    a_token_comes_out_whole_or_not_at_all(session);
    the_api_token_and_the_info_do_so_too(session);
    a_renewed_token_is_another(session);
    after_a_logout_there_is_none_until_a_login(session);
    tsm_free(session);
    return 0;
}

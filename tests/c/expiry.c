/* An expired session, or API token, is mended once and the request sent again; the caller sees only
 * the answer. */

#include "check.h"

static void expire(const char *what)
{
    char json[64];

    snprintf(json, sizeof json, "{\"what\": \"%s\"}", what);
    control("POST", "/expire", json);
}

int main(void)
{
    tsm_session *session;
    tsm_response *response = NULL;
    tsm_error *error = NULL;
    char refused[TSM_TOKEN_MAX], held[TSM_TOKEN_MAX];

    watchdog();
    session = log_in(sandbox_config());
    use(session);
    CHECK_INT(1, counter("login"));

    expire("session");
    use(session);
    CHECK_INT(2, counter("login"));
    CHECK_INT(1, counter("api_expired"));
    CHECK_INT(1, info(session, "resends"));

    control("POST", "/clock", "{\"advance_ms\": 1260000}");
    use(session);
    CHECK_INT(3, counter("login"));

    expire("api_token");
    use(session);
    CHECK_INT(3, counter("login"));
    CHECK_INT(2, counter("oauth"));

    expire("all");
    use(session);
    CHECK_INT(4, counter("login"));
    CHECK_INT(3, counter("oauth"));
    CHECK_INT(5, info(session, "resends"));

    /* A token that is refused straight after a login is not sent a third time. */
    control("POST", "/faults", "{\"on\": \"api\", \"fault\": \"expired\", \"times\": -1}");
    CHECK_OK(tsm_token(session, held, sizeof held, &error), error);
    CHECK_INT(TSM_E_SESSION_EXPIRED,
              tsm_request(session, NULL, "GET", ACCOUNT_PATH, NULL, NULL, 0, &response, &error));
    CHECK(response == NULL);
    CHECK_HAS("SessionToken.Expired", tsm_error_code(error));
    CHECK_INT(TSM_OK, tsm_error_token(error, refused, sizeof refused));
    CHECK(strcmp(refused, held) != 0);
    CHECK_INT(TSM_OK, tsm_token(session, held, sizeof held, NULL));
    CHECK_TEXT(held, refused);
    CHECK_INT(5, counter("login"));
    tsm_error_free(error);
    error = NULL;
    control("DELETE", "/faults", "");

    CHECK_OK(tsm_logout(session, NULL, &error), error);
    CHECK_INT(1, counter("logout"));
    tsm_free(session);
    return 0;
}

/* A forked child cannot use, and cannot harm, its parent's sessions; it can make its own. */

#include "check.h"

static void the_parents_session_is_refused(tsm_session *session)
{
    tsm_response *response = NULL;
    tsm_exchange *exchange = NULL;
    tsm_error *error = NULL;
    char buffer[TSM_INFO_MAX];

    CHECK_FAILS(TSM_E_FORKED, tsm_token(session, buffer, sizeof buffer, &error), error);
    CHECK_FAILS(TSM_E_FORKED, tsm_api_token(session, NULL, buffer, sizeof buffer, &error), error);
    CHECK_FAILS(TSM_E_FORKED, tsm_relogin(session, NULL, NULL, &error), error);
    CHECK_FAILS(TSM_E_FORKED, tsm_renew_api_token(session, NULL, NULL, &error), error);
    CHECK_FAILS(TSM_E_FORKED, tsm_logout(session, NULL, &error), error);
    CHECK_FAILS(TSM_E_FORKED, tsm_info(session, buffer, sizeof buffer, &error), error);
    CHECK_FAILS(TSM_E_FORKED,
                tsm_request(session, NULL, "GET", "/x", NULL, NULL, 0, &response, &error), error);
    CHECK_FAILS(
        TSM_E_FORKED,
        tsm_soap_call(session, NULL, "DeviceService", "GetDeviceList", NULL, 0, &response, &error),
        error);
    CHECK_INT(TSM_E_FORKED, tsm_cancel(session));
    CHECK_FAILS(TSM_E_FORKED, tsm_api_token_held(session, buffer, sizeof buffer, &error), error);
    CHECK_FAILS(TSM_E_FORKED, tsm_exchange_new(session, NULL, &exchange, &error), error);
    CHECK(exchange == NULL);
}

static void child(tsm_session *session, tsm_config *config, tsm_response *response,
                  tsm_error *failure)
{
    tsm_session *own;

    watchdog();
    the_parents_session_is_refused(session);
    tsm_free(session);
    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_cancel(session));

    /* Everything but sessions is inherited in working order. */
    CHECK_INT(200, tsm_response_status(response));
    CHECK_TEXT("application/json", tsm_response_header(response, "content-type"));
    tsm_response_free(response);
    CHECK_INT(TSM_E_RATE_LIMITED, tsm_error_status(failure));
    tsm_error_free(failure);

    own = log_in(config);
    use(own);
    if (fork() == 0) {
        watchdog();
        the_parents_session_is_refused(own);
        tsm_free(own);
        _exit(0);
    }
    child_ends_well(-1);
    use(own);
    tsm_free(own);
    exit(0);
}

int main(void)
{
    tsm_session *session;
    tsm_config *config;
    tsm_response *response = NULL;
    tsm_error *error = NULL;
    long connections;
    pid_t pid;

    watchdog();
    config = sandbox_config();
    session = log_in(sandbox_config());
    CHECK_OK(tsm_request(session, NULL, "GET", ACCOUNT_PATH, NULL, NULL, 0, &response, &error),
             error);
    CHECK_INT(TSM_E_RATE_LIMITED, tsm_check(429, NULL, 0, &error));
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        child(session, config, response, error);
    child_ends_well(pid);

    /* The parent's session, and its connection, are as they were. */
    connections = counter("connections");
    use(session);
    CHECK_INT(connections, counter("connections"));
    CHECK_INT(2, counter("login"));
    CHECK_INT(0, counter("logout"));
    tsm_free(session);
    return 0;
}

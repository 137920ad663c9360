/* One call's own deadline; and that a tsm_call may be shared, cancelled early, and freed while it
 * is in use. */

#include "check.h"

static tsm_error *error;

static tsm_status get(const tsm_session *session, const tsm_call *call)
{
    tsm_response *response = NULL;
    tsm_status status =
        tsm_request(session, call, "GET", ACCOUNT_PATH, NULL, NULL, 0, &response, &error);

    CHECK((status == TSM_OK) == (response != NULL));
    tsm_response_free(response);
    return status;
}

int main(void)
{
    tsm_session *session;
    tsm_call *call = tsm_call_new();
    tsm_config *config;
    tsm_session *none = NULL;

    watchdog();
    session = log_in(sandbox_config());

    CHECK_OK(get(session, call), error);
    CHECK_INT(TSM_OK, tsm_call_set_timeout(call, UINT64_MAX));
    CHECK_OK(get(session, call), error);

    control("POST", "/faults", "{\"on\": \"api\", \"fault\": \"hold\", \"times\": -1}");
    CHECK_INT(TSM_OK, tsm_call_set_timeout(call, 50));
    CHECK_FAILS(TSM_E_TIMEOUT, get(session, call), error);
    CHECK_INT(TSM_OK, tsm_call_set_timeout(call, 0));
    CHECK_FAILS(TSM_E_TIMEOUT, get(session, call), error);
    control("DELETE", "/faults", "");
    CHECK_INT(TSM_OK, tsm_call_set_timeout(call, 60000));
    CHECK_OK(get(session, call), error);
    CHECK_INT(TSM_OK, tsm_call_set_waited(call, 60000));
    CHECK_INT(TSM_E_TIMEOUT, get(session, call));
    CHECK_HAS("(60 s)", tsm_error_message(error));
    tsm_error_free(error);
    error = NULL;
    CHECK_INT(TSM_OK, tsm_call_set_waited(call, 0));
    CHECK_OK(get(session, call), error);

    CHECK_INT(TSM_OK, tsm_call_cancel(call));
    CHECK_FAILS(TSM_E_CANCELLED, get(session, call), error);
    CHECK_FAILS(TSM_E_CANCELLED, tsm_logout(session, call, &error), error);
    CHECK_FAILS(TSM_E_CANCELLED, tsm_relogin(session, call, NULL, &error), error);
    config = sandbox_config();
    CHECK_FAILS(TSM_E_CANCELLED, tsm_login(config, call, &none, &error), error);
    tsm_config_free(config);
    tsm_call_free(call);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, get(session, call), error);

    /* The session is none the worse. */
    CHECK_OK(get(session, NULL), error);
    CHECK_INT(1, counter("login"));
    tsm_free(session);
    return 0;
}

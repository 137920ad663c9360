/* Freeing a session waits for nothing and sends nothing, whatever other threads are doing with it;
 * of many that free it, none is harmed. */

#include "check.h"

static tsm_session *session;

static int is_ended(tsm_status status)
{
    return status == TSM_E_CANCELLED || status == TSM_E_INVALID_HANDLE;
}

static void *waits(void *context)
{
    tsm_response *response = NULL;
    tsm_error *error = NULL;

    (void)context;
    CHECK_FAILS(TSM_E_CANCELLED,
                tsm_request(session, NULL, "GET", ACCOUNT_PATH, NULL, NULL, 0, &response, &error),
                error);
    CHECK(response == NULL);
    return NULL;
}

static void calls_in_flight_end(void)
{
    pthread_t threads[4];
    long before = counter("api");
    int i;

    session = log_in(sandbox_config());
    control("POST", "/faults", "{\"on\": \"api\", \"fault\": \"hold\", \"times\": -1}");
    for (i = 0; i < 4; i++)
        threads[i] = start(waits, NULL);
    await("api", before + 4);
    tsm_free(session);
    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_cancel(session));
    for (i = 0; i < 4; i++)
        join(threads[i]);
    control("DELETE", "/faults", "");
    CHECK_INT(0, counter("logout"));
}

/* Uses the session until it is gone. */
static void *uses(void *context)
{
    char token[TSM_TOKEN_MAX];
    tsm_status status;

    (void)context;
    do {
        tsm_response *response = NULL;

        status = tsm_token(session, token, sizeof token, NULL);
        CHECK(status == TSM_OK || status == TSM_E_INVALID_HANDLE);
        status = tsm_request(session, NULL, "GET", ACCOUNT_PATH, NULL, NULL, 0, &response, NULL);
        CHECK(status == TSM_OK || is_ended(status));
        tsm_response_free(response);
    } while (!is_ended(status));
    return NULL;
}

static void *frees(void *context)
{
    (void)context;
    tsm_free(session);
    return NULL;
}

static void many_free_while_many_use(void)
{
    pthread_t users[4], freers[4];
    long before;
    int i, round;

    for (round = 0; round < 5; round++) {
        session = log_in(sandbox_config());
        before = counter("api");
        for (i = 0; i < 4; i++)
            users[i] = start(uses, NULL);
        await("api", before + 20);
        for (i = 0; i < 4; i++)
            freers[i] = start(frees, NULL);
        for (i = 0; i < 4; i++)
            join(freers[i]), join(users[i]);
        CHECK_INT(TSM_E_INVALID_HANDLE, tsm_token(session, NULL, 0, NULL));
    }
}

int main(void)
{
    watchdog();
    calls_in_flight_end();
    many_free_while_many_use();
    return 0;
}

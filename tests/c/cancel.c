/* A call that waits ends when it, or its session, is cancelled from another thread or by its
 * interrupt function. */

#include "check.h"

struct waiting {
    const tsm_session *session;
    const tsm_call *call;
    pthread_t thread;
    int calls_back;
    int on_own_thread;
};

/* A request that the sandbox never answers. */
static void *waits(void *context)
{
    struct waiting *waiting = context;
    tsm_response *response = NULL;
    tsm_error *error = NULL;

    waiting->thread = pthread_self();
    CHECK_FAILS(TSM_E_CANCELLED,
                tsm_request(waiting->session, waiting->call, "GET", ACCOUNT_PATH, NULL, NULL, 0,
                            &response, &error),
                error);
    CHECK(response == NULL);
    return NULL;
}

static void hold(const char *what)
{
    char json[64];

    snprintf(json, sizeof json, "{\"on\": \"%s\", \"fault\": \"hold\", \"times\": -1}", what);
    control("POST", "/faults", json);
}

static int32_t interrupts(void *context)
{
    struct waiting *waiting = context;

    waiting->on_own_thread = pthread_equal(waiting->thread, pthread_self());
    return ++waiting->calls_back == 3;
}

/* Many threads, one call, one switch. */
static void a_call_is_cancelled_for_all_that_share_it(const tsm_session *session)
{
    tsm_call *call = tsm_call_new();
    struct waiting waiting[4];
    pthread_t threads[4];
    long before = counter("api");
    int i;

    hold("api");
    for (i = 0; i < 4; i++) {
        waiting[i].session = session;
        waiting[i].call = call;
        threads[i] = start(waits, &waiting[i]);
    }
    await("api", before + 4);
    CHECK_INT(TSM_OK, tsm_call_cancel(call));
    for (i = 0; i < 4; i++)
        join(threads[i]);
    control("DELETE", "/faults", "");
    tsm_call_free(call);
    use(session);
}

static void the_interrupt_function_is_asked_on_the_thread_that_waits(const tsm_session *session)
{
    tsm_call *call = tsm_call_new();
    struct waiting waiting = {session, call, pthread_self(), 0, 0};

    hold("api");
    CHECK_INT(TSM_OK, tsm_call_set_interrupt(call, interrupts, &waiting));
    join(start(waits, &waiting));
    CHECK_INT(3, waiting.calls_back);
    CHECK(waiting.on_own_thread);
    CHECK_INT(TSM_OK, tsm_call_set_interrupt(call, NULL, NULL));
    control("DELETE", "/faults", "");
    use(session);
    CHECK_INT(3, waiting.calls_back);
    tsm_call_free(call);
}

/* One of two threads that wait for the same login gives up; the other gets it. */
static void *waits_for_login(void *context)
{
    struct waiting *waiting = context;
    tsm_error *error = NULL;

    CHECK_FAILS(TSM_E_CANCELLED, tsm_relogin(waiting->session, waiting->call, NULL, &error), error);
    return NULL;
}

static void *gets_login(void *context)
{
    struct waiting *waiting = context;
    tsm_error *error = NULL;

    CHECK_OK(tsm_relogin(waiting->session, NULL, NULL, &error), error);
    return NULL;
}

static void a_cancelled_waiter_leaves_the_login_to_the_others(const tsm_session *session)
{
    tsm_call *call = tsm_call_new();
    struct waiting waiting = {session, call, pthread_self(), 0, 0};
    long before = counter("login");
    pthread_t other, cancelled;

    hold("login");
    other = start(gets_login, &waiting);
    await("login", before + 1);
    cancelled = start(waits_for_login, &waiting);
    CHECK_INT(TSM_OK, tsm_call_cancel(call));
    join(cancelled);
    control("DELETE", "/faults", "");
    join(other);
    use(session);
    tsm_call_free(call);
}

static void a_cancelled_session_stays_so(tsm_session *session)
{
    struct waiting waiting = {session, NULL, pthread_self(), 0, 0};
    tsm_error *error = NULL;
    char token[TSM_TOKEN_MAX];
    long before = counter("api");
    pthread_t thread;

    hold("api");
    thread = start(waits, &waiting);
    await("api", before + 1);
    CHECK_INT(TSM_OK, tsm_cancel(session));
    join(thread);
    control("DELETE", "/faults", "");
    waits(&waiting);
    CHECK_FAILS(TSM_E_CANCELLED, tsm_relogin(session, NULL, NULL, &error), error);
    CHECK_FAILS(TSM_E_CANCELLED, tsm_renew_api_token(session, NULL, NULL, &error), error);
    CHECK_FAILS(TSM_E_CANCELLED, tsm_logout(session, NULL, &error), error);
    CHECK_INT(TSM_OK, tsm_cancel(session));
    CHECK_INT(TSM_OK, tsm_token(session, token, sizeof token, NULL));
    CHECK_INT(before + 1, counter("api"));
}

int main(void)
{
    tsm_session *session;

    watchdog();
    session = log_in(sandbox_config());
    a_call_is_cancelled_for_all_that_share_it(session);
    the_interrupt_function_is_asked_on_the_thread_that_waits(session);
    a_cancelled_waiter_leaves_the_login_to_the_others(session);
    a_cancelled_session_stays_so(session);
    tsm_free(session);
    return 0;
}

/* Forks while threads are busy in every table: each child finds them all usable, whatever the
 * threads were doing at that instant. */

#include "check.h"

static const tsm_session *session;
static volatile int stop;

static void *makes_and_frees(void *context)
{
    char token[TSM_TOKEN_MAX];

    (void)context;
    while (!stop) {
        tsm_config *config = tsm_config_new();
        tsm_call *call = tsm_call_new();
        tsm_error *error = NULL;

        CHECK_INT(TSM_OK, tsm_config_set(config, "username", "x", NULL));
        CHECK_INT(TSM_E_INVALID_ARGUMENT, tsm_config_set(config, "nonsense", "x", &error));
        CHECK_INT(TSM_OK, tsm_token(session, token, sizeof token, NULL));
        tsm_error_free(error);
        tsm_call_free(call);
        tsm_config_free(config);
    }
    return NULL;
}

static void *requests(void *context)
{
    (void)context;
    while (!stop)
        use(session);
    return NULL;
}

static void child(void)
{
    tsm_config *config;
    tsm_session *none = NULL;
    tsm_error *error = NULL;
    int i;

    watchdog();
    for (i = 0; i < 100; i++) {
        tsm_call *call = tsm_call_new();

        CHECK_INT(TSM_OK, tsm_call_set_timeout(call, 1));
        tsm_call_free(call);
    }
    config = tsm_config_new();
    CHECK_FAILS(TSM_E_INVALID_ARGUMENT, tsm_login(config, NULL, &none, &error), error);
    tsm_config_free(config);
    CHECK_INT(TSM_E_FORKED, tsm_cancel(session));
    tsm_free((tsm_session *)session);
    tsm_free(log_in(sandbox_config()));
    _exit(0);
}

int main(void)
{
    pthread_t threads[4];
    int i;

    watchdog();
    session = log_in(sandbox_config());
    for (i = 0; i < 4; i++)
        threads[i] = start(i < 3 ? makes_and_frees : requests, NULL);
    for (i = 0; i < 100; i++) {
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid == 0)
            child();
        child_ends_well(pid);
    }
    stop = 1;
    for (i = 0; i < 4; i++)
        join(threads[i]);
    use(session);
    tsm_free((tsm_session *)session);
    return 0;
}

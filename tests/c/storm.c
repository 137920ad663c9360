/* Sixty-four threads find the session expired at once: one login is sent, and every request is
 * answered. */

#include "check.h"

enum { THREADS = 64, ROUNDS = 5 };

static tsm_session *session;
static pthread_barrier_t barrier;

static void *storms(void *context)
{
    int round;

    (void)context;
    for (round = 0; round < ROUNDS; round++) {
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            control("POST", "/expire", "{\"what\": \"session\"}");
        pthread_barrier_wait(&barrier);
        use(session);
    }
    return NULL;
}

/* Every thread reports the token it was refused with, late or not. */
static void *reports(void *context)
{
    tsm_error *error = NULL;

    pthread_barrier_wait(&barrier);
    CHECK_OK(tsm_relogin(session, NULL, context, &error), error);
    return NULL;
}

static void run(void *(*work)(void *), void *context)
{
    pthread_t threads[THREADS];
    int i;

    for (i = 0; i < THREADS; i++)
        threads[i] = start(work, context);
    for (i = 0; i < THREADS; i++)
        join(threads[i]);
}

/* All share the outcome of a login that fails, too. */
static void *is_refused(void *context)
{
    tsm_error *error = NULL;
    tsm_status status;

    pthread_barrier_wait(&barrier);
    status = tsm_relogin(session, NULL, context, &error);
    CHECK(status == TSM_E_CREDENTIALS || status == TSM_E_LOGIN_BLOCKED);
    CHECK_INT(status, tsm_error_status(error));
    tsm_error_free(error);
    return NULL;
}

int main(void)
{
    char token[TSM_TOKEN_MAX];

    watchdog();
    CHECK_INT(0, pthread_barrier_init(&barrier, NULL, THREADS));
    session = log_in(sandbox_config());
    run(storms, NULL);
    CHECK_INT(1 + ROUNDS, counter("login"));

    CHECK_INT(TSM_OK, tsm_token(session, token, sizeof token, NULL));
    run(reports, token);
    CHECK_INT(2 + ROUNDS, counter("login"));

    CHECK_INT(TSM_OK, tsm_token(session, token, sizeof token, NULL));
    control("POST", "/contacts", "{\"username\": \"zbeeblebrox\", \"password\": \"changed\"}");
    run(is_refused, token);
    CHECK_INT(3 + ROUNDS, counter("login"));
    CHECK_INT(1, counter("max_strikes"));
    tsm_free(session);
    return 0;
}

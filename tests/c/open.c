/* A session that was only opened logs in when it is first needed: once, however many threads need
 * it, and not again after a logout. */

#include "check.h"

enum { THREADS = 32, FIRST_LOGINS = 20 };

static pthread_barrier_t barrier;

static tsm_session *opened(tsm_config *config)
{
    tsm_session *session = NULL;
    tsm_error *error = NULL;

    CHECK_OK(tsm_open(config, NULL, &session, &error), error);
    CHECK(session != NULL);
    tsm_config_free(config);
    return session;
}

static void *requests(void *session)
{
    pthread_barrier_wait(&barrier);
    use(session);
    return NULL;
}

static void the_first_requests_share_one_login(void)
{
    tsm_session *session = opened(sandbox_config());
    char token[TSM_TOKEN_MAX];
    pthread_t threads[THREADS];
    tsm_error *error = NULL;
    int i;

    CHECK_INT(0, counter("oauth") + counter("login"));
    CHECK_FAILS(TSM_E_NOT_LOGGED_IN, tsm_token(session, token, sizeof token, &error), error);
    CHECK_FAILS(TSM_E_NOT_LOGGED_IN, tsm_logout(session, NULL, &error), error);
    for (i = 0; i < THREADS; i++)
        threads[i] = start(requests, session);
    for (i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK_INT(1, counter("login"));
    CHECK_OK(tsm_token(session, token, sizeof token, &error), error);
    CHECK_OK(tsm_logout(session, NULL, &error), error);
    CHECK_FAILS(TSM_E_NOT_LOGGED_IN, tsm_token(session, token, sizeof token, &error), error);
    tsm_free(session);
}

static void *reads_until_there_is_a_token(void *session)
{
    char token[TSM_TOKEN_MAX];
    tsm_error *error = NULL;

    while (tsm_token(session, token, sizeof token, &error) != TSM_OK) {
        CHECK_HAS("has not logged in yet", tsm_error_message(error));
        tsm_error_free(error);
        error = NULL;
    }
    return NULL;
}

/* Whoever reads while the first login ends is not told that the session was logged out. */
static void a_first_login_is_no_logout_meanwhile(void)
{
    int round;

    for (round = 0; round < FIRST_LOGINS; round++) {
        tsm_session *session = opened(sandbox_config());
        pthread_t reader = start(reads_until_there_is_a_token, session);

        use(session);
        join(reader);
        tsm_free(session);
    }
}

static void an_exchange_logs_in_too(void)
{
    tsm_session *session = opened(sandbox_config());
    char token[TSM_TOKEN_MAX], api[TSM_API_TOKEN_MAX];
    tsm_exchange *exchange = NULL;
    tsm_error *error = NULL;
    int32_t next = TSM_NEXT_DONE;
    long logins = counter("login");

    CHECK_OK(tsm_exchange_new(session, NULL, &exchange, &error), error);
    CHECK_OK(tsm_exchange_tokens(exchange, token, sizeof token, api, sizeof api, &next, &error),
             error);
    CHECK_INT(TSM_NEXT_RENEW, next);
    CHECK_OK(tsm_exchange_renew(exchange, NULL, 0, &error), error);
    CHECK_OK(tsm_exchange_tokens(exchange, token, sizeof token, api, sizeof api, &next, &error),
             error);
    CHECK_INT(TSM_NEXT_SEND, next);
    CHECK_INT(logins + 1, counter("login"));
    tsm_exchange_free(exchange);
    tsm_free(session);
}

static void a_relogin_logs_in(void)
{
    tsm_session *session = opened(sandbox_config());
    tsm_error *error = NULL;
    long logins = counter("login");

    CHECK_OK(tsm_relogin(session, NULL, NULL, &error), error);
    use(session);
    CHECK_INT(logins + 1, counter("login"));
    tsm_free(session);
}

/* auto_relogin is about what was refused. */
static void the_first_login_is_no_relogin(void)
{
    tsm_config *config = sandbox_config();
    tsm_session *session;

    set(config, "auto_relogin", "false");
    session = opened(config);
    use(session);
    tsm_free(session);
}

static void what_is_set_wrong_is_said_at_once(void)
{
    tsm_config *config = sandbox_config();
    tsm_session *session = NULL;
    tsm_error *error = NULL;

    set(config, "store_user", "somebody");
    CHECK_INT(TSM_E_INVALID_ARGUMENT, tsm_open(config, NULL, &session, &error));
    CHECK_HAS("store_user", tsm_error_message(error));
    CHECK(session == NULL);
    tsm_error_free(error);
    tsm_config_free(config);
}

static void a_rejected_password_is_sent_once(void)
{
    tsm_config *config = sandbox_config();
    tsm_session *session;
    tsm_response *response = NULL;
    tsm_error *error = NULL;
    long logins = counter("login");

    set(config, "password", "wrong");
    session = opened(config);
    CHECK_FAILS(TSM_E_CREDENTIALS,
                tsm_request(session, NULL, "GET", ACCOUNT_PATH, NULL, NULL, 0, &response, &error),
                error);
    CHECK_FAILS(TSM_E_LOGIN_BLOCKED,
                tsm_request(session, NULL, "GET", ACCOUNT_PATH, NULL, NULL, 0, &response, &error),
                error);
    CHECK_INT(logins + 1, counter("login"));
    tsm_free(session);
}

int main(void)
{
    watchdog();
    CHECK_INT(0, pthread_barrier_init(&barrier, NULL, THREADS));
    the_first_requests_share_one_login();
    a_first_login_is_no_logout_meanwhile();
    an_exchange_logs_in_too();
    a_relogin_logs_in();
    the_first_login_is_no_relogin();
    what_is_set_wrong_is_said_at_once();
    a_rejected_password_is_sent_once();
    return 0;
}

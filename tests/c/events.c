/* Events: what happens is told, by threads that are in calls, without secrets; a callback may do
 * what it likes, and is left alone once config and sessions are freed. */

#include "check.h"

#define MOST 512

enum { THREADS = 16, WORD_SIZE = 24 };

struct seen {
    pthread_mutex_t lock;
    int events;
    char names[MOST][WORD_SIZE], details[MOST][WORD_SIZE];
    tsm_event last;
    int secrets;
    int within; /* callbacks that run now */
    int most_within;
    pid_t process;
    tsm_session *session; /* to be used from the callback, and freed there */
};

static int contains_secret(const char *text)
{
    return strstr(text, "IMgr8") || strstr(text, "static-test-token") || strstr(text, "secret")
           || strstr(text, "wrong-password");
}

static void keep(const tsm_event *event, void *context)
{
    struct seen *seen = context;

    CHECK(event->size >= sizeof *event);
    CHECK(event->kind >= TSM_EVENT_LOGIN_BEGUN && event->kind <= TSM_EVENT_API_TOKEN_FETCHED);
    CHECK(event->slots_left >= -1 && event->slots_left <= 4);
    CHECK(event->time_us > 0 && event->duration_us >= -1);
    CHECK(*event->name && event->code && (event->status == TSM_OK) == !*event->message);
    pthread_mutex_lock(&seen->lock);
    CHECK(seen->events < MOST);
    snprintf(seen->names[seen->events], WORD_SIZE, "%s", event->name);
    snprintf(seen->details[seen->events], WORD_SIZE, "%s", event->detail);
    seen->secrets += contains_secret(event->code) || contains_secret(event->message);
    seen->last = *event;
    seen->process = getpid();
    seen->events++;
    pthread_mutex_unlock(&seen->lock);
}

static int count(struct seen *seen, const char *name, const char *detail)
{
    int i, found = 0;

    pthread_mutex_lock(&seen->lock);
    for (i = 0; i < seen->events; i++)
        found += strcmp(seen->names[i], name) == 0
                 && (!detail || strcmp(seen->details[i], detail) == 0);
    pthread_mutex_unlock(&seen->lock);
    return found;
}

static int place(struct seen *seen, const char *name)
{
    int i;

    for (i = 0; i < seen->events; i++)
        if (strcmp(seen->names[i], name) == 0)
            return i;
    return -1;
}

static void listen_with(tsm_config *config, tsm_event_fn callback, void *context)
{
    tsm_error *error = NULL;

    CHECK_OK(tsm_config_set_event(config, callback, context, &error), error);
}

static tsm_session *watched(tsm_event_fn callback, struct seen *seen)
{
    tsm_config *config = sandbox_config();

    listen_with(config, callback, seen);
    return log_in(config);
}

static void metrics_have(const tsm_session *session, const char *line)
{
    char text[TSM_METRICS_MAX];
    tsm_error *error = NULL;

    CHECK_OK(tsm_metrics(session, text, sizeof text, &error), error);
    CHECK(!contains_secret(text));
    CHECK_HAS(line, text);
    CHECK_FAILS(TSM_E_BUFFER_TOO_SMALL, tsm_metrics(session, text, 10, &error), error);
    CHECK_FAILS(TSM_E_INVALID_ARGUMENT, tsm_metrics(session, NULL, 10, &error), error);
}

static void a_login_is_told_from_begin_to_end(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tsm_session *session = watched(keep, &seen);

    CHECK_INT(3, seen.events);
    CHECK_INT(0, place(&seen, "api_token_fetched"));
    CHECK_INT(1, place(&seen, "login_begun"));
    CHECK_INT(2, place(&seen, "login_ended"));
    CHECK_TEXT("success", seen.details[2]);
    CHECK_INT(TSM_EVENT_LOGIN_ENDED, seen.last.kind);
    CHECK_INT(TSM_OK, seen.last.status);
    CHECK_INT(3, seen.last.slots_left);
    CHECK(seen.last.duration_us > 0);
    metrics_have(session, "\ntsm_logins_total{tsm_login_fate=\"success\"} 1\n");
    metrics_have(session, "\ntsm_guard_slots_left 3\n");
    use(session);
    CHECK_INT(3, seen.events);
    tsm_free(session);
}

static void *uses(void *session)
{
    use(session);
    return NULL;
}

static void many_threads_tell_of_one_expiry(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tsm_session *session = watched(keep, &seen);
    pthread_t threads[THREADS];
    int i, resent;

    control("POST", "/expire", "{\"what\": \"session\"}");
    for (i = 0; i < THREADS; i++)
        threads[i] = start(uses, session);
    for (i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK_INT(2, count(&seen, "login_begun", NULL));
    CHECK_INT(2, count(&seen, "login_ended", "success"));
    resent = count(&seen, "resent", "session_token");
    CHECK(resent >= 1);
    CHECK_INT(resent, info(session, "resends"));
    CHECK(count(&seen, "waited", "login") < resent);
    CHECK_INT(0, seen.secrets);
    tsm_free(session);
}

static void refusals_are_told_without_secrets(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tsm_config *config = sandbox_config();
    tsm_session *session = NULL;
    tsm_error *error = NULL;

    set(config, "password", "wrong-password");
    listen_with(config, keep, &seen);
    CHECK_FAILS(TSM_E_CREDENTIALS, tsm_login(config, NULL, &session, &error), error);
    CHECK_INT(1, count(&seen, "login_ended", "rejected"));
    CHECK_INT(TSM_E_CREDENTIALS, seen.last.status);
    CHECK_INT(2, seen.last.slots_left);
    CHECK(seen.last.http_status >= 400);
    CHECK_FAILS(TSM_E_LOGIN_BLOCKED, tsm_login(config, NULL, &session, &error), error);
    CHECK_INT(1, count(&seen, "blocked", "rejected_password"));
    CHECK_INT(1, count(&seen, "login_begun", NULL));
    CHECK_INT(0, seen.secrets);
    tsm_config_free(config);
    tsm_free(watched(keep, &seen));
}

/* Does everything that a callback should not, and then frees the session. */
static void misbehaves(const tsm_event *event, void *context)
{
    struct seen *seen = context;
    char text[TSM_METRICS_MAX];

    pthread_mutex_lock(&seen->lock);
    seen->within++;
    seen->most_within = seen->within > seen->most_within ? seen->within : seen->most_within;
    pthread_mutex_unlock(&seen->lock);
    if (seen->session && event->kind == TSM_EVENT_LOGIN_ENDED) {
        CHECK_INT(TSM_OK, tsm_token(seen->session, text, sizeof text, NULL));
        use(seen->session);
        CHECK_INT(TSM_OK, tsm_relogin(seen->session, NULL, NULL, NULL));
        CHECK_INT(TSM_OK, tsm_metrics(seen->session, text, sizeof text, NULL));
        tsm_free(seen->session);
    }
    pthread_mutex_lock(&seen->lock);
    seen->within--;
    seen->events++;
    pthread_mutex_unlock(&seen->lock);
}

static void a_callback_may_call_the_library(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tsm_config *config = sandbox_config();
    tsm_session *session = NULL;
    tsm_error *error = NULL;

    listen_with(config, misbehaves, &seen);
    CHECK_OK(tsm_login(config, NULL, &session, &error), error);
    CHECK_INT(3, seen.events);
    seen.session = session;
    CHECK_OK(tsm_relogin(session, NULL, NULL, &error), error);
    CHECK(seen.events >= 5);
    CHECK_INT(1, seen.most_within);
    CHECK_INT(TSM_E_INVALID_HANDLE, tsm_cancel(session));
    tsm_config_free(config);
}

static void *is_cancelled(void *context)
{
    CHECK_INT(TSM_E_CANCELLED, tsm_relogin(context, NULL, NULL, NULL));
    return NULL;
}

/* A login that ends after its session was freed has something to say, and nobody to say it to. */
static void it_is_silent_once_all_is_freed(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tsm_session *session = watched(keep, &seen);
    long before = counter("login");
    pthread_t thread;
    int events;

    control("POST", "/faults", "{\"on\": \"login\", \"fault\": \"hold\", \"times\": -1}");
    thread = start(is_cancelled, session);
    await("login", before + 1);
    tsm_free(session);
    pthread_mutex_lock(&seen.lock);
    events = seen.events;
    pthread_mutex_unlock(&seen.lock);
    join(thread);
    CHECK_INT(events, seen.events);
    control("DELETE", "/faults", "");
}

struct given_up {
    tsm_session *session;
    tsm_call *call;
};

static void *gives_up(void *context)
{
    struct given_up *given_up = context;

    CHECK_INT(TSM_E_CANCELLED, tsm_relogin(given_up->session, given_up->call, NULL, NULL));
    return NULL;
}

/* What a login of the library's own did is told while it runs, and after it by the next call. */
static void a_login_that_outlives_its_call_is_told_later(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tsm_session *session = watched(keep, &seen);
    struct given_up given_up = {session, tsm_call_new()};
    long before = counter("login");
    pthread_t thread;

    control("POST", "/faults", "{\"on\": \"login\", \"fault\": \"hold\", \"times\": 1}");
    thread = start(gives_up, &given_up);
    await("login", before + 1);
    CHECK_INT(TSM_OK, tsm_call_cancel(given_up.call));
    join(thread);
    tsm_call_free(given_up.call);
    CHECK_INT(2, count(&seen, "login_begun", NULL));
    CHECK_INT(1, count(&seen, "login_ended", NULL));
    control("DELETE", "/faults", "");
    while (count(&seen, "login_ended", "success") < 2)
        use(session);
    CHECK_INT(2, info(session, "logins"));
    tsm_free(session);
}

#ifndef _WIN32
static void a_child_has_events_of_its_own(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tsm_config *config = sandbox_config();
    tsm_session *session = NULL;
    tsm_error *error = NULL;
    char text[TSM_METRICS_MAX];

    listen_with(config, keep, &seen);
    CHECK_OK(tsm_login(config, NULL, &session, &error), error);
    if (fork() == 0) {
        watchdog();
        CHECK_FAILS(TSM_E_FORKED, tsm_metrics(session, text, sizeof text, &error), error);
        CHECK_FAILS(TSM_E_FORKED, tsm_relogin(session, NULL, NULL, &error), error);
        CHECK_INT(3, seen.events);
        tsm_free(session);
        session = log_in(config);
        CHECK_INT(6, seen.events);
        CHECK_INT(getpid(), seen.process);
        metrics_have(session, "\ntsm_logins_total{tsm_login_fate=\"success\"} 1\n");
        tsm_free(session);
        exit(0);
    }
    child_ends_well(-1);
    CHECK_INT(3, seen.events);
    use(session);
    tsm_free(session);
    tsm_config_free(config);
}
#endif

static void what_waits_outside_is_counted(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tsm_session *session = watched(keep, &seen);
    tsm_error *error = NULL;

    CHECK_OK(tsm_waited(session, 1500, &error), error);
    CHECK_INT(TSM_EVENT_WAITED, seen.last.kind);
    CHECK_TEXT("login", seen.details[seen.events - 1]);
    CHECK_INT(1500, seen.last.duration_us);
    metrics_have(session, "\ntsm_waits_total{tsm_wait_cause=\"login\"} 1\n");
    tsm_free(session);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_waited(session, 1, &error), error);
}

static void it_can_be_turned_off(void)
{
    struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tsm_config *config = sandbox_config();
    tsm_error *error = NULL;

    listen_with(config, keep, &seen);
    listen_with(config, NULL, &seen);
    tsm_free(log_in(config));
    CHECK_INT(0, seen.events);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_config_set_event(NULL, keep, NULL, &error), error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_metrics(NULL, NULL, 0, &error), error);
}

int main(void)
{
    watchdog();
    a_login_is_told_from_begin_to_end();
    many_threads_tell_of_one_expiry();
    refusals_are_told_without_secrets();
    a_callback_may_call_the_library();
    it_is_silent_once_all_is_freed();
    a_login_that_outlives_its_call_is_told_later();
#ifndef _WIN32
    a_child_has_events_of_its_own();
#endif
    what_waits_outside_is_counted();
    it_can_be_turned_off();
    return 0;
}

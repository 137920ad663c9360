/* The log: whole lines up to the level asked for, no secret in any, and silence once config and
 * sessions are freed. */

#include "check.h"

struct seen {
    pthread_mutex_t lock;
    int lines;
    int highest;
    int secrets;
    tsm_session *session;
};

static int contains_secret(const char *message)
{
    return strstr(message, "IMgr8") || strstr(message, "secret")
           || strstr(message, "static-test-token");
}

static void count(int32_t level, const char *message, size_t length, void *context)
{
    struct seen *seen = context;
    char token[TSM_TOKEN_MAX];

    CHECK(level >= 1 && level <= 5);
    CHECK_INT(strlen(message), length);
    CHECK(length > 0);
    pthread_mutex_lock(&seen->lock);
    seen->lines++;
    seen->highest = level > seen->highest ? level : seen->highest;
    seen->secrets += contains_secret(message) != 0;
    /* No lock is held, so the library may be called from here. */
    if (seen->session && tsm_token(seen->session, token, sizeof token, NULL) == TSM_OK)
        seen->secrets += strstr(message, token) != NULL;
    pthread_mutex_unlock(&seen->lock);
}

static tsm_session *logged(int32_t level, struct seen *seen)
{
    tsm_config *config = sandbox_config();

    CHECK_INT(TSM_OK, tsm_config_set_log(config, level, count, seen));
    return log_in(config);
}

static void uses_everything(struct seen *seen)
{
    tsm_error *error = NULL;

    control("POST", "/expire", "{\"what\": \"all\"}");
    use(seen->session);
    CHECK_OK(tsm_relogin(seen->session, NULL, NULL, &error), error);
    CHECK_OK(tsm_logout(seen->session, NULL, &error), error);
}

static void lines_come_up_to_the_level(void)
{
    static const struct {
        int32_t asked, most;
    } levels[] = {{INT32_MIN, 0}, {0, 0}, {3, 3}, {5, 5}, {INT32_MAX, 5}};
    size_t i;

    for (i = 0; i < sizeof levels / sizeof *levels; i++) {
        struct seen seen = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, NULL};

        seen.session = logged(levels[i].asked, &seen);
        uses_everything(&seen);
        CHECK((seen.lines > 0) == (levels[i].most > 0));
        CHECK(seen.highest <= levels[i].most);
        CHECK_INT(0, seen.secrets);
        tsm_free(seen.session);
    }
}

static void the_level_can_change(void)
{
    struct seen seen = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, NULL};
    int before;

    seen.session = logged(0, &seen);
    CHECK_INT(0, seen.lines);
    CHECK_INT(TSM_OK, tsm_set_log_level(seen.session, INT32_MAX));
    uses_everything(&seen);
    CHECK(seen.highest > 3);
    CHECK_INT(0, seen.secrets);
    CHECK_INT(TSM_OK, tsm_set_log_level(seen.session, INT32_MIN));
    before = seen.lines;
    CHECK_INT(TSM_OK, tsm_relogin(seen.session, NULL, NULL, NULL));
    CHECK_INT(before, seen.lines);
    tsm_free(seen.session);
}

static void it_can_be_turned_off(void)
{
    struct seen seen = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, NULL};
    tsm_config *config = sandbox_config();

    CHECK_INT(TSM_OK, tsm_config_set_log(config, 5, count, &seen));
    CHECK_INT(TSM_OK, tsm_config_set_log(config, 5, NULL, &seen));
    tsm_free(log_in(config));
    CHECK_INT(0, seen.lines);
}

static void *logs_in_in_vain(void *context)
{
    CHECK_INT(TSM_E_CANCELLED, tsm_relogin(context, NULL, NULL, NULL));
    return NULL;
}

/* A login that ends after its session was freed has something to say, and nobody to say it to. */
static void it_is_silent_once_all_is_freed(void)
{
    struct seen seen = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, NULL};
    tsm_session *session = logged(5, &seen);
    long before = counter("login");
    pthread_t thread;
    int lines;

    control("POST", "/faults", "{\"on\": \"login\", \"fault\": \"hold\", \"times\": -1}");
    thread = start(logs_in_in_vain, session);
    await("login", before + 1);
    tsm_free(session);
    pthread_mutex_lock(&seen.lock);
    lines = seen.lines;
    pthread_mutex_unlock(&seen.lock);
    join(thread);
    CHECK_INT(lines, seen.lines);
    control("DELETE", "/faults", "");
}

int main(void)
{
    watchdog();
    lines_come_up_to_the_level();
    the_level_can_change();
    it_can_be_turned_off();
    it_is_silent_once_all_is_freed();
    return 0;
}

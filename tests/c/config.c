/* Options: refused one by one when they are malformed, together by tsm_login before anything is
 * sent; and copied by it. */

#include "check.h"

#define MESSAGE_HAS(part, call)                          \
    do {                                                 \
        CHECK_INT(TSM_E_INVALID_ARGUMENT, (call));       \
        CHECK_HAS((part), tsm_error_message(error));     \
        tsm_error_free(error);                           \
        error = NULL;                                    \
    } while (0)

static tsm_error *error;

static void malformed_options_are_refused(void)
{
    tsm_config *config = tsm_config_new();

    MESSAGE_HAS("username", tsm_config_set(config, "usrname", "x", &error));
    MESSAGE_HAS("base_url", tsm_config_set(config, "baseurl", "x", &error));
    MESSAGE_HAS("auto_relogin", tsm_config_set(config, "auto_relogin", "maybe", &error));
    MESSAGE_HAS("max_login_failures", tsm_config_set(config, "max_login_failures", "5", &error));
    MESSAGE_HAS("max_login_failures", tsm_config_set(config, "max_login_failures", "0", &error));
    MESSAGE_HAS("timeout_ms", tsm_config_set(config, "timeout_ms", "-1", &error));
    MESSAGE_HAS("base_url",
                tsm_config_set(config, "base_url", "http://thingspace.example", &error));
    MESSAGE_HAS("protocol", tsm_config_set(config, "protocol", "ftp", &error));
    tsm_config_free(config);
}

static void what_is_missing_or_contradicts_is_refused_before_anything_is_sent(void)
{
    tsm_config *config = tsm_config_new();
    tsm_session *session = NULL;

    MESSAGE_HAS("username", tsm_login(config, NULL, &session, &error));
    set(config, "username", "zbeeblebrox");
    MESSAGE_HAS("password", tsm_login(config, NULL, &session, &error));
    set(config, "password", "IMgr8");
    MESSAGE_HAS("app_key", tsm_login(config, NULL, &session, &error));
    set(config, "app_key", "key");
    MESSAGE_HAS("app_secret", tsm_login(config, NULL, &session, &error));
    set(config, "app_secret", "secret");
    set(config, "api_token", "static-test-token");
    MESSAGE_HAS("api_token", tsm_login(config, NULL, &session, &error));
    CHECK(session == NULL);
    tsm_config_free(config);
    CHECK_INT(0, counter("connections"));
}

static void a_secret_is_in_no_message(void)
{
    tsm_config *config = tsm_config_new();

    CHECK_INT(TSM_E_INVALID_ARGUMENT, tsm_config_set(config, "api_token", "hush hush\n", &error));
    CHECK(!strstr(tsm_error_message(error), "hush"));
    tsm_error_free(error);
    error = NULL;
    tsm_config_free(config);
}

static void the_environment_gives_way_to_what_is_set_by_hand(void)
{
    tsm_config *config = tsm_config_new();
    tsm_session *session = NULL;

    set(config, "password", "not this");
    CHECK_OK(tsm_config_load_env(config, &error), error);
    CHECK_FAILS(TSM_E_CREDENTIALS, tsm_login(config, NULL, &session, &error), error);
    set(config, "password", "IMgr8");
    CHECK_OK(tsm_login(config, NULL, &session, &error), error);
    tsm_config_free(config);
    tsm_free(session);
}

static void an_option_is_what_was_set_or_its_default(void)
{
    tsm_config *config = tsm_config_new();
    char value[16] = "unchanged";

    CHECK_OK(tsm_config_get(config, "timeout_ms", value, sizeof value, &error), error);
    CHECK_TEXT("30000", value);
    set(config, "timeout_ms", "7");
    CHECK_OK(tsm_config_get(config, "timeout_ms", value, sizeof value, &error), error);
    CHECK_TEXT("7", value);
    set(config, "password", "IMgr8");
    MESSAGE_HAS("secret", tsm_config_get(config, "password", value, sizeof value, &error));
    MESSAGE_HAS("timeout_ms", tsm_config_get(config, "timeout", value, sizeof value, &error));
    CHECK_TEXT("7", value);
    CHECK_FAILS(TSM_E_BUFFER_TOO_SMALL,
                tsm_config_get(config, "base_url", value, sizeof value, &error), error);
    CHECK_TEXT("", value);
    tsm_config_free(config);
}

static void a_session_does_not_mind_what_becomes_of_its_config(void)
{
    tsm_config *config = sandbox_config();
    tsm_session *session = NULL;

    CHECK_OK(tsm_login(config, NULL, &session, &error), error);
    set(config, "password", "changed");
    set(config, "base_url", "http://127.0.0.1:1");
    tsm_config_free(config);
    control("POST", "/expire", "{\"what\": \"session\"}");
    use(session);
    tsm_free(session);
}

/* Threads that change one config at once lose none of each other's changes. */
static void *sets_its_option(void *context)
{
    const char *const *job = context;
    tsm_error *mine = NULL;
    int i;

    for (i = 0; i < 200; i++) {
        CHECK_OK(tsm_config_set((tsm_config *)job[0], "timeout_ms", "60000", &mine), mine);
        CHECK_OK(tsm_config_set((tsm_config *)job[0], job[1], job[2], &mine), mine);
    }
    return NULL;
}

static void a_config_may_be_set_by_many_threads(void)
{
    tsm_config *config = tsm_config_new();
    const char *jobs[][3] = {
        {(char *)config, "base_url", getenv("TSM_BASE_URL")},
        {(char *)config, "username", "zbeeblebrox"},
        {(char *)config, "password", "IMgr8"},
        {(char *)config, "app_key", "key"},
        {(char *)config, "app_secret", "secret"},
        {(char *)config, "store", "memory:"},
    };
    pthread_t threads[6];
    int i;

    for (i = 0; i < 6; i++)
        threads[i] = start(sets_its_option, jobs[i]);
    for (i = 0; i < 6; i++)
        join(threads[i]);
    tsm_free(log_in(config));
}

int main(void)
{
    watchdog();
    malformed_options_are_refused();
    what_is_missing_or_contradicts_is_refused_before_anything_is_sent();
    a_secret_is_in_no_message();
    the_environment_gives_way_to_what_is_set_by_hand();
    an_option_is_what_was_set_or_its_default();
    a_session_does_not_mind_what_becomes_of_its_config();
    a_config_may_be_set_by_many_threads();
    return 0;
}

/* Host names are looked up to connect and for nothing else, one look-up at a time, whatever the
 * system's resolver does. This program is that resolver: its getaddrinfo comes before the C
 * library's. */

#define _GNU_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>

#include "check.h"

enum { ANSWERS, FAILS, HANGS };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int resolver;
static int asked;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    int fails;

    pthread_mutex_lock(&lock);
    asked++;
    pthread_cond_broadcast(&changed);
    while (resolver == HANGS)
        pthread_cond_wait(&changed, &lock);
    fails = resolver == FAILS;
    pthread_mutex_unlock(&lock);
    if (fails)
        return EAI_AGAIN;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(node, service, hints, found);
}

static void set_resolver(int how)
{
    pthread_mutex_lock(&lock);
    resolver = how;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int look_ups(void)
{
    int so_far;

    pthread_mutex_lock(&lock);
    so_far = asked;
    pthread_mutex_unlock(&lock);
    return so_far;
}

static int threads_named(const char *name)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    int found = 0;

    CHECK(tasks);
    while ((task = readdir(tasks))) {
        char path[300], comm[32] = "";
        FILE *file;

        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        file = fopen(path, "r");
        if (file) {
            CHECK(fgets(comm, sizeof comm, file));
            fclose(file);
        }
        found += strncmp(comm, name, strlen(name)) == 0;
    }
    closedir(tasks);
    return found;
}

/* The sandbox by its name. */
static tsm_config *by_name(void)
{
    tsm_config *config = tsm_config_new();
    const char *port = strrchr(getenv("TSM_BASE_URL"), ':');
    tsm_error *error = NULL;
    char url[100];

    snprintf(url, sizeof url, "http://localhost%s", port);
    CHECK_OK(tsm_config_load_env(config, &error), error);
    CHECK_OK(tsm_config_set(config, "base_url", url, &error), error);
    return config;
}

static void what_is_connected_needs_no_name(void)
{
    tsm_config *config = by_name();
    tsm_session *session = NULL;
    tsm_error *error = NULL;
    int i;

    CHECK_OK(tsm_login(config, NULL, &session, &error), error);
    CHECK_INT(1, look_ups());
    set_resolver(FAILS);
    for (i = 0; i < 20; i++)
        use(session);
    control("POST", "/expire", "{\"what\": \"session\"}");
    use(session);
    CHECK_INT(1, look_ups());
    set_resolver(ANSWERS);
    tsm_free(session);
    tsm_config_free(config);
}

static void *logs_in(void *unused)
{
    tsm_config *config = by_name();
    tsm_session *session = NULL;
    tsm_error *error = NULL;

    (void)unused;
    CHECK_OK(tsm_config_set(config, "connect_timeout_ms", "300", &error), error);
    CHECK_INT(TSM_E_TIMEOUT, tsm_login(config, NULL, &session, &error));
    CHECK_HAS("no connection within 0.3 s", tsm_error_message(error));
    tsm_error_free(error);
    tsm_config_free(config);
    return NULL;
}

/* A look-up counts as connecting, and one that hangs is shared by all who come. */
static void a_resolver_that_hangs_holds_up_one_thread(void)
{
    pthread_t threads[32];
    int before = look_ups(), i;

    set_resolver(HANGS);
    for (i = 0; i < 32; i++)
        threads[i] = start(logs_in, NULL);
    for (i = 0; i < 32; i++)
        join(threads[i]);
    logs_in(NULL);
    CHECK_INT(before + 1, look_ups());
    CHECK_INT(1, threads_named("tsm-resolve"));
    set_resolver(ANSWERS);
}

static void a_name_that_does_not_resolve_is_said_to_be_so(void)
{
    tsm_config *config = by_name();
    tsm_session *session = NULL;
    tsm_error *error = NULL;

    set_resolver(FAILS);
    CHECK_INT(TSM_E_NETWORK, tsm_login(config, NULL, &session, &error));
    CHECK_HAS("no connection to localhost:", tsm_error_message(error));
    CHECK_HAS("does not resolve", tsm_error_message(error));
    CHECK(tsm_error_retryable(error));
    tsm_error_free(error);
    set_resolver(ANSWERS);
    tsm_config_free(config);
}

int main(void)
{
    what_is_connected_needs_no_name();
    a_name_that_does_not_resolve_is_said_to_be_so();
    a_resolver_that_hangs_holds_up_one_thread();
    return 0;
}

/*
 * What every C test shares: checks that say what failed and where, a watchdog for calls that never
 * come back, a session in the sandbox, and what the sandbox saw.
 */
#ifndef CHECK_H
#define CHECK_H

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tsm.h>

#include "../../examples/c/sandbox_control.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <sys/wait.h>
#endif
#include <unistd.h>

#define CHECK(condition) check((condition) != 0, #condition, __FILE__, __LINE__)
#define CHECK_INT(expected, actual)                                                                \
    check_int((long long)(expected), (long long)(actual), #actual, __FILE__, __LINE__)
#define CHECK_TEXT(expected, actual) check_text((expected), (actual), #actual, __FILE__, __LINE__)
#define CHECK_HAS(part, text) check_has((part), (text), #text, __FILE__, __LINE__)

/* A status, by name, and that `error` says the same; then frees the error. */
#define CHECK_FAILS(expected, call, error)                                                         \
    check_fails((expected), (call), &(error), #call, __FILE__, __LINE__)
/* Success; else tells the error. */
#define CHECK_OK(call, error) check_ok((call), &(error), #call, __FILE__, __LINE__)

#define ACCOUNT_PATH "/m2m/v1/accounts/0000123456-00001"
#define LIST_PATH "/m2m/v1/devices/actions/list"
#define LIST_BODY "{\"accountName\": \"0000123456-00001\"}"

static inline void check_failed(const char *file, int line)
{
    fprintf(stderr, "  at %s:%d\n", file, line);
    _exit(1);
}

static inline void check(int holds, const char *condition, const char *file, int line)
{
    if (!holds) {
        fprintf(stderr, "not so: %s\n", condition);
        check_failed(file, line);
    }
}

static inline void check_int(long long expected, long long actual, const char *what,
                             const char *file, int line)
{
    if (expected != actual) {
        fprintf(stderr, "%s is %lld, not %lld\n", what, actual, expected);
        check_failed(file, line);
    }
}

static inline void check_text(const char *expected, const char *actual, const char *what,
                              const char *file, int line)
{
    if (!actual || strcmp(expected, actual) != 0) {
        fprintf(stderr, "%s is \"%s\", not \"%s\"\n", what, actual ? actual : "(NULL)", expected);
        check_failed(file, line);
    }
}

static inline void check_has(const char *part, const char *text, const char *what, const char *file,
                             int line)
{
    if (!text || !strstr(text, part)) {
        fprintf(stderr, "%s, \"%s\", lacks \"%s\"\n", what, text ? text : "(NULL)", part);
        check_failed(file, line);
    }
}

static inline void check_fails(tsm_status expected, tsm_status actual, tsm_error **error,
                               const char *what, const char *file, int line)
{
    if (expected != actual || tsm_error_status(*error) != expected || !*tsm_error_message(*error)) {
        fprintf(stderr, "%s: %s (error: %s, \"%s\"), not %s\n", what, tsm_status_name(actual),
                tsm_status_name(tsm_error_status(*error)), tsm_error_message(*error),
                tsm_status_name(expected));
        check_failed(file, line);
    }
    tsm_error_free(*error);
    *error = NULL;
}

static inline void check_ok(tsm_status actual, tsm_error **error, const char *what,
                            const char *file, int line)
{
    if (actual != TSM_OK || *error != NULL) {
        fprintf(stderr, "%s: %s: %s\n", what, tsm_status_name(actual), tsm_error_message(*error));
        check_failed(file, line);
    }
}

/* Ends a test that hangs. Call it first, and again in forked children. */
#ifdef _WIN32
static inline void WINAPI watchdog_barks(void *context, BOOLEAN fired)
{
    (void)context;
    (void)fired;
    fprintf(stderr, "it hangs\n");
    _exit(1);
}

static inline void watchdog(void)
{
    HANDLE timer;

    CHECK(CreateTimerQueueTimer(&timer, NULL, watchdog_barks, NULL, 120000, 0,
                                WT_EXECUTEONLYONCE));
}
#else
static inline void watchdog(void)
{
    alarm(120);
}
#endif

/* A config for the sandbox that runs beside this test. */
static inline tsm_config *sandbox_config(void)
{
    tsm_config *config = tsm_config_new();
    tsm_error *error = NULL;

    CHECK_OK(tsm_config_load_env(config, &error), error);
    return config;
}

static inline void set(tsm_config *config, const char *option, const char *value)
{
    tsm_error *error = NULL;

    CHECK_OK(tsm_config_set(config, option, value, &error), error);
}

/* Logs in with a config and frees it. */
static inline tsm_session *log_in(tsm_config *config)
{
    tsm_session *session = NULL;
    tsm_error *error = NULL;

    CHECK_OK(tsm_login(config, NULL, &session, &error), error);
    CHECK(session != NULL);
    tsm_config_free(config);
    return session;
}

/* Asks for the account; that must succeed. */
static inline void use(const tsm_session *session)
{
    tsm_response *response = NULL;
    tsm_error *error = NULL;

    CHECK_OK(tsm_request(session, NULL, "GET", ACCOUNT_PATH, NULL, NULL, 0, &response, &error),
             error);
    CHECK_OK(tsm_response_check(response, &error), error);
    tsm_response_free(response);
}

/* A call to the sandbox's control port. */
static inline void control(const char *method, const char *path, const char *json)
{
    static const size_t capacity = 1 << 16;
    char *answer = malloc(capacity);

    CHECK(answer != NULL);
    if (sandbox_control(method, path, json, answer, capacity) != 200) {
        fprintf(stderr, "sandbox: %s %s %s: %s\n", method, path, json, answer);
        check_failed(__FILE__, __LINE__);
    }
    free(answer);
}

/* One of the sandbox's counters. */
static inline long counter(const char *name)
{
    static const size_t capacity = 1 << 16;
    char *answer = malloc(capacity);
    char key[64];
    const char *found;
    long count;

    CHECK(answer != NULL);
    CHECK_INT(200, sandbox_control("GET", "/state", "", answer, capacity));
    found = strstr(answer, "\"counters\"");
    CHECK(found != NULL);
    snprintf(key, sizeof key, "\"%s\":", name);
    found = strstr(found, key);
    CHECK(found != NULL);
    count = strtol(found + strlen(key), NULL, 10);
    free(answer);
    return count;
}

/* Waits until that many requests of a kind have come in. The watchdog ends a wait in vain. */
static inline void await(const char *name, long count)
{
    while (counter(name) < count) {
    }
}

/* A number of tsm_info(). */
static inline long info(const tsm_session *session, const char *name)
{
    char text[TSM_INFO_MAX];
    char key[64];
    const char *found;
    tsm_error *error = NULL;

    CHECK_OK(tsm_info(session, text, sizeof text, &error), error);
    snprintf(key, sizeof key, "\"%s\":", name);
    found = strstr(text, key);
    CHECK(found != NULL);
    return strtol(found + strlen(key), NULL, 10);
}

static inline pthread_t start(void *(*run)(void *), void *context)
{
    pthread_t thread;

    CHECK_INT(0, pthread_create(&thread, NULL, run, context));
    return thread;
}

static inline void join(pthread_t thread)
{
    CHECK_INT(0, pthread_join(thread, NULL));
}

#ifndef _WIN32
/* Waits for a forked child, which must end well. */
static inline void child_ends_well(pid_t child)
{
    int status = 0;

    CHECK(waitpid(child, &status, 0) > 0);
    CHECK(WIFEXITED(status));
    CHECK_INT(0, WEXITSTATUS(status));
}
#endif

#endif

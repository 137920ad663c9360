/* What the library costs beside libcurl and others, measured from C. Prints JSON, a line a
 * measurement; benches/bench.py makes tables of them.
 *
 *   bench tokens READS ROUNDS            token reads beside a mutex and arc-swap, 1 and 2 threads
 *   bench load CALLS ROUNDS              calls before and after a thousand threads came and went
 *   bench requests THREADS BYTES CALLS ROUNDS
 *                                        tsm_request and libcurl in turns: the same POST
 *   bench storm THREADS ROUNDS           threads that meet one expired token at once
 *   bench login tsm|libcurl              what one login costs in this process
 *   bench trips tsm|libcurl              does the steps that standard input names, a line each
 *   bench expiry                         one of many processes that meet an expired token at once
 *   bench events CALLS ROUNDS            calls of sessions with and without a callback for events
 *   bench proxy CONNECTIONS BYTES CALLS ROUNDS (NAME PORT)...
 *                                        the same POST over local reverse proxies, in turns
 *
 * The session comes from TSM_* in the environment, and the path of requests from BENCH_PATH. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double cpu_seconds(void) { return seconds(CLOCK_PROCESS_CPUTIME_ID); }
double wall_seconds(void) { return seconds(CLOCK_MONOTONIC); }

void fail(const char *what, tsm_error *error)
{
    fprintf(stderr, "bench: %s: %s\n", what, error ? tsm_error_message(error) : "");
    exit(1);
}

const char *wanted(const char *variable)
{
    const char *value = getenv(variable);
    if (value == NULL)
        fail(variable, NULL);
    return value;
}

int number(int count, char **arguments, int index)
{
    int value = index < count ? atoi(arguments[index]) : 0;
    if (value <= 0)
        fail("a number is missing, see the head of bench.c", NULL);
    return value;
}

void report_call(const char *name, double wall, double cpu, double calls)
{
    printf("{\"name\": \"%s\", \"wall_us\": %.4f, \"cpu_us\": %.4f}\n", name, wall * 1e6 / calls,
           cpu * 1e6 / calls);
    fflush(stdout);
}

/* Waits until the process does nothing any more: what is put off is paid all the same. */
void come_to_rest(void)
{
    double before;
    do {
        before = cpu_seconds();
        usleep(200 * 1000);
    } while (cpu_seconds() - before > 0.001);
}

tsm_session *session_from_environment(void) { return session_that_tells(NULL); }

tsm_session *session_that_tells(tsm_event_fn callback)
{
    tsm_session *session = NULL;
    tsm_error *error = NULL;
    tsm_config *config = tsm_config_new();
    if (tsm_config_load_env(config, &error) != TSM_OK
        || tsm_config_set_event(config, callback, NULL, &error) != TSM_OK
        || tsm_login(config, NULL, &session, &error) != TSM_OK)
        fail("login", error);
    tsm_config_free(config);
    return session;
}

/* Threads that all run at once, and are gone when this returns. */
void burst_of_threads(int threads, void *(*run)(void *), void *context)
{
    pthread_t *thread = calloc((size_t)threads, sizeof *thread);
    for (int i = 0; i < threads; i++)
        if (pthread_create(&thread[i], NULL, run, context) != 0)
            fail("pthread_create", NULL);
    for (int i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    free(thread);
}

/* A device list request padded to that length. */
char *json_of(size_t bytes)
{
    static const char start[] = "{\"accountName\":\"0000123456-00001\",\"groupName\":\"";
    char *text = malloc(bytes + 1);
    memset(text, 'g', bytes);
    memcpy(text, start, sizeof start - 1);
    memcpy(text + bytes - 2, "\"}", 3);
    return text;
}

void post_by_tsm(tsm_session *session, const char *body, size_t length)
{
    tsm_response *response = NULL;
    tsm_error *error = NULL;
    size_t answered = 0;
    if (tsm_request(session, NULL, "POST", wanted("BENCH_PATH"), NULL, (const uint8_t *)body,
                    length, &response, &error)
        != TSM_OK)
        fail("request", error);
    if (tsm_response_status(response) != 200 || tsm_response_body(response, &answered) == NULL
        || answered != length)
        fail("answer", NULL);
    tsm_response_free(response);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(int count, char **arguments);
    } measurements[] = {
        {"tokens", bench_tokens}, {"requests", bench_requests}, {"storm", bench_storm},
        {"load", bench_load},     {"login", bench_login},       {"trips", bench_trips},
        {"expiry", bench_expiry}, {"events", bench_events},     {"proxy", bench_proxy},
    };
    const char *what = argc > 1 ? argv[1] : "";
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (size_t i = 0; i < sizeof measurements / sizeof *measurements; i++)
        if (strcmp(what, measurements[i].name) == 0) {
            measurements[i].run(argc - 2, argv + 2);
            return 0;
        }
    fail("no such measurement, see the head of bench.c", NULL);
}

/* What the library costs beside libcurl, measured from C: token reads, the same POST through both,
 * and a storm on one expiry.
 *
 *   bench token                        ns per tsm_token on 1 and on 2 threads
 *   bench request ROUNDS CALLS         tsm_request and libcurl in turns: the same 1 KiB POST, the
 *                                      same answer, kept connections
 *   bench storm THREADS                threads that meet one expired token at once
 *
 * The session comes from TSM_* in the environment; `request` wants BENCH_URL, BENCH_PATH too.
 * Prints JSON, a line a measurement. */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tsm.h"

#define BODY_BYTES 1024

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void) { return seconds(CLOCK_PROCESS_CPUTIME_ID); }
static double wall_seconds(void) { return seconds(CLOCK_MONOTONIC); }

static void fail(const char *what, tsm_error *error)
{
    fprintf(stderr, "bench: %s: %s\n", what, error ? tsm_error_message(error) : "");
    exit(1);
}

static tsm_session *login(void)
{
    tsm_session *session = NULL;
    tsm_error *error = NULL;
    tsm_config *config = tsm_config_new();
    if (tsm_config_load_env(config, &error) != TSM_OK
        || tsm_login(config, NULL, &session, &error) != TSM_OK)
        fail("login", error);
    tsm_config_free(config);
    return session;
}

/* token */

#define READS 4000000

static void *read_tokens(void *session)
{
    char token[TSM_TOKEN_MAX];
    for (int i = 0; i < READS; i++)
        if (tsm_token(session, token, sizeof token, NULL) != TSM_OK)
            fail("token", NULL);
    return NULL;
}

static void bench_token(void)
{
    tsm_session *session = login();
    for (int round = 0; round < 9; round++)
        for (int threads = 1; threads <= 2; threads++) {
            pthread_t thread[2];
            double start = wall_seconds();
            for (int i = 0; i < threads; i++)
                pthread_create(&thread[i], NULL, read_tokens, session);
            for (int i = 0; i < threads; i++)
                pthread_join(thread[i], NULL);
            double ns = (wall_seconds() - start) * 1e9 / ((double)READS * threads);
            printf("{\"name\": \"token_%d\", \"ns\": %.2f}\n", threads, ns);
            fflush(stdout);
        }
    tsm_free(session);
}

/* request */

static char body[BODY_BYTES + 1];

static void report(const char *name, double wall, double cpu, int calls)
{
    printf("{\"name\": \"%s\", \"wall_us\": %.3f, \"cpu_us\": %.3f}\n", name, wall * 1e6 / calls,
           cpu * 1e6 / calls);
    fflush(stdout);
}

static void tsm_round(tsm_session *session, const char *path, int calls, const char *name)
{
    double wall = wall_seconds(), cpu = cpu_seconds();
    for (int i = 0; i < calls; i++) {
        tsm_response *response = NULL;
        tsm_error *error = NULL;
        size_t length = 0;
        if (tsm_request(session, NULL, "POST", path, NULL, (const uint8_t *)body, BODY_BYTES,
                        &response, &error) != TSM_OK)
            fail("request", error);
        if (tsm_response_status(response) != 200 || tsm_response_body(response, &length) == NULL
            || length == 0)
            fail("answer", NULL);
        tsm_response_free(response);
    }
    report(name, wall_seconds() - wall, cpu_seconds() - cpu, calls);
}

struct answer {
    char *data;
    size_t length;
};

static size_t keep(char *data, size_t size, size_t count, void *context)
{
    struct answer *answer = context;
    size_t bytes = size * count;
    char *grown = realloc(answer->data, answer->length + bytes);
    if (grown == NULL)
        return 0;
    memcpy(grown + answer->length, data, bytes);
    answer->data = grown;
    answer->length += bytes;
    return bytes;
}

static void curl_round(CURL *curl, int calls, const char *name)
{
    double wall = wall_seconds(), cpu = cpu_seconds();
    for (int i = 0; i < calls; i++) {
        struct answer answer = {NULL, 0};
        long status = 0;
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
        CURLcode code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (code != CURLE_OK || status != 200 || answer.length == 0)
            fail(curl_easy_strerror(code), NULL);
        free(answer.data);
    }
    report(name, wall_seconds() - wall, cpu_seconds() - cpu, calls);
}

static void bench_request(int rounds, int calls)
{
    const char *base = getenv("TSM_BASE_URL"), *path = getenv("BENCH_PATH");
    char url[1024], bearer[TSM_API_TOKEN_MAX + 32], session_header[TSM_TOKEN_MAX + 32];
    char api_token[TSM_API_TOKEN_MAX], token[TSM_TOKEN_MAX];
    tsm_session *session = login();
    if (base == NULL || path == NULL)
        fail("TSM_BASE_URL and BENCH_PATH are wanted", NULL);
    if (tsm_token(session, token, sizeof token, NULL) != TSM_OK ||
        tsm_api_token(session, NULL, api_token, sizeof api_token, NULL) != TSM_OK)
        fail("tokens", NULL);
    memset(body, ' ', BODY_BYTES);
    body[0] = '{';
    body[BODY_BYTES - 1] = '}';

    snprintf(url, sizeof url, "%s%s", base, path);
    snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", api_token);
    snprintf(session_header, sizeof session_header, "VZ-M2M-Token: %s", token);
    struct curl_slist *headers = curl_slist_append(NULL, bearer);
    headers = curl_slist_append(headers, session_header);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Accept: application/json");
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)BODY_BYTES);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);

    tsm_round(session, path, 200, "warm");
    curl_round(curl, 200, "warm");
    for (int round = 0; round < rounds; round++) {
        tsm_round(session, path, calls, "tsm_request");
        curl_round(curl, calls, "libcurl");
    }
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    tsm_free(session);
}

/* storm */

static char expired[TSM_TOKEN_MAX];
static pthread_barrier_t start_line;

static void *relogin(void *session)
{
    pthread_barrier_wait(&start_line);
    if (tsm_relogin(session, NULL, expired, NULL) != TSM_OK)
        fail("relogin", NULL);
    return NULL;
}

static void bench_storm(int threads)
{
    tsm_session *session = login();
    pthread_t *thread = calloc((size_t)threads, sizeof *thread);
    for (int round = 0; round < 9; round++) {
        if (tsm_token(session, expired, sizeof expired, NULL) != TSM_OK)
            fail("token", NULL);
        pthread_barrier_init(&start_line, NULL, (unsigned)threads + 1);
        for (int i = 0; i < threads; i++)
            pthread_create(&thread[i], NULL, relogin, session);
        pthread_barrier_wait(&start_line);
        double start = wall_seconds();
        for (int i = 0; i < threads; i++)
            pthread_join(thread[i], NULL);
        printf("{\"name\": \"storm_%d\", \"ms\": %.3f}\n", threads, (wall_seconds() - start) * 1e3);
        fflush(stdout);
        pthread_barrier_destroy(&start_line);
    }
    free(thread);
    char info[TSM_INFO_MAX];
    tsm_info(session, info, sizeof info, NULL);
    printf("{\"name\": \"storm_info\", \"info\": %s}\n", info);
    tsm_free(session);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (strcmp(what, "token") == 0)
        bench_token();
    else if (strcmp(what, "request") == 0 && argc == 4)
        bench_request(atoi(argv[2]), atoi(argv[3]));
    else if (strcmp(what, "storm") == 0 && argc == 3)
        bench_storm(atoi(argv[2]));
    else
        fail("usage: bench token | request ROUNDS CALLS | storm THREADS", NULL);
    return 0;
}

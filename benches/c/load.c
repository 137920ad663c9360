/* What calls cost before and after a thousand threads have come and gone, each of which read both
 * tokens and sent a request. libcurl is measured before and after too, to tell what the machine
 * did meanwhile. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define PASSING_THREADS 1000
#define AT_ONCE 250
#define BYTES 1024
/* Token reads for each request. */
#define READS 200

static tsm_session *session;
static struct by_hand *hand;
static const char *body;

static void read_token(void)
{
    char token[TSM_TOKEN_MAX];
    if (tsm_token(session, token, sizeof token, NULL) != TSM_OK)
        fail("token", NULL);
}

/* With a call of its own, as bindings do. */
static void read_api_token(void)
{
    char token[TSM_API_TOKEN_MAX];
    tsm_call *call = tsm_call_new();
    if (tsm_api_token(session, call, token, sizeof token, NULL) != TSM_OK)
        fail("API token", NULL);
    tsm_call_free(call);
}

static void request(void) { post_by_tsm(session, body, BYTES); }

static void request_by_hand(void)
{
    if (by_hand_post(hand) != 200)
        fail("answer", NULL);
}

/* All of its burst have called before the first of them ends. */
static void *come_and_go(void *line)
{
    read_token();
    read_api_token();
    request();
    pthread_barrier_wait(line);
    return NULL;
}

static void measure(const char *name, const char *when, void (*call)(void), int calls)
{
    char full[64];
    snprintf(full, sizeof full, "%s %s", name, when);
    double wall = wall_seconds(), cpu = cpu_seconds();
    for (int i = 0; i < calls; i++)
        call();
    report_call(full, wall_seconds() - wall, cpu_seconds() - cpu, calls);
}

/* Requests first: a scheduler lets a thread wait that has just been busy. */
static void measure_all(const char *when, int calls, int rounds)
{
    for (int round = 0; round < rounds; round++) {
        measure("tsm_request", when, request, calls);
        measure("libcurl", when, request_by_hand, calls);
    }
    for (int round = 0; round < rounds; round++) {
        measure("tsm_token", when, read_token, calls * READS);
        measure("tsm_api_token", when, read_api_token, calls * READS / 10);
    }
}

void bench_load(int count, char **arguments)
{
    int calls = number(count, arguments, 0), rounds = number(count, arguments, 1);
    session = session_from_environment();
    body = json_of(BYTES);
    hand = by_hand_beside(session, body, BYTES);
    measure_all("first", calls / 10 + 1, 1);
    come_to_rest();
    measure_all("before", calls, rounds);
    pthread_barrier_t line;
    pthread_barrier_init(&line, NULL, AT_ONCE);
    for (int i = 0; i < PASSING_THREADS / AT_ONCE; i++)
        burst_of_threads(AT_ONCE, come_and_go, &line);
    come_to_rest();
    measure_all("after", calls, rounds);
    by_hand_free(hand);
    tsm_free(session);
}

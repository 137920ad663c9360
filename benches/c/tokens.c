/* Token reads: tsm_token beside what a program would write itself, a pthread_mutex around a copy,
 * and beside a load of Rust's arc-swap; on one thread and on two. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* benches/peers */
void peer_arc_swap_set(const char *token);
int peer_arc_swap_read(char *out, size_t room);

static tsm_session *session;
static int reads;
static char held[TSM_TOKEN_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int by_tsm(char *out, size_t room) { return tsm_token(session, out, room, NULL) != TSM_OK; }

static int by_mutex(char *out, size_t room)
{
    pthread_mutex_lock(&lock);
    size_t length = strlen(held) + 1;
    int failed = length > room;
    if (!failed)
        memcpy(out, held, length);
    pthread_mutex_unlock(&lock);
    return failed;
}

typedef int reader(char *out, size_t room);

/* The nth of the cores that this process may use, or none. */
static int core(int nth)
{
    static cpu_set_t usable;
    if (CPU_COUNT(&usable) == 0)
        sched_getaffinity(0, sizeof usable, &usable);
    for (int at = 0; at < CPU_SETSIZE; at++)
        if (CPU_ISSET(at, &usable) && nth-- == 0)
            return at;
    return -1;
}

/* Each on a core of its own: a scheduler takes longer to part two threads than a round lasts. */
static void stay_on(int at)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (at >= 0) {
        CPU_SET(at, &set);
        pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    }
}

struct share {
    reader *read;
    pthread_barrier_t *line;
    int core;
    double start, end;
};

static void *read_often(void *context)
{
    struct share *share = context;
    char token[TSM_TOKEN_MAX];
    stay_on(share->core);
    if (share->line != NULL)
        pthread_barrier_wait(share->line);
    share->start = wall_seconds();
    for (int i = 0; i < reads; i++)
        if (share->read(token, sizeof token) != 0 || token[0] == '\0')
            fail("token", NULL);
    share->end = wall_seconds();
    return NULL;
}

/* Seconds from the first to begin until the last to end. */
static double on_one(reader *read)
{
    struct share share = {read, NULL, core(0), 0, 0};
    read_often(&share);
    return share.end - share.start;
}

static double on_two(reader *read)
{
    pthread_t other;
    pthread_barrier_t line;
    pthread_barrier_init(&line, NULL, 2);
    struct share mine = {read, &line, core(0), 0, 0}, its = {read, &line, core(1), 0, 0};
    if (pthread_create(&other, NULL, read_often, &its) != 0)
        fail("pthread_create", NULL);
    read_often(&mine);
    pthread_join(other, NULL);
    pthread_barrier_destroy(&line);
    return (mine.end > its.end ? mine.end : its.end)
           - (mine.start < its.start ? mine.start : its.start);
}

static void measure(const char *name, reader *read, int threads)
{
    double took = threads == 1 ? on_one(read) : on_two(read);
    printf("{\"name\": \"%s_%d\", \"ns\": %.3f}\n", name, threads,
           took * 1e9 / ((double)reads * threads));
}

void bench_tokens(int count, char **arguments)
{
    reads = number(count, arguments, 0);
    int rounds = number(count, arguments, 1);
    session = session_from_environment();
    if (by_tsm(held, sizeof held) != 0)
        fail("token", NULL);
    peer_arc_swap_set(held);
    come_to_rest();
    for (int round = 0; round < rounds; round++)
        for (int threads = 1; threads <= 2; threads++) {
            measure("tsm_token", by_tsm, threads);
            measure("mutex", by_mutex, threads);
            measure("arc_swap", peer_arc_swap_read, threads);
        }
    tsm_free(session);
}

/* Token reads: tsm_token beside what a program would write itself, a pthread_mutex around a copy,
 * and beside a load of Rust's arc-swap; on one thread and on two. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
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

static void *read_often(void *context)
{
    char token[TSM_TOKEN_MAX];
    reader *read = *(reader **)context;
    for (int i = 0; i < reads; i++)
        if (read(token, sizeof token) != 0 || token[0] == '\0')
            fail("token", NULL);
    return NULL;
}

static void measure(const char *name, reader *read, int threads)
{
    double start = wall_seconds();
    if (threads == 1)
        read_often(&read);
    else
        burst_of_threads(threads, read_often, &read);
    printf("{\"name\": \"%s_%d\", \"ns\": %.3f}\n", name, threads,
           (wall_seconds() - start) * 1e9 / ((double)reads * threads));
    fflush(stdout);
}

void bench_tokens(int count, char **arguments)
{
    reads = number(count, arguments, 0);
    int rounds = number(count, arguments, 1);
    session = session_from_environment();
    if (by_tsm(held, sizeof held) != 0)
        fail("token", NULL);
    peer_arc_swap_set(held);
    for (int round = 0; round < rounds; round++)
        for (int threads = 1; threads <= 2; threads++) {
            measure("tsm_token", by_tsm, threads);
            measure("mutex", by_mutex, threads);
            measure("arc_swap", peer_arc_swap_read, threads);
        }
    tsm_free(session);
}

/* The same POST by tsm_request and by libcurl, in turns, on kept connections: one session for all
 * threads here, one easy handle a thread there. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdlib.h>

static struct {
    tsm_session *session;
    const char *body;
    size_t length;
    int calls, rounds;
    pthread_barrier_t line;
} bench;

static void post_by_hand(struct by_hand *hand)
{
    if (by_hand_post(hand) != 200 || hand->length != bench.length)
        fail("answer", NULL);
}

/* Its calls of every round; between rounds the threads meet, so that one client works at a time. */
static void *work(void *context)
{
    struct by_hand *hand = context;
    for (int round = -1; round < bench.rounds; round++)
        for (int ours = 1; ours >= 0; ours--) {
            int calls = round < 0 ? bench.calls / 10 + 1 : bench.calls;
            pthread_barrier_wait(&bench.line);
            for (int i = 0; i < calls; i++)
                if (ours)
                    post_by_tsm(bench.session, bench.body, bench.length);
                else
                    post_by_hand(hand);
            pthread_barrier_wait(&bench.line);
        }
    return NULL;
}

void bench_requests(int count, char **arguments)
{
    int threads = number(count, arguments, 0);
    bench.length = (size_t)number(count, arguments, 1);
    bench.calls = number(count, arguments, 2);
    bench.rounds = number(count, arguments, 3);
    bench.session = session_from_environment();
    bench.body = json_of(bench.length);
    pthread_barrier_init(&bench.line, NULL, (unsigned)threads + 1);

    struct by_hand **hands = calloc((size_t)threads, sizeof *hands);
    pthread_t *thread = calloc((size_t)threads, sizeof *thread);
    for (int i = 0; i < threads; i++) {
        hands[i] = by_hand_beside(bench.session, bench.body, bench.length);
        if (pthread_create(&thread[i], NULL, work, hands[i]) != 0)
            fail("pthread_create", NULL);
    }
    come_to_rest();
    for (int round = -1; round < bench.rounds; round++)
        for (int ours = 1; ours >= 0; ours--) {
            pthread_barrier_wait(&bench.line);
            double wall = wall_seconds(), cpu = cpu_seconds();
            pthread_barrier_wait(&bench.line);
            if (round >= 0)
                report_call(ours ? "tsm_request" : "libcurl", wall_seconds() - wall,
                            cpu_seconds() - cpu, (double)bench.calls * threads);
        }
    for (int i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < threads; i++)
        by_hand_free(hands[i]);
    tsm_free(bench.session);
}

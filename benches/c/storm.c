/* How long it takes until all of many threads go on that met one expired token at once. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static char expired[TSM_TOKEN_MAX];
static pthread_barrier_t start_line;

static void *relogin(void *session)
{
    pthread_barrier_wait(&start_line);
    tsm_error *error = NULL;
    if (tsm_relogin(session, NULL, expired, &error) != TSM_OK)
        fail("relogin", error);
    return NULL;
}

void bench_storm(int count, char **arguments)
{
    int threads = number(count, arguments, 0), rounds = number(count, arguments, 1);
    pthread_t *thread = calloc((size_t)threads, sizeof *thread);
    for (int round = 0; round < rounds; round++) {
        /* A new one each time: a session whose tokens do not last is not served at once. */
        tsm_session *session = session_from_environment();
        if (tsm_token(session, expired, sizeof expired, NULL) != TSM_OK)
            fail("token", NULL);
        pthread_barrier_init(&start_line, NULL, (unsigned)threads + 1);
        for (int i = 0; i < threads; i++)
            pthread_create(&thread[i], NULL, relogin, session);
        pthread_barrier_wait(&start_line);
        double start = wall_seconds();
        for (int i = 0; i < threads; i++)
            pthread_join(thread[i], NULL);
        printf("{\"name\": \"storm\", \"ms\": %.3f}\n", (wall_seconds() - start) * 1e3);
        fflush(stdout);
        pthread_barrier_destroy(&start_line);
        tsm_free(session);
    }
    free(thread);
}

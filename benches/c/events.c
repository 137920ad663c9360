/* What a callback for events costs those who have nothing to tell: the same calls of a session
 * without one and of a session with one, in turns. */
#include "bench.h"

#include <stdio.h>

#define BYTES 1024
/* Token reads for each request. */
#define READS 200

static void ignore(const tsm_event *event, void *context)
{
    (void)event;
    (void)context;
}

static void measure(tsm_session *session, const char *body, const char *with, int calls)
{
    char name[64], token[TSM_TOKEN_MAX];
    double wall = wall_seconds(), cpu = cpu_seconds();
    for (int i = 0; i < calls; i++)
        post_by_tsm(session, body, BYTES);
    snprintf(name, sizeof name, "tsm_request %s", with);
    report_call(name, wall_seconds() - wall, cpu_seconds() - cpu, calls);

    wall = wall_seconds(), cpu = cpu_seconds();
    for (int i = 0; i < calls * READS; i++)
        if (tsm_token(session, token, sizeof token, NULL) != TSM_OK)
            fail("token", NULL);
    snprintf(name, sizeof name, "tsm_token %s", with);
    report_call(name, wall_seconds() - wall, cpu_seconds() - cpu, (double)calls * READS);
}

void bench_events(int count, char **arguments)
{
    int calls = number(count, arguments, 0), rounds = number(count, arguments, 1);
    tsm_session *without = session_from_environment(), *with = session_that_tells(ignore);
    const char *body = json_of(BYTES);
    come_to_rest();
    for (int round = 0; round < rounds; round++) {
        measure(without, body, "without", calls);
        measure(with, body, "with", calls);
    }
    tsm_free(without);
    tsm_free(with);
}

/* What one cold login costs this process, OAuth2 included: its processor time until the caller has
 * the token and all in all, and its memory. One login a process, so that nothing is warm. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double status_mb(const char *name)
{
    char line[256];
    long kilobytes = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && kilobytes < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            kilobytes = strtol(line + strlen(name), NULL, 10);
    if (kilobytes < 0)
        fail("/proc/self/status", NULL);
    fclose(file);
    return (double)kilobytes * 1024 / 1e6;
}

void bench_login(int count, char **arguments)
{
    int ours = count > 0 && strcmp(arguments[0], "tsm") == 0;
    double wall = wall_seconds(), cpu = cpu_seconds(), start = cpu;
    if (ours) {
        session_from_environment();
    } else {
        struct by_hand *hand = by_hand_new();
        by_hand_fetch_api_token(hand);
        by_hand_log_in(hand);
    }
    cpu = cpu_seconds() - cpu;
    wall = wall_seconds() - wall;
    come_to_rest();
    printf("{\"name\": \"%s\", \"cpu_ms\": %.3f, \"wall_ms\": %.3f, \"all_cpu_ms\": %.3f,"
           " \"rss_mb\": %.2f, \"most_mb\": %.2f}\n",
           ours ? "tsm_login" : "libcurl", cpu * 1e3, wall * 1e3, (cpu_seconds() - start) * 1e3,
           status_mb("VmRSS:"), status_mb("VmHWM:"));
}

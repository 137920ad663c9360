/* What one cold login costs this process, OAuth2 included: its processor time until the caller has
 * the token, and its memory afterwards. One login a process, so that nothing is warm. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static double resident_mb(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1)
        fail("/proc/self/statm", NULL);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* getrusage would tell of the program that started this one. */
static double most_mb(void)
{
    char line[256];
    long kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && kilobytes == 0 && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "VmHWM: %ld", &kilobytes);
    if (kilobytes == 0)
        fail("/proc/self/status", NULL);
    fclose(file);
    return (double)kilobytes * 1024 / 1e6;
}

void bench_login(int count, char **arguments)
{
    int ours = count > 0 && strcmp(arguments[0], "tsm") == 0;
    double before = resident_mb(), wall = wall_seconds(), cpu = cpu_seconds();
    if (ours) {
        session_from_environment();
    } else {
        struct by_hand *hand = by_hand_new();
        by_hand_fetch_api_token(hand);
        by_hand_log_in(hand);
    }
    cpu = cpu_seconds() - cpu;
    wall = wall_seconds() - wall;
    printf("{\"name\": \"%s\", \"cpu_ms\": %.3f, \"wall_ms\": %.3f, \"rss_mb\": %.2f,"
           " \"grown_mb\": %.2f, \"most_mb\": %.2f}\n",
           ours ? "tsm_login" : "libcurl", cpu * 1e3, wall * 1e3, resident_mb(),
           resident_mb() - before, most_mb());
}

/* What the measurements share: clocks, how a result is printed, a session from the environment, and
 * libcurl doing by hand what the library does. */
#ifndef BENCH_H
#define BENCH_H

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

#include "tsm.h"

/* The measurements, one a file; each gets what follows its name on the command line. */
void bench_tokens(int count, char **arguments);
void bench_requests(int count, char **arguments);
void bench_load(int count, char **arguments);
void bench_storm(int count, char **arguments);
void bench_login(int count, char **arguments);
void bench_trips(int count, char **arguments);
void bench_expiry(int count, char **arguments);
void bench_events(int count, char **arguments);
void bench_proxy(int count, char **arguments);

/* bench.c */
double wall_seconds(void);
double cpu_seconds(void);
void fail(const char *what, tsm_error *error);
const char *wanted(const char *variable);
int number(int count, char **arguments, int index);
void report_call(const char *name, double wall, double cpu, double calls);
void come_to_rest(void);
tsm_session *session_from_environment(void);
/* The same, with a callback for events. */
tsm_session *session_that_tells(tsm_event_fn callback);
void burst_of_threads(int threads, void *(*run)(void *), void *context);
char *json_of(size_t bytes);
/* The POST, answered with as many bytes. */
void post_by_tsm(tsm_session *session, const char *body, size_t length);

/* by_hand.c */

/* One libcurl handle and the tokens that its owner keeps. */
struct by_hand {
    CURL *curl;
    char api_token[TSM_API_TOKEN_MAX];
    char token[TSM_TOKEN_MAX];
    struct curl_slist *headers;
    char *answer;
    size_t length, room;
};

struct by_hand *by_hand_new(void);
void by_hand_fetch_api_token(struct by_hand *hand);
void by_hand_log_in(struct by_hand *hand);
/* The POST that follows; its tokens are those held now. */
void by_hand_prepare(struct by_hand *hand, const char *body, size_t length);
long by_hand_post(struct by_hand *hand);
/* One handle more for the tokens of that session. */
struct by_hand *by_hand_beside(tsm_session *session, const char *body, size_t length);
void by_hand_free(struct by_hand *hand);

#endif

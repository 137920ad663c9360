/* Says "ready", then does the steps that standard input names, a line each, and answers "done" to
 * each, so that who drives it can count what went over the wire meanwhile:
 *
 *   cold       a login, then the first request
 *   request    one request, mended where the platform refuses a token
 *   run_out    one request, with an API token known to have run out (libcurl only: the library
 *              knows by itself)
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tsm_session *session;
static struct by_hand *hand;
static const char *body;

static void request_by_tsm(void)
{
    static const char list[]
        = "<v2:GetDeviceList xmlns:v2=\"http://nphase.com/unifiedwebservice/v2\"/>";
    const char *protocol = getenv("TSM_PROTOCOL");
    tsm_response *response = NULL;
    tsm_error *error = NULL;
    tsm_status status;
    if (protocol != NULL && strcmp(protocol, "soap") == 0)
        status = tsm_soap_call(session, NULL, "DeviceService", "GetDeviceList",
                               (const uint8_t *)list, strlen(list), &response, &error);
    else
        status = tsm_request(session, NULL, "POST", wanted("BENCH_PATH"), NULL,
                             (const uint8_t *)body, strlen(body), &response, &error);
    if (status != TSM_OK)
        fail("request", error);
    if (tsm_response_status(response) != 200)
        fail("answer", NULL);
    tsm_response_free(response);
}

/* The documented pattern. */
static void request_by_hand(void)
{
    by_hand_prepare(hand, body, strlen(body));
    for (int renewals = 0; by_hand_post(hand) != 200; renewals++) {
        if (renewals == 2)
            fail("answer", NULL);
        if (strstr(hand->answer, "900901") != NULL)
            by_hand_fetch_api_token(hand);
        else if (strstr(hand->answer, "SessionToken.Expired") != NULL)
            by_hand_log_in(hand);
        else
            fail(hand->answer, NULL);
        by_hand_prepare(hand, body, strlen(body));
    }
}

static void cold(int ours)
{
    if (ours) {
        session = session_from_environment();
    } else {
        hand = by_hand_new();
        by_hand_fetch_api_token(hand);
        by_hand_log_in(hand);
    }
}

void bench_trips(int count, char **arguments)
{
    int ours = count > 0 && strcmp(arguments[0], "tsm") == 0;
    char line[64];
    body = json_of(1024);
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "cold\n") == 0)
            cold(ours);
        if (strcmp(line, "run_out\n") == 0 && !ours)
            by_hand_fetch_api_token(hand);
        ours ? request_by_tsm() : request_by_hand();
        puts("done");
        fflush(stdout);
    }
}

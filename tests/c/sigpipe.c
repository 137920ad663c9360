/* A server that hangs up while a long body is written to it ends the call, never the program, whose
 * SIGPIPE has its default action. What the server said before is read: a refusal of the session
 * token logs in again, and the whole body is sent once more. */

#include "check.h"

#include <signal.h>

#define LONGEST (16 << 20)

static uint8_t *body;

static tsm_session *new_session(void)
{
    tsm_config *config = sandbox_config();

    set(config, "api_token", "token");
    return log_in(config);
}

static void expect(const tsm_session *session, const char *path, size_t length, int http,
                   const char *text)
{
    tsm_response *response = NULL;
    tsm_error *error = NULL;
    const uint8_t *said;
    size_t said_length = 0;

    CHECK_OK(tsm_request(session, NULL, "POST", path, NULL, body, length, &response, &error),
             error);
    CHECK_INT(http, tsm_response_status(response));
    said = tsm_response_body(response, &said_length);
    CHECK_INT((long long)strlen(text), (long long)said_length);
    CHECK(memcmp(text, said, said_length) == 0);
    tsm_response_free(response);
}

static void an_early_refusal_is_read(size_t length)
{
    tsm_session *session = new_session();
    int round;

    for (round = 0; round < 10; round++) {
        expect(session, "/413", length, 413, "{}");
        expect(session, "/403", length, 403, "<html>No</html>");
    }
    tsm_free(session);
}

static void an_expired_token_is_renewed_and_all_is_sent_again(size_t length)
{
    char text[32];
    int round;

    snprintf(text, sizeof text, "%lu", (unsigned long)length);
    for (round = 0; round < 5; round++) {
        tsm_session *session = new_session();

        expect(session, "/upload", length, 200, text);
        /* On the connection that was kept. */
        expect(session, "/upload", length, 200, text);
        tsm_free(session);
        /* So that the next session begins with a token that is refused. */
    }
}

static void a_hang_up_without_a_word_is_an_error(size_t length)
{
    tsm_session *session = new_session();
    int round;

    for (round = 0; round < 10; round++) {
        tsm_response *response = NULL;
        tsm_error *error = NULL;

        CHECK_FAILS(TSM_E_NETWORK,
                    tsm_request(session, NULL, "POST", "/mute", NULL, body, length, &response,
                                &error),
                    error);
        CHECK(response == NULL);
    }
    tsm_free(session);
}

int main(void)
{
    static const size_t lengths[] = {30000, 300000, LONGEST};
    size_t i;

    watchdog();
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    body = calloc(LONGEST, 1);
    CHECK(body != NULL);
    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        an_expired_token_is_renewed_and_all_is_sent_again(lengths[i]);
        an_early_refusal_is_read(lengths[i]);
        a_hang_up_without_a_word_is_an_error(lengths[i]);
    }
    free(body);
    return 0;
}

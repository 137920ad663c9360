/* One of many processes that meet an expired token at once: has a token, says "ready", waits for a
 * line on standard input, asks for a new token and tells when it had it, by the machine's clock. */
#include "bench.h"

#include <stdio.h>

void bench_expiry(int count, char **arguments)
{
    char expired[TSM_TOKEN_MAX], line[16];
    tsm_error *error = NULL;
    tsm_session *session = session_from_environment();
    (void)count;
    (void)arguments;
    if (tsm_token(session, expired, sizeof expired, NULL) != TSM_OK)
        fail("token", NULL);
    puts("ready");
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL)
        return;
    if (tsm_relogin(session, NULL, expired, &error) != TSM_OK)
        fail("relogin", error);
    printf("{\"name\": \"awake\", \"at_s\": %.6f}\n", wall_seconds());
    tsm_free(session);
}

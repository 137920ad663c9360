/* A server that hangs up while a long body is written to it ends the call, never the program, whose
 * SIGPIPE has its default action; and what the server said before is read. */

#include "check.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#define BODY_BYTES (16 << 20)
#define ROUNDS 20

static void say(int connection, const char *answer)
{
    CHECK_INT((long long)strlen(answer), write(connection, answer, strlen(answer)));
}

/* Grants every login. Refuses everything else as proxies do: it answers at once, says no more,
 * reads a little on, and closes. */
static void *serves(void *context)
{
    static char read_in[1 << 16];
    int listener = *(int *)context;

    for (;;) {
        int connection = accept(listener, NULL, NULL);
        ssize_t length = read(connection, read_in, sizeof read_in - 1);

        read_in[length > 0 ? length : 0] = '\0';
        if (strstr(read_in, "/session/login")) {
            say(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 21\r\n\r\n"
                            "{\"sessionToken\":\"ab\"}");
        } else {
            say(connection, "HTTP/1.1 413 Too Long\r\nContent-Length: 2\r\n\r\n{}");
            shutdown(connection, SHUT_WR);
            CHECK(read(connection, read_in, sizeof read_in) >= 0);
        }
        close(connection);
    }
    return NULL;
}

static void listen_anywhere(int *listener, char *base_url, size_t capacity)
{
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;

    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(0, bind(*listener, (struct sockaddr *)&address, sizeof address));
    CHECK_INT(0, listen(*listener, 16));
    CHECK_INT(0, getsockname(*listener, (struct sockaddr *)&address, &length));
    snprintf(base_url, capacity, "http://127.0.0.1:%d/api", ntohs(address.sin_port));
}

int main(void)
{
    tsm_config *config = tsm_config_new();
    uint8_t *body = calloc(BODY_BYTES, 1);
    char base_url[64];
    tsm_session *session;
    int listener, round;

    watchdog();
    CHECK(body != NULL);
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    listen_anywhere(&listener, base_url, sizeof base_url);
    start(serves, &listener);
    set(config, "base_url", base_url);
    set(config, "username", "zbeeblebrox");
    set(config, "password", "IMgr8");
    set(config, "api_token", "token");
    set(config, "store", "memory:");
    session = log_in(config);
    for (round = 0; round < ROUNDS; round++) {
        tsm_response *response = NULL;
        tsm_error *error = NULL;

        CHECK_OK(tsm_request(session, NULL, "POST", "/upload", NULL, body, BODY_BYTES, &response,
                             &error),
                 error);
        CHECK_INT(413, tsm_response_status(response));
        tsm_response_free(response);
    }
    tsm_free(session);
    free(body);
    return 0;
}

/*
 * Talks to the control port of the sandbox, the local ThingSpace that stands in for the real one.
 * A program of yours needs nothing of this.
 */
#ifndef SANDBOX_CONTROL_H
#define SANDBOX_CONTROL_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Sends one call to the control port that TSM_SANDBOX_CONTROL names (http://127.0.0.1:PORT) and
 * puts what came back, headers and all, into `answer`. Gives the HTTP status, or 0 if there is no
 * sandbox.
 */
static inline int sandbox_control(const char *method, const char *path, const char *json,
                                  char *answer, size_t capacity)
{
    const char *url = getenv("TSM_SANDBOX_CONTROL");
    const char *port = url ? strrchr(url, ':') : NULL;
    struct sockaddr_in address = {0};
    char request[1024];
    size_t length = 0;
    ssize_t got = 1;
    int status = 0;
    int connection = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((unsigned short)(port ? atoi(port + 1) : 0));
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             method, path, strlen(json), json);
    answer[0] = '\0';
    if (port && connect(connection, (struct sockaddr *)&address, sizeof address) == 0
        && write(connection, request, strlen(request)) == (ssize_t)strlen(request)) {
        while (got > 0 && length + 1 < capacity) {
            got = read(connection, answer + length, capacity - 1 - length);
            length += got > 0 ? (size_t)got : 0;
        }
        answer[length] = '\0';
        sscanf(answer, "HTTP/1.1 %d", &status);
    }
    close(connection);
    return status;
}

/* Lets all sessions expire, as 20 minutes without use would. */
static inline void sandbox_expire_sessions(void)
{
    char answer[1024];

    if (sandbox_control("POST", "/expire", "{\"what\": \"session\"}", answer, sizeof answer) != 200)
        puts("(no sandbox here, so nothing expires)");
}

#endif

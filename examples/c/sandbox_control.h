/*
 * Talks to the control port of the sandbox, the local ThingSpace that stands in for the real one.
 * A program of yours needs nothing of this.
 */
#ifndef SANDBOX_CONTROL_H
#define SANDBOX_CONTROL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32 /* link with ws2_32 */
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
typedef SOCKET sandbox_socket;
#define SANDBOX_CLOSE closesocket
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
typedef int sandbox_socket;
#define SANDBOX_CLOSE close
#endif

/*
 * Sends a whole HTTP request to the port of this machine that the end of a URL names
 * (http://127.0.0.1:PORT) and puts what came back, headers and all, into `answer`. Gives the HTTP
 * status, or 0 if nobody is there.
 */
static inline int sandbox_ask(const char *url, const char *request, char *answer, size_t capacity)
{
    const char *port = url ? strrchr(url, ':') : NULL;
    struct sockaddr_in address = {0};
    size_t length = 0;
    int got = 1;
    int status = 0;
    sandbox_socket connection;
#ifdef _WIN32
    WSADATA about;

    WSAStartup(MAKEWORD(2, 2), &about);
#endif
    connection = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((unsigned short)(port ? atoi(port + 1) : 0));
    answer[0] = '\0';
    if (port && connect(connection, (struct sockaddr *)&address, sizeof address) == 0
        && send(connection, request, (int)strlen(request), 0) == (int)strlen(request)) {
        while (got > 0 && length + 1 < capacity) {
            got = (int)recv(connection, answer + length, (int)(capacity - 1 - length), 0);
            length += got > 0 ? (size_t)got : 0;
        }
        answer[length] = '\0';
        sscanf(answer, "HTTP/1.1 %d", &status);
    }
    SANDBOX_CLOSE(connection);
    return status;
}

/* Sends one call to the control port of the sandbox, which TSM_SANDBOX_CONTROL names. */
static inline int sandbox_control(const char *method, const char *path, const char *json,
                                  char *answer, size_t capacity)
{
    char request[1024];

    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
             "Content-Length: %lu\r\n\r\n%s",
             method, path, (unsigned long)strlen(json), json);
    return sandbox_ask(getenv("TSM_SANDBOX_CONTROL"), request, answer, capacity);
}

/* Lets all sessions expire, as 20 minutes without use would. */
static inline void sandbox_expire_sessions(void)
{
    char answer[1024];

    if (sandbox_control("POST", "/expire", "{\"what\": \"session\"}", answer, sizeof answer) != 200)
        puts("(no sandbox here, so nothing expires)");
}

#endif

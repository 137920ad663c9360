/* Requests over local reverse proxies, in turns: so many connections, each with one request under
 * way, all from one thread. What a client costs is the same for each proxy, and small. */
#define _GNU_SOURCE
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 4096

struct connection {
    size_t sent, received, head;
    char answer_head[HEAD_MAX];
};

static char *request;
static size_t request_length, body_length;

static void prepare(int port, size_t bytes)
{
    char *body = json_of(bytes);
    free(request);
    request = malloc(bytes + HEAD_MAX);
    int head = snprintf(request, HEAD_MAX,
                        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json"
                        "\r\nAccept: */*\r\nContent-Length: %zu\r\n\r\n",
                        wanted("BENCH_PATH"), port, bytes);
    memcpy(request + head, body, bytes);
    request_length = (size_t)head + bytes;
    body_length = bytes;
    free(body);
}

static int connect_to(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1, stream = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(stream, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(stream, (struct sockaddr *)&to, sizeof to) != 0)
        fail("connect to the proxy", NULL);
    return stream;
}

/* Writes what is left of the request, as far as that goes. */
static void send_more(struct connection *c, int stream)
{
    while (c->sent < request_length) {
        ssize_t n = send(stream, request + c->sent, request_length - c->sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n <= 0)
            return;
        c->sent += (size_t)n;
    }
}

/* Reads what is there; whether that was the end of the answer. */
static int receive_more(struct connection *c, int stream)
{
    static char piece[256 * 1024];
    ssize_t n = recv(stream, piece, sizeof piece, MSG_DONTWAIT);
    if (n <= 0)
        fail("the proxy hung up", NULL);
    if (c->head == 0) {
        size_t room = HEAD_MAX - 1 - c->received;
        size_t part = (size_t)n < room ? (size_t)n : room;
        memcpy(c->answer_head + c->received, piece, part);
        c->answer_head[c->received + part] = 0;
        char *end = strstr(c->answer_head, "\r\n\r\n");
        if (end != NULL)
            c->head = (size_t)(end - c->answer_head) + 4;
        if (end != NULL && strncmp(c->answer_head, "HTTP/1.1 200", 12) != 0)
            fail(c->answer_head, NULL);
    }
    c->received += (size_t)n;
    return c->head > 0 && c->received == c->head + body_length;
}

/* The answers have as many bytes as the requests. */
static void ask(const char *name, int port, int connections, int calls)
{
    struct pollfd *streams = calloc((size_t)connections, sizeof *streams);
    struct connection *all = calloc((size_t)connections, sizeof *all);
    for (int i = 0; i < connections; i++)
        streams[i] = (struct pollfd){.fd = connect_to(port), .events = POLLIN | POLLOUT};
    int begun = 0, done = -connections;
    double wall = 0, cpu = 0;
    /* The first of each connection is not counted. */
    while (done < calls) {
        poll(streams, (nfds_t)connections, -1);
        for (int i = 0; i < connections; i++) {
            struct connection *c = &all[i];
            if (streams[i].revents & POLLOUT)
                send_more(c, streams[i].fd);
            if (streams[i].revents & POLLIN && receive_more(c, streams[i].fd)) {
                *c = (struct connection){0};
                if (++done == 0)
                    wall = wall_seconds(), cpu = cpu_seconds();
                if (begun++ < calls)
                    send_more(c, streams[i].fd);
                else
                    c->sent = request_length;
            }
            streams[i].events = c->sent < request_length ? POLLIN | POLLOUT : POLLIN;
        }
    }
    report_call(name, wall_seconds() - wall, cpu_seconds() - cpu, calls);
    for (int i = 0; i < connections; i++)
        close(streams[i].fd);
    free(streams);
    free(all);
}

void bench_proxy(int count, char **arguments)
{
    int connections = number(count, arguments, 0), bytes = number(count, arguments, 1);
    int calls = number(count, arguments, 2), rounds = number(count, arguments, 3);
    for (int round = 0; round < rounds; round++)
        for (int n = 4; n + 1 < count; n += 2) {
            int port = number(count, arguments, n + 1);
            prepare(port, (size_t)bytes);
            ask(arguments[n], port, connections, calls);
        }
}

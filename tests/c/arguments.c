/* A bad argument is a typed error that names the argument; nothing is sent and no output is half
 * written. */

#include "check.h"

/* Checks the status and that the message names the argument. */
#define REFUSES(argument, call)                                                 \
    do {                                                                        \
        CHECK_INT(TSM_E_INVALID_ARGUMENT, (call));                              \
        CHECK_HAS((argument), tsm_error_message(error));                        \
        tsm_error_free(error);                                                  \
        error = NULL;                                                           \
    } while (0)

#define GET(path, headers, body, length) \
    tsm_request(session, NULL, "GET", (path), (headers), (body), (length), &response, &error)

static tsm_error *error;
static tsm_response *response;

static void refuses_header(const tsm_session *session, const char *line, const char *named)
{
    const char *const headers[] = {"X-Fine: yes", line, NULL};

    REFUSES(named, GET(ACCOUNT_PATH, headers, NULL, 0));
    CHECK(response == NULL);
}

int main(void)
{
    tsm_config *config;
    tsm_session *session;
    const uint8_t byte = 0;
    const char *paths[] = {
        "", "x", "//evil/x", "@evil/x", "https://evil/x", "/a b", "/a\r\nX: y", "/a\n", "/\t",
    };
    size_t i;
    long sent;

    watchdog();
    config = sandbox_config();
    REFUSES("option", tsm_config_set(config, NULL, "x", &error));
    REFUSES("value", tsm_config_set(config, "username", NULL, &error));
    REFUSES("option", tsm_config_set(config, "user\xff", "x", &error));
    REFUSES("value", tsm_config_set(config, "username", "\xc3", &error));
    REFUSES("session", tsm_login(config, NULL, NULL, &error));
    CHECK_INT(TSM_E_INVALID_ARGUMENT, tsm_config_set(config, NULL, "x", NULL));

    session = log_in(config);
    sent = counter("requests");

    REFUSES("method", tsm_request(session, NULL, NULL, "/x", NULL, NULL, 0, &response, &error));
    REFUSES("method", tsm_request(session, NULL, "\xff", "/x", NULL, NULL, 0, &response, &error));
    CHECK_FAILS(TSM_E_INVALID_ARGUMENT,
                tsm_request(session, NULL, "GET /evil HTTP/1.1\r\nX:", "/x", NULL, NULL, 0,
                            &response, &error),
                error);
    CHECK_FAILS(TSM_E_INVALID_ARGUMENT,
                tsm_request(session, NULL, "", "/x", NULL, NULL, 0, &response, &error), error);
    REFUSES("path", GET(NULL, NULL, NULL, 0));
    REFUSES("path", GET("/\xff", NULL, NULL, 0));
    for (i = 0; i < sizeof paths / sizeof *paths; i++)
        REFUSES("path", GET(paths[i], NULL, NULL, 0));
    REFUSES("body", GET(ACCOUNT_PATH, NULL, NULL, 1));
    REFUSES("body", GET(ACCOUNT_PATH, NULL, &byte, SIZE_MAX));
    REFUSES("body", GET(ACCOUNT_PATH, NULL, &byte, (size_t)PTRDIFF_MAX + 1));
    REFUSES("response", tsm_request(session, NULL, "GET", "/x", NULL, NULL, 0, NULL, &error));
    CHECK_FAILS(TSM_E_INVALID_HANDLE,
                tsm_request(NULL, NULL, "GET", "/x", NULL, NULL, 0, NULL, &error), error);

    refuses_header(session, "no colon", "headers[1]");
    refuses_header(session, "X-Name: \xff", "headers[1]");
    refuses_header(session, "Authorization: Bearer x", "Authorization");
    refuses_header(session, "vz-m2m-token: x", "vz-m2m-token");
    refuses_header(session, "HOST: evil", "HOST");
    refuses_header(session, "Content-Length: 5", "Content-Length");
    refuses_header(session, "Transfer-Encoding: chunked", "Transfer-Encoding");
    refuses_header(session, "Authorization : Bearer x", "Authorization");
    refuses_header(session, "X-Evil: a\r\nHost: evil", "");
    refuses_header(session, "X-Evil: a\r\n", "");
    refuses_header(session, "X-Evil\r\n: a", "");
    refuses_header(session, ": a", "");
    refuses_header(session, "X Y: a", "");

    REFUSES("service",
            tsm_soap_call(session, NULL, NULL, "GetDeviceList", NULL, 0, &response, &error));
    REFUSES("operation",
            tsm_soap_call(session, NULL, "DeviceService", NULL, NULL, 0, &response, &error));
    REFUSES("body_xml", tsm_soap_call(session, NULL, "DeviceService", "GetDeviceList", NULL, 1,
                                      &response, &error));
    REFUSES("response",
            tsm_soap_call(session, NULL, "DeviceService", "GetDeviceList", NULL, 0, NULL, &error));

    REFUSES("expired_token", tsm_relogin(session, NULL, "\xff", &error));
    REFUSES("rejected_token", tsm_renew_api_token(session, NULL, "\xff", &error));
    REFUSES("buffer", tsm_token(session, NULL, 100, &error));
    REFUSES("buffer", tsm_token(session, NULL, 0, &error));
    REFUSES("buffer", tsm_api_token(session, NULL, NULL, 100, &error));
    REFUSES("buffer", tsm_info(session, NULL, 100, &error));
    REFUSES("body", tsm_check(400, NULL, 5, &error));
    REFUSES("body", tsm_check(400, &byte, SIZE_MAX, &error));
    CHECK_FAILS(TSM_E_INVALID_ARGUMENT, tsm_check(0, NULL, 0, &error), error);
    CHECK_FAILS(TSM_E_INVALID_ARGUMENT, tsm_check(-200, NULL, 0, &error), error);
    CHECK_FAILS(TSM_E_INVALID_ARGUMENT, tsm_check(65536 + 200, NULL, 0, &error), error);

    CHECK(response == NULL);
    CHECK_INT(sent, counter("requests"));

    /* What is odd but fine. */
    {
        static const char *const headers[] = {
            "Accept:text/plain", "X-Empty:", "X-Colon: a:b", NULL,
        };
        static const char *const none[] = {NULL};

        CHECK_OK(GET(ACCOUNT_PATH "?a=b%20c", headers, NULL, 0), error);
        tsm_response_free(response);
        CHECK_OK(GET(ACCOUNT_PATH, none, &byte, 0), error);
        tsm_response_free(response);
    }
    tsm_free(session);
    return 0;
}

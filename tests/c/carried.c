/* Requests of the session's own that another HTTP client carries: the library says the whole
 * request, and what stays refused is an error as tsm_request()'s is. Here nothing is sent: the test
 * plays the platform. */

#include "check.h"

static char token[TSM_TOKEN_MAX], api_token[TSM_API_TOKEN_MAX];
static tsm_error *error;
static int32_t next;

static const char expired[] = "{\"errorCode\":\"X.SessionToken.Expired\"}";

#define REFUSES(call) CHECK_FAILS(TSM_E_INVALID_ARGUMENT, (call), error)

static tsm_exchange *begin(const tsm_session *session, const char *method,
                           const char *const *headers, int32_t has_body)
{
    tsm_exchange *exchange = NULL;

    CHECK_OK(tsm_exchange_request(session, method, "/a%20b?c=d", headers, has_body, &exchange,
                                  &error),
             error);
    CHECK(exchange != NULL);
    return exchange;
}

static int32_t tokens(tsm_exchange *exchange)
{
    CHECK_OK(tsm_exchange_tokens(exchange, token, sizeof token, api_token, sizeof api_token, &next,
                                 &error),
             error);
    return next;
}

static tsm_status answered(tsm_exchange *exchange, int http_status, const char *body)
{
    return tsm_exchange_answered(exchange, http_status, (const uint8_t *)body, strlen(body), &next,
                                 &error);
}

/* The value of a header; NULL if there is none. */
static const char *header(const tsm_exchange *exchange, const char *name)
{
    size_t length = 0;
    const char *part = tsm_exchange_head(exchange, &length);
    const char *end = part + length;

    for (part += strlen(part) + 1; part < end; part += strlen(part) + 1) {
        const char *value = part + strlen(part) + 1;

        if (strcmp(part, name) == 0)
            return value;
        part = value;
    }
    return NULL;
}

static void the_whole_request_is_said(const tsm_session *session)
{
    const char *const own[] = {"Accept: text/csv", "X-Mine: 1", NULL};
    const char *base = getenv("TSM_BASE_URL");
    char url[256];
    tsm_exchange *exchange = begin(session, "POST", NULL, 1);

    snprintf(url, sizeof url, "%s/a%%20b?c=d", base);
    CHECK_TEXT(url, tsm_exchange_head(exchange, NULL));
    CHECK_TEXT("application/json", header(exchange, "content-type"));
    CHECK_TEXT("application/json", header(exchange, "accept"));
    CHECK_TEXT("identity", header(exchange, "accept-encoding"));
    CHECK_HAS("thingspace-session/", header(exchange, "user-agent"));
    CHECK(header(exchange, "authorization") == NULL);
    CHECK(tsm_exchange_body(exchange, NULL) == NULL);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK(tsm_exchange_body(exchange, NULL) == NULL);
    tsm_exchange_free(exchange);
    CHECK(tsm_exchange_head(exchange, NULL) == NULL);

    exchange = begin(session, "GET", own, 0);
    CHECK(header(exchange, "content-type") == NULL);
    CHECK_TEXT("text/csv", header(exchange, "accept"));
    CHECK_TEXT("1", header(exchange, "x-mine"));
    tsm_exchange_free(exchange);
}

static void one_exchange_carries_many_requests(const tsm_session *session)
{
    const char *const own[] = {"X-Mine: 1", NULL};
    const char *const refused[] = {"Authorization: x", NULL};
    const char *base = getenv("TSM_BASE_URL");
    char url[256];
    tsm_exchange *exchange = begin(session, "POST", NULL, 1);

    CHECK_INT(0, tsm_exchange_again(exchange));
    CHECK_INT(0, tsm_exchange_request_again(exchange, "GET", "/b", NULL, 0));
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_OK(answered(exchange, 200, ""), error);

    /* The same once more. */
    CHECK_INT(1, tsm_exchange_again(exchange));
    CHECK_TEXT("application/json", header(exchange, "content-type"));

    /* And another. */
    CHECK_INT(1, tsm_exchange_request_again(exchange, "GET", "/b", own, 0));
    snprintf(url, sizeof url, "%s/b", base);
    CHECK_TEXT(url, tsm_exchange_head(exchange, NULL));
    CHECK_TEXT("1", header(exchange, "x-mine"));
    CHECK(header(exchange, "content-type") == NULL);

    /* What is wrong with one is for tsm_exchange_request() to say, and nothing has changed. */
    CHECK_INT(0, tsm_exchange_request_again(exchange, "GET", "b", NULL, 0));
    CHECK_INT(0, tsm_exchange_request_again(exchange, "GET", NULL, NULL, 0));
    CHECK_INT(0, tsm_exchange_request_again(exchange, "G T", "/b", NULL, 0));
    CHECK_INT(0, tsm_exchange_request_again(exchange, "GET", "/b", refused, 0));
    CHECK_TEXT(url, tsm_exchange_head(exchange, NULL));

    /* A refusal is mended as that of any request. */
    CHECK_OK(answered(exchange, 400, expired), error);
    CHECK_INT(TSM_NEXT_RENEW, next);
    CHECK_INT(0, tsm_exchange_request_again(exchange, "GET", "/b", NULL, 0));
    CHECK_OK(tsm_exchange_renew(exchange, NULL, 1, &error), error);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_OK(answered(exchange, 200, ""), error);
    CHECK_INT(1, tsm_exchange_request_again(exchange, "GET", "/b", NULL, 0));
    CHECK_OK(answered(exchange, 400, expired), error);
    CHECK_INT(TSM_NEXT_RENEW, next);
    CHECK_OK(tsm_exchange_renew(exchange, NULL, 1, &error), error);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_FAILS(TSM_E_SESSION_EXPIRED, answered(exchange, 400, expired), error);
    CHECK_INT(0, tsm_exchange_request_again(exchange, "GET", "/b", NULL, 0));
    tsm_exchange_free(exchange);
    CHECK_INT(0, tsm_exchange_request_again(exchange, "GET", "/b", NULL, 0));

    /* Only a request of the session's own becomes another of these. */
    CHECK_OK(tsm_exchange_new(session, NULL, &exchange, &error), error);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_OK(answered(exchange, 200, ""), error);
    CHECK_INT(0, tsm_exchange_request_again(exchange, "GET", "/b", NULL, 0));
    CHECK_INT(1, tsm_exchange_again(exchange));
    tsm_exchange_free(exchange);
}

static void note(int32_t level, const char *message, size_t length, void *lines)
{
    (void)level, (void)length;
    if (strstr(message, "/a%20b: 200") != NULL)
        ++*(int *)lines;
}

/* Each answer has its line where lines are wanted: it is told then. */
static void a_log_of_answers_misses_none(void)
{
    tsm_config *config = sandbox_config();
    tsm_session *session;
    tsm_exchange *exchange;
    int lines = 0;

    CHECK_OK(tsm_config_set_log(config, 4, note, &lines), error);
    session = log_in(config);
    exchange = begin(session, "GET", NULL, 0);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_OK(answered(exchange, 200, ""), error);
    CHECK_INT(1, lines);
    CHECK_INT(0, tsm_exchange_again(exchange));
    CHECK_INT(0, tsm_exchange_request_again(exchange, "GET", "/b", NULL, 0));
    CHECK_INT(TSM_OK, tsm_set_log_level(session, 3));
    CHECK_INT(1, tsm_exchange_again(exchange));
    tsm_exchange_free(exchange);
    tsm_free(session);
}

static void what_tsm_request_refuses_is_refused(const tsm_session *session)
{
    const char *const token_header[] = {"vz-m2m-token: x", NULL};
    const char *const broken[] = {"X: a\r\nb: c", NULL};
    tsm_exchange *exchange = NULL;

    REFUSES(tsm_exchange_request(session, "G T", "/x", NULL, 0, &exchange, &error));
    REFUSES(tsm_exchange_request(session, "CONNECT", "/x", NULL, 0, &exchange, &error));
    REFUSES(tsm_exchange_request(session, "GET", "x", NULL, 0, &exchange, &error));
    REFUSES(tsm_exchange_request(session, "GET", "//x/y", NULL, 0, &exchange, &error));
    REFUSES(tsm_exchange_request(session, "GET", "/a b", NULL, 0, &exchange, &error));
    REFUSES(tsm_exchange_request(session, NULL, "/x", NULL, 0, &exchange, &error));
    REFUSES(tsm_exchange_request(session, "GET", NULL, NULL, 0, &exchange, &error));
    REFUSES(tsm_exchange_request(session, "GET", "/x", token_header, 0, &exchange, &error));
    REFUSES(tsm_exchange_request(session, "GET", "/x", broken, 0, &exchange, &error));
    REFUSES(tsm_exchange_request(session, "GET", "/x", NULL, 0, NULL, &error));
    REFUSES(tsm_exchange_soap_call(session, "DeviceService", "GetDeviceList",
                                   (const uint8_t *)"<a/>", 4, &exchange, &error));
    CHECK(exchange == NULL);
    CHECK_FAILS(TSM_E_INVALID_HANDLE,
                tsm_exchange_request(NULL, "GET", "/x", NULL, 0, &exchange, &error), error);
}

static void what_stays_refused_is_an_error(const tsm_session *session)
{
    char refused[TSM_TOKEN_MAX];
    tsm_exchange *exchange = begin(session, "GET", NULL, 0);

    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_DUE_NOTHING, tsm_exchange_due(exchange));
    CHECK_OK(answered(exchange, 400, expired), error);
    CHECK_INT(TSM_NEXT_RENEW, next);
    CHECK_INT(TSM_DUE_SESSION_TOKEN, tsm_exchange_due(exchange));
    CHECK_OK(tsm_exchange_renew(exchange, NULL, 1, &error), error);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_E_SESSION_EXPIRED, answered(exchange, 400, expired));
    CHECK_INT(TSM_NEXT_DONE, next);
    CHECK_INT(TSM_OK, tsm_error_token(error, refused, sizeof refused));
    CHECK_TEXT(token, refused);
    CHECK_HAS("SessionToken.Expired", tsm_error_code(error));
    tsm_error_free(error);
    tsm_exchange_free(exchange);

    exchange = begin(session, "GET", NULL, 0);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_OK(answered(exchange, 404, "{}"), error);
    CHECK_INT(TSM_NEXT_DONE, next);
    tsm_exchange_free(exchange);
    CHECK_INT(0, tsm_exchange_due(exchange));
}

static void auto_relogin_counts(void)
{
    tsm_config *config = sandbox_config();
    tsm_session *session;
    tsm_exchange *exchange;

    set(config, "auto_relogin", "false");
    session = log_in(config);
    exchange = begin(session, "GET", NULL, 0);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_FAILS(TSM_E_SESSION_EXPIRED, answered(exchange, 400, expired), error);
    tsm_exchange_free(exchange);
    tsm_free(session);
}

static void a_soap_call_has_an_envelope_for_each_token(void)
{
    tsm_config *config = sandbox_config();
    tsm_session *session;
    tsm_exchange *exchange = NULL;
    size_t length = 1;
    static const char fault[] =
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault>"
        "<faultcode>s:X.SessionToken.Expired</faultcode></s:Fault></s:Body></s:Envelope>";
    char envelope[4096];

    set(config, "protocol", "soap");
    session = log_in(config);
    REFUSES(tsm_exchange_request(session, "GET", "/x", NULL, 0, &exchange, &error));
    REFUSES(tsm_exchange_soap_call(session, "DeviceService", "GetDeviceList",
                                   (const uint8_t *)"<a>", 3, &exchange, &error));
    CHECK_OK(tsm_exchange_soap_call(session, "DeviceService", "GetDeviceList",
                                    (const uint8_t *)"<a/>", 4, &exchange, &error),
             error);
    CHECK_HAS("/DeviceService.svc", tsm_exchange_head(exchange, NULL));
    CHECK_TEXT("text/xml; charset=utf-8", header(exchange, "content-type"));
    CHECK_HAS("IDeviceService/GetDeviceList", header(exchange, "soapaction"));
    CHECK(tsm_exchange_body(exchange, &length) == NULL);
    CHECK_INT(0, length);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
        const uint8_t *body = tsm_exchange_body(exchange, &length);

        snprintf(envelope, sizeof envelope, "%.*s", (int)length, (const char *)body);
        CHECK_HAS(token, envelope);
        CHECK_HAS("<a/>", envelope);
        CHECK_OK(answered(exchange, 200, i ? "<fine/>" : fault), error);
        if (i == 0)
            CHECK_OK(tsm_exchange_renew(exchange, NULL, 1, &error), error);
    }
    CHECK_INT(TSM_NEXT_DONE, next);
    /* The next call has an envelope of its own. */
    CHECK_INT(0, tsm_exchange_again(exchange));
    tsm_exchange_free(exchange);
    tsm_free(session);
}

static void a_proxy_is_said(void)
{
    tsm_config *config = sandbox_config();
    tsm_session *session = log_in(config);
    char url[256];

    CHECK_OK(tsm_proxy(session, url, sizeof url, &error), error);
    CHECK_TEXT("", url);
    CHECK_FAILS(TSM_E_BUFFER_TOO_SMALL, tsm_proxy(session, url, 0, &error), error);
    REFUSES(tsm_proxy(session, NULL, 10, &error));
    tsm_free(session);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_proxy(session, url, sizeof url, &error), error);
}

static void an_answer_says_when_to_try_again(void)
{
    CHECK_INT(TSM_E_RATE_LIMITED, tsm_check_answer(429, "7", NULL, 0, &error));
    CHECK_INT(7000, tsm_error_retry_after_ms(error));
    tsm_error_free(error);
    CHECK_INT(TSM_E_RATE_LIMITED, tsm_check_answer(429, NULL, NULL, 0, &error));
    CHECK_INT(-1, tsm_error_retry_after_ms(error));
    tsm_error_free(error);
    CHECK_OK(tsm_check_answer(200, "7", (const uint8_t *)"{}", 2, &error), error);
    CHECK_FAILS(TSM_E_PROTOCOL, tsm_check_answer(200, NULL, (const uint8_t *)"<html>", 6, &error),
                error);
    REFUSES(tsm_check_answer(99, NULL, NULL, 0, &error));
    CHECK_INT(1, tsm_status_retryable(TSM_E_NETWORK));
    CHECK_INT(0, tsm_status_retryable(TSM_E_TLS));
    CHECK_INT(0, tsm_status_retryable(12345));
}

int main(void)
{
    tsm_session *session;

    watchdog();
    session = log_in(sandbox_config());
    the_whole_request_is_said(session);
    one_exchange_carries_many_requests(session);
    what_tsm_request_refuses_is_refused(session);
    what_stays_refused_is_an_error(session);
    tsm_free(session);
    a_log_of_answers_misses_none();
    auto_relogin_counts();
    a_soap_call_has_an_envelope_for_each_token();
    a_proxy_is_said();
    an_answer_says_when_to_try_again();
    return 0;
}

/* A program with an HTTP client of its own: the exchange says what to send, what an answer means
 * and what to do next. */

#include "check.h"

static char token[TSM_TOKEN_MAX], api_token[TSM_API_TOKEN_MAX];
static tsm_error *error;
static int32_t next;

static const char expired[] = "{\"errorCode\":\"X.SessionToken.Expired\"}";

#define TOKENS(exchange)                                                                        \
    tsm_exchange_tokens((exchange), token, sizeof token, api_token, sizeof api_token, &next, &error)
#define ANSWERED(exchange, http_status, body, length) \
    tsm_exchange_answered((exchange), (http_status), (body), (length), &next, &error)

#define REFUSES(call) CHECK_FAILS(TSM_E_INVALID_ARGUMENT, (call), error)

/* An HTTP client: sends GET {path} with the two tokens and gives the HTTP status, and the body
 * behind `*body`. */
static int http_get(const char *path, char *answer, size_t capacity, const char **body)
{
    char request[TSM_API_TOKEN_MAX + 1024];
    int status;

    snprintf(request, sizeof request,
             "GET /api%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
             "Authorization: Bearer %s\r\nVZ-M2M-Token: %s\r\n\r\n",
             path, api_token, token);
    status = sandbox_ask(getenv("TSM_BASE_URL"), request, answer, capacity);
    *body = strstr(answer, "\r\n\r\n");
    *body = *body ? *body + 4 : "";
    return status;
}

static tsm_exchange *begin(const tsm_session *session)
{
    tsm_exchange *exchange = NULL;

    CHECK_OK(tsm_exchange_new(session, NULL, &exchange, &error), error);
    CHECK(exchange != NULL);
    return exchange;
}

static int32_t tokens(tsm_exchange *exchange)
{
    next = -1;
    CHECK_OK(TOKENS(exchange), error);
    return next;
}

static int32_t answered(tsm_exchange *exchange, int http_status, const char *body)
{
    next = -1;
    CHECK_OK(ANSWERED(exchange, http_status, (const uint8_t *)body, strlen(body)), error);
    return next;
}

/* The loop of the manual, section A CLIENT OF YOUR OWN. Gives the last answer's HTTP status; counts
 * the sendings. */
static int get(const tsm_session *session, const char *path, int *sent)
{
    static const size_t capacity = 1 << 18;
    char *answer = malloc(capacity);
    tsm_exchange *exchange = begin(session);
    const char *body = "";
    int http_status = 0;

    CHECK(answer != NULL);
    *sent = 0;
    do {
        if (tokens(exchange) == TSM_NEXT_SEND) {
            http_status = http_get(path, answer, capacity, &body);
            answered(exchange, http_status, body);
            *sent += 1;
        }
        if (next == TSM_NEXT_RENEW)
            CHECK_OK(tsm_exchange_renew(exchange, NULL, 1, &error), error);
    } while (next != TSM_NEXT_DONE);
    tsm_exchange_free(exchange);
    free(answer);
    return http_status;
}

static void expire(const char *what)
{
    char json[64];

    snprintf(json, sizeof json, "{\"what\": \"%s\"}", what);
    control("POST", "/expire", json);
}

static void what_is_refused_is_renewed_and_sent_again(const tsm_session *session)
{
    char held[TSM_API_TOKEN_MAX];
    int sent;

    CHECK_INT(200, get(session, ACCOUNT_PATH, &sent));
    CHECK_INT(1, sent);
    CHECK_INT(1, counter("login"));
    CHECK_INT(1, counter("oauth"));
    CHECK_OK(tsm_api_token_held(session, held, sizeof held, &error), error);
    CHECK_TEXT(api_token, held);

    expire("session");
    CHECK_INT(200, get(session, ACCOUNT_PATH, &sent));
    CHECK_INT(2, sent);
    CHECK_INT(2, counter("login"));

    expire("api_token");
    CHECK_INT(200, get(session, ACCOUNT_PATH, &sent));
    CHECK_INT(2, sent);
    CHECK_INT(2, counter("login"));
    CHECK_INT(2, counter("oauth"));

    expire("all");
    CHECK_INT(200, get(session, ACCOUNT_PATH, &sent));
    CHECK_INT(3, sent);
    CHECK_INT(3, counter("login"));
    CHECK_INT(3, counter("oauth"));
    CHECK_INT(4, info(session, "requests"));
    CHECK_INT(4, info(session, "resends"));

    /* What renewing does not mend is the program's answer. */
    control("POST", "/faults", "{\"on\": \"api\", \"fault\": \"expired\", \"times\": -1}");
    CHECK_INT(400, get(session, ACCOUNT_PATH, &sent));
    CHECK_INT(2, sent);
    CHECK_INT(4, counter("login"));
    control("DELETE", "/faults", "");
    CHECK_INT(400, get(session, "/m2m/v1/accounts/9999999999-99999", &sent));
    CHECK_INT(1, sent);
    CHECK_INT(4, counter("login"));
}

/* The adapters of other languages once read these three in other ways than the library. */
static void what_once_was_read_in_three_ways(const tsm_session *session)
{
    static char fault[102400];
    long logins = counter("login"), fetches = counter("oauth");
    tsm_exchange *exchange;
    int sent;

    control("POST", "/faults",
            "{\"on\": \"api\", \"fault\": \"answer\", \"status\": 401, "
            "\"body\": {\"error\": \"unauthorized\"}}");
    CHECK_INT(200, get(session, ACCOUNT_PATH, &sent));
    CHECK_INT(logins, counter("login"));
    CHECK_INT(fetches + 1, counter("oauth"));

    exchange = begin(session);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    memset(fault, ' ', sizeof fault - 1);
    memcpy(fault, "{\"errorCode\":\"X.SessionToken.Expired\"", 37);
    fault[sizeof fault - 2] = '}';
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 400, fault));
    tsm_exchange_free(exchange);

    /* A newer token that is there already, and is expired, too. */
    exchange = begin(session);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_OK(tsm_relogin(session, NULL, token, &error), error);
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 400, expired));
    CHECK_OK(tsm_exchange_renew(exchange, NULL, 1, &error), error);
    CHECK_INT(logins + 1, counter("login"));
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 400, expired));
    CHECK_OK(tsm_exchange_renew(exchange, NULL, 1, &error), error);
    CHECK_INT(logins + 2, counter("login"));
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_NEXT_DONE, answered(exchange, 400, expired));
    tsm_exchange_free(exchange);
}

static void a_body_that_is_gone_gives_the_refusal(const tsm_session *session)
{
    tsm_exchange *exchange = begin(session);
    char refused[TSM_API_TOKEN_MAX];
    long logins = counter("login"), fetches = counter("oauth");

    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 400, expired));
    CHECK_INT(TSM_E_SESSION_EXPIRED, tsm_exchange_renew(exchange, NULL, 0, &error));
    CHECK_INT(TSM_OK, tsm_error_token(error, refused, sizeof refused));
    CHECK_TEXT(token, refused);
    CHECK_TEXT("X.SessionToken.Expired", tsm_error_code(error));
    CHECK_INT(400, tsm_error_http_status(error));
    CHECK_INT(1, tsm_error_retryable(error));
    CHECK_HAS("fresh", tsm_error_message(error));
    tsm_error_free(error);
    error = NULL;
    CHECK_INT(logins + 1, counter("login"));
    REFUSES(TOKENS(exchange));
    CHECK_INT(TSM_NEXT_DONE, next);
    tsm_exchange_free(exchange);

    /* Of a bare 401 either may be at fault: both are renewed. */
    exchange = begin(session);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 401, ""));
    CHECK_FAILS(TSM_E_SESSION_EXPIRED, tsm_exchange_renew(exchange, NULL, 0, &error), error);
    CHECK_INT(logins + 2, counter("login"));
    CHECK_INT(fetches + 1, counter("oauth"));
    tsm_exchange_free(exchange);

    exchange = begin(session);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 401, "{\"fault\":{\"code\":900901}}"));
    CHECK_INT(TSM_E_API_TOKEN, tsm_exchange_renew(exchange, NULL, 0, &error));
    CHECK_INT(TSM_OK, tsm_error_token(error, refused, sizeof refused));
    CHECK_TEXT(api_token, refused);
    tsm_error_free(error);
    error = NULL;
    CHECK_INT(fetches + 2, counter("oauth"));
    CHECK_INT(logins + 2, counter("login"));
    tsm_exchange_free(exchange);
}

static void an_api_token_that_lives_no_time_is_not_fetched_for_each_request(void)
{
    tsm_session *session;
    long fetches;
    int sent, i;

    control("POST", "/settings", "{\"expires_in\": 0}");
    session = log_in(sandbox_config());
    fetches = counter("oauth");
    for (i = 0; i < 5; i++)
        CHECK_INT(200, get(session, ACCOUNT_PATH, &sent));
    CHECK_OK(tsm_api_token_held(session, api_token, sizeof api_token, &error), error);
    CHECK_INT(fetches, counter("oauth"));
    tsm_free(session);
    control("POST", "/settings", "{\"expires_in\": \"remaining\"}");
}

static void tokens_go_to_the_sessions_origin_only(const tsm_session *session)
{
    const char *elsewhere[] = {
        "", "/m2m/v1", "https://evil.example/api", "http://127.0.0.1:1/api", "\xff",
        "http://localhost@evil.example/", "http://127.0.0.1\\@evil.example/"};
    tsm_exchange *exchange = NULL;
    char url[256];
    size_t i;

    snprintf(url, sizeof url, "%s" ACCOUNT_PATH "?a=b#c", getenv("TSM_BASE_URL"));
    CHECK_OK(tsm_exchange_new(session, url, &exchange, &error), error);
    tsm_exchange_free(exchange);
    for (i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        REFUSES(tsm_exchange_new(session, elsewhere[i], &exchange, &error));
        CHECK(exchange == NULL);
    }
}

static void bad_arguments_are_told(const tsm_session *session)
{
    tsm_exchange *exchange = begin(session);
    const uint8_t byte = 0;
    long sent = counter("requests");

    REFUSES(tsm_exchange_new(session, NULL, NULL, &error));
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_exchange_new(NULL, NULL, NULL, &error), error);
    CHECK_INT(TSM_E_INVALID_ARGUMENT, tsm_exchange_new(session, NULL, NULL, NULL));

    REFUSES(tsm_exchange_tokens(exchange, NULL, 9, api_token, 4096, &next, &error));
    REFUSES(tsm_exchange_tokens(exchange, token, 128, NULL, 9, &next, &error));
    REFUSES(tsm_exchange_tokens(exchange, token, 128, api_token, 4096, NULL, &error));
    next = -1;
    CHECK_FAILS(TSM_E_BUFFER_TOO_SMALL,
                tsm_exchange_tokens(exchange, token, 128, api_token, 5, &next, &error), error);
    CHECK_INT(TSM_NEXT_DONE, next);
    CHECK_TEXT("", token);
    CHECK_TEXT("", api_token);
    CHECK_FAILS(TSM_E_BUFFER_TOO_SMALL,
                tsm_exchange_tokens(exchange, token, 5, api_token, 4096, &next, &error), error);
    CHECK_INT(TSM_E_BUFFER_TOO_SMALL,
              tsm_exchange_tokens(exchange, token, 0, api_token, 0, &next, NULL));
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));

    REFUSES(tsm_exchange_answered(exchange, 400, &byte, 1, NULL, &error));
    REFUSES(ANSWERED(exchange, 400, NULL, 1));
    REFUSES(ANSWERED(exchange, 400, &byte, SIZE_MAX));
    REFUSES(ANSWERED(exchange, 0, NULL, 0));
    REFUSES(ANSWERED(exchange, -1, NULL, 0));
    REFUSES(ANSWERED(exchange, 65536 + 200, NULL, 0));
    REFUSES(tsm_exchange_renew(exchange, NULL, 1, &error));
    CHECK_FAILS(TSM_E_INVALID_HANDLE,
                tsm_exchange_renew(exchange, (tsm_call *)(void *)exchange, 1, &error), error);
    CHECK_INT(TSM_NEXT_DONE, answered(exchange, 200, ""));
    REFUSES(ANSWERED(exchange, 200, NULL, 0));
    CHECK_INT(TSM_NEXT_DONE, next);

    CHECK_INT(0, tsm_exchange_body_max(exchange, 200));
    CHECK_INT(0, tsm_exchange_body_max(exchange, 302));
    CHECK_INT(0, tsm_exchange_body_max(exchange, -400));
    CHECK(tsm_exchange_body_max(exchange, 400) >= 102400);
    tsm_exchange_free(exchange);
    tsm_exchange_free(exchange);
    tsm_exchange_free(NULL);
    REFUSES(tsm_api_token_held(session, NULL, 100, &error));
    CHECK_FAILS(TSM_E_BUFFER_TOO_SMALL, tsm_api_token_held(session, token, 5, &error), error);
    CHECK_TEXT("", token);
    CHECK_INT(sent, counter("requests"));
}

struct inside {
    tsm_exchange *exchange;
    int asked;
};

/* Called while tsm_exchange_renew() waits: whatever is asked of the same exchange meanwhile is
 * refused at once. */
static int32_t come_in(void *context)
{
    struct inside *inside = context;
    tsm_exchange *exchange = inside->exchange;
    tsm_error *mine = NULL;
    char text[TSM_API_TOKEN_MAX];
    int32_t then;

    CHECK_FAILS(TSM_E_INVALID_ARGUMENT,
                tsm_exchange_tokens(exchange, text, 4096, text, 4096, &then, &mine), mine);
    CHECK_FAILS(TSM_E_INVALID_ARGUMENT,
                tsm_exchange_answered(exchange, 200, NULL, 0, &then, &mine), mine);
    CHECK_FAILS(TSM_E_INVALID_ARGUMENT, tsm_exchange_renew(exchange, NULL, 1, &mine), mine);
    CHECK_INT(0, tsm_exchange_again(exchange));
    inside->asked++;
    return 0;
}

static void *renew(void *context)
{
    tsm_error *mine = NULL;
    struct inside *inside = context;
    tsm_call *call = tsm_call_new();

    CHECK_INT(TSM_OK, tsm_call_set_interrupt(call, come_in, inside));
    CHECK_OK(tsm_exchange_renew(inside->exchange, call, 1, &mine), mine);
    tsm_call_free(call);
    return NULL;
}

/* In a forked child nobody will ever come out of it. */
static void a_forked_child_leaves_alone(tsm_exchange *exchange)
{
#ifdef _WIN32
    (void)exchange;
#else
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        watchdog();
        CHECK_FAILS(TSM_E_FORKED, tsm_exchange_renew(exchange, NULL, 1, &error), error);
        CHECK_FAILS(TSM_E_FORKED, ANSWERED(exchange, 200, NULL, 0), error);
        CHECK_FAILS(TSM_E_FORKED, TOKENS(exchange), error);
        CHECK_INT(0, tsm_exchange_again(exchange));
        tsm_exchange_free(exchange);
        _exit(0);
    }
    child_ends_well(pid);
#endif
}

static void an_exchange_is_for_one_thread_at_a_time(const tsm_session *session)
{
    struct inside inside = {begin(session), 0};
    long logins = counter("login");
    pthread_t thread;

    CHECK_INT(TSM_NEXT_SEND, tokens(inside.exchange));
    CHECK_INT(TSM_NEXT_RENEW, answered(inside.exchange, 400, expired));
    control("POST", "/faults", "{\"on\": \"login\", \"fault\": \"hold\"}");
    thread = start(renew, &inside);
    await("login", logins + 1);
    CHECK_INT(TSM_E_INVALID_ARGUMENT, TOKENS(inside.exchange));
    CHECK_HAS("another thread", tsm_error_message(error));
    tsm_error_free(error);
    error = NULL;

    a_forked_child_leaves_alone(inside.exchange);

    control("DELETE", "/faults", "");
    join(thread);
    CHECK(inside.asked > 0);
    CHECK_INT(TSM_NEXT_SEND, tokens(inside.exchange));
    CHECK_INT(TSM_NEXT_DONE, answered(inside.exchange, 200, ""));
    tsm_exchange_free(inside.exchange);
}

static void a_failed_renewal_can_be_tried_again(const tsm_session *session)
{
    tsm_exchange *exchange = begin(session);
    tsm_call *call = tsm_call_new();
    long logins = counter("login");

    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 400, expired));
    CHECK_INT(TSM_OK, tsm_call_cancel(call));
    CHECK_FAILS(TSM_E_CANCELLED, tsm_exchange_renew(exchange, call, 1, &error), error);
    CHECK_INT(TSM_NEXT_RENEW, tokens(exchange));
    CHECK_OK(tsm_exchange_renew(exchange, NULL, 1, &error), error);
    CHECK_INT(logins + 1, counter("login"));
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    tsm_exchange_free(exchange);
    tsm_call_free(call);
}

/* Requests that come one after the other. */
static void many_requests_take_one_exchange(const tsm_session *session)
{
    tsm_exchange *exchange = begin(session);
    long logins = counter("login"), fetches = counter("oauth");
    long requests = info(session, "requests");
    char held[TSM_TOKEN_MAX];
    int i;

    CHECK_INT(0, tsm_exchange_again(exchange));
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    /* Nobody knows yet whether the platform takes them. */
    CHECK_OK(tsm_relogin(session, NULL, token, &error), error);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(0, tsm_exchange_again(exchange));
    CHECK_INT(TSM_NEXT_DONE, answered(exchange, 404, ""));
    CHECK_INT(0, tsm_exchange_again(exchange));
    tsm_exchange_free(exchange);
    exchange = begin(session);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_NEXT_DONE, answered(exchange, 204, ""));
    for (i = 0; i < 3; i++)
        CHECK_INT(1, tsm_exchange_again(exchange));
    CHECK_INT(TSM_NEXT_DONE, answered(exchange, 404, ""));
    CHECK_INT(1, tsm_exchange_again(exchange));
    CHECK_INT(requests + 5, info(session, "requests"));

    /* Each may have everything renewed, once. */
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 400, expired));
    CHECK_INT(0, tsm_exchange_again(exchange));
    CHECK_OK(tsm_exchange_renew(exchange, NULL, 1, &error), error);
    CHECK_INT(0, tsm_exchange_again(exchange));
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_NEXT_DONE, answered(exchange, 200, ""));
    CHECK_INT(1, tsm_exchange_again(exchange));
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 400, expired));
    CHECK_OK(tsm_exchange_renew(exchange, NULL, 1, &error), error);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(logins + 3, counter("login"));
    CHECK_OK(tsm_token(session, held, sizeof held, &error), error);
    CHECK_TEXT(token, held);

    /* What was refused is not sent again, nor what somebody else has replaced. */
    CHECK_INT(TSM_NEXT_DONE, answered(exchange, 400, expired));
    CHECK_INT(0, tsm_exchange_again(exchange));
    tsm_exchange_free(exchange);
    exchange = begin(session);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_NEXT_DONE, answered(exchange, 200, ""));
    CHECK_INT(1, tsm_exchange_again(exchange));
    CHECK_OK(tsm_renew_api_token(session, NULL, api_token, &error), error);
    CHECK_INT(0, tsm_exchange_again(exchange));
    /* The answer to the one before is judged as that of an older token. */
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 401, "{\"fault\":{\"code\":900901}}"));
    CHECK_OK(tsm_exchange_renew(exchange, NULL, 1, &error), error);
    CHECK_INT(fetches + 1, counter("oauth"));
    tsm_exchange_free(exchange);
    CHECK_INT(0, tsm_exchange_again(exchange));
    CHECK_INT(0, tsm_exchange_again(NULL));
}

static void a_logout_is_not_undone(const tsm_session *session)
{
    tsm_exchange *exchange = begin(session);
    long logins = counter("login");

    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_NEXT_DONE, answered(exchange, 200, ""));
    CHECK_INT(1, tsm_exchange_again(exchange));
    CHECK_OK(tsm_logout(session, NULL, &error), error);
    CHECK_INT(0, tsm_exchange_again(exchange));
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 400, expired));
    CHECK_FAILS(TSM_E_NOT_LOGGED_IN, tsm_exchange_renew(exchange, NULL, 1, &error), error);
    tsm_exchange_free(exchange);
    exchange = begin(session);
    CHECK_FAILS(TSM_E_NOT_LOGGED_IN, TOKENS(exchange), error);
    CHECK_INT(TSM_NEXT_DONE, next);
    tsm_exchange_free(exchange);
    CHECK_INT(logins, counter("login"));
}

static void it_does_not_keep_its_session_alive(void)
{
    tsm_session *session = log_in(sandbox_config());
    tsm_exchange *exchange = begin(session);

    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_NEXT_DONE, answered(exchange, 200, ""));
    CHECK_INT(1, tsm_exchange_again(exchange));
    tsm_free(session);
    CHECK_INT(0, tsm_exchange_again(exchange));
    CHECK_FAILS(TSM_E_INVALID_HANDLE, TOKENS(exchange), error);
    CHECK_INT(TSM_NEXT_DONE, next);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, ANSWERED(exchange, 200, NULL, 0), error);
    CHECK_FAILS(TSM_E_INVALID_HANDLE, tsm_exchange_renew(exchange, NULL, 1, &error), error);
    tsm_exchange_free(exchange);
}

static void with_soap_there_is_no_api_token(void)
{
    static const char fault[] =
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault>"
        "<faultcode>s:X.SessionToken.Expired</faultcode></s:Fault></s:Body></s:Envelope>";
    tsm_config *config = sandbox_config();
    tsm_session *session;
    tsm_exchange *exchange;

    set(config, "protocol", "soap");
    session = log_in(config);
    exchange = begin(session);
    CHECK(tsm_exchange_body_max(exchange, 200) > 0);
    memset(api_token, '#', sizeof api_token);
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_TEXT("", api_token);
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 200, fault));
    CHECK_OK(tsm_exchange_renew(exchange, NULL, 1, &error), error);
    CHECK_INT(2, counter("soap_login"));
    CHECK_INT(TSM_NEXT_SEND, tokens(exchange));
    CHECK_INT(TSM_NEXT_DONE, answered(exchange, 200, "<fine/>"));
    CHECK_INT(1, tsm_exchange_again(exchange));
    CHECK_INT(TSM_NEXT_RENEW, answered(exchange, 200, fault));
    tsm_exchange_free(exchange);
    REFUSES(tsm_api_token_held(session, api_token, sizeof api_token, &error));
    tsm_free(session);
}

int main(void)
{
    tsm_config *config;
    tsm_session *session;

    watchdog();
    config = sandbox_config();
    /* That is about tsm_request() alone. */
    set(config, "auto_relogin", "false");
    session = log_in(config);
    what_is_refused_is_renewed_and_sent_again(session);
    what_once_was_read_in_three_ways(session);
    a_body_that_is_gone_gives_the_refusal(session);
    an_api_token_that_lives_no_time_is_not_fetched_for_each_request();
    tokens_go_to_the_sessions_origin_only(session);
    bad_arguments_are_told(session);
    an_exchange_is_for_one_thread_at_a_time(session);
    a_failed_renewal_can_be_tried_again(session);
    many_requests_take_one_exchange(session);
    a_logout_is_not_undone(session);
    tsm_free(session);
    it_does_not_keep_its_session_alive();
    with_soap_there_is_no_api_token();
    return 0;
}

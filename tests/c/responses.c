/* What a response shows: status, headers in any case and in order, a body with its length and a NUL
 * behind it. */

#include "check.h"

static tsm_error *error;

static tsm_response *get(const tsm_session *session)
{
    tsm_response *response = NULL;

    CHECK_OK(tsm_request(session, NULL, "GET", ACCOUNT_PATH, NULL, NULL, 0, &response, &error),
             error);
    return response;
}

static void headers_and_body(const tsm_session *session)
{
    tsm_response *response;
    const char *name = NULL, *value = NULL, *block, *text;
    const uint8_t *body;
    size_t length = 0, count = 0;
    int seen = 0;

    control("POST", "/faults",
            "{\"on\": \"api\", \"fault\": \"answer\", \"status\": 404, \"body\": \"gone\","
            " \"headers\": {\"X-First\": \"one\", \"X-Empty\": \"\"}}");
    response = get(session);
    CHECK_INT(404, tsm_response_status(response));
    CHECK_TEXT("one", tsm_response_header(response, "x-fIRST"));
    CHECK_TEXT("", tsm_response_header(response, "X-Empty"));
    CHECK(tsm_response_header(response, "X-First") == tsm_response_header(response, "x-first"));
    CHECK(tsm_response_header(response, "X-None") == NULL);
    CHECK(tsm_response_header(response, "") == NULL);
    CHECK(tsm_response_header(response, NULL) == NULL);
    CHECK(tsm_response_header(response, "\xff") == NULL);
    while (tsm_response_header_at(response, count, &name, &value) == TSM_OK) {
        CHECK(name && value);
        seen += strcmp(value, "one") == 0;
        count++;
    }
    CHECK_INT(1, seen);
    CHECK(name == NULL && value == NULL);
    CHECK_INT(TSM_E_INVALID_ARGUMENT, tsm_response_header_at(response, SIZE_MAX, &name, &value));
    CHECK_INT(TSM_E_INVALID_ARGUMENT, tsm_response_header_at(response, 0, NULL, &value));
    CHECK_INT(TSM_E_INVALID_ARGUMENT, tsm_response_header_at(response, 0, &name, NULL));
    block = tsm_response_headers(response, &length);
    CHECK(block != NULL && tsm_response_headers(response, NULL) == block);
    for (seen = 0, text = block; text < block + length; seen++) {
        CHECK_INT(TSM_OK, tsm_response_header_at(response, (size_t)seen, &name, &value));
        CHECK_TEXT(name, text);
        text += strlen(text) + 1;
        CHECK_TEXT(value, text);
        text += strlen(text) + 1;
    }
    CHECK_INT(count, seen);
    CHECK(text == block + length);
    body = tsm_response_body(response, &length);
    CHECK_INT(4, length);
    CHECK_TEXT("gone", (const char *)body);
    CHECK(tsm_response_body(response, NULL) == body);
    CHECK(tsm_response_check(response, &error) != TSM_OK);
    CHECK_INT(404, tsm_error_http_status(error));
    tsm_error_free(error);
    error = NULL;
    tsm_response_free(response);
}

static void an_empty_body_is_not_null(const tsm_session *session)
{
    tsm_response *response;
    size_t length = 1;

    control("POST", "/faults",
            "{\"on\": \"api\", \"fault\": \"answer\", \"status\": 200, \"body\": \"\"}");
    response = get(session);
    CHECK_TEXT("", (const char *)tsm_response_body(response, &length));
    CHECK_INT(0, length);
    CHECK_OK(tsm_response_check(response, &error), error);
    tsm_response_free(response);
}

static void a_bad_status_is_an_answer_that_can_be_made_an_error(const tsm_session *session)
{
    tsm_response *response;

    control("POST", "/faults",
            "{\"on\": \"api\", \"fault\": \"status\", \"status\": 429, \"retry_after\": 7}");
    response = get(session);
    CHECK_INT(429, tsm_response_status(response));
    CHECK_INT(TSM_E_RATE_LIMITED, tsm_response_check(response, &error));
    CHECK_INT(7000, tsm_error_retry_after_ms(error));
    CHECK_INT(1, tsm_error_retryable(error));
    tsm_error_free(error);
    error = NULL;
    tsm_response_free(response);
}

static void a_large_body_comes_whole(const tsm_session *session)
{
    tsm_response *response = NULL;
    size_t length = 0;

    control("POST", "/settings", "{\"api_answer_bytes\": 3000000}");
    CHECK_OK(tsm_request(session, NULL, "POST", LIST_PATH, NULL, (const uint8_t *)LIST_BODY,
                         strlen(LIST_BODY), &response, &error),
             error);
    CHECK_INT('{', tsm_response_body(response, &length)[0]);
    CHECK_INT(3000000, length);
    CHECK_INT(0, tsm_response_body(response, NULL)[length]);
    tsm_response_free(response);
}

int main(void)
{
    tsm_session *session;

    watchdog();
    session = log_in(sandbox_config());
    headers_and_body(session);
    an_empty_body_is_not_null(session);
    a_bad_status_is_an_answer_that_can_be_made_an_error(session);
    a_large_body_comes_whole(session);
    tsm_free(session);
    return 0;
}

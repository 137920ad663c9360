/* What a careful program does with libcurl: one handle a thread, whose connection is kept, one
 * OAuth2 token, one login, and both tokens in every request. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t keep(char *data, size_t size, size_t count, void *context)
{
    struct by_hand *hand = context;
    size_t bytes = size * count, needed = hand->length + bytes;
    if (needed >= hand->room) {
        hand->room = needed * 2;
        hand->answer = realloc(hand->answer, hand->room);
        if (hand->answer == NULL)
            return 0;
    }
    memcpy(hand->answer + hand->length, data, bytes);
    hand->length = needed;
    hand->answer[needed] = '\0';
    return bytes;
}

struct by_hand *by_hand_new(void)
{
    struct by_hand *hand = calloc(1, sizeof *hand);
    hand->curl = curl_easy_init();
    curl_easy_setopt(hand->curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(hand->curl, CURLOPT_WRITEDATA, hand);
    curl_easy_setopt(hand->curl, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(hand->curl, CURLOPT_NOSIGNAL, 1L);
    const char *roots = getenv("TSM_CA_FILE");
    if (roots != NULL)
        curl_easy_setopt(hand->curl, CURLOPT_CAINFO, roots);
    return hand;
}

static void set_url(struct by_hand *hand, const char *path)
{
    char url[1024];
    snprintf(url, sizeof url, "%s%s", wanted("TSM_BASE_URL"), path);
    curl_easy_setopt(hand->curl, CURLOPT_URL, url);
}

static void set_headers(struct by_hand *hand, int count, const char *const *headers)
{
    struct curl_slist *list = NULL;
    for (int i = 0; i < count; i++)
        list = curl_slist_append(list, headers[i]);
    curl_easy_setopt(hand->curl, CURLOPT_HTTPHEADER, list);
    curl_slist_free_all(hand->headers);
    hand->headers = list;
}

static void set_body(struct by_hand *hand, const char *body, size_t length)
{
    curl_easy_setopt(hand->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(hand->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
}

/* The answer is this call's own, as tsm_response is: made anew and freed each time. */
long by_hand_post(struct by_hand *hand)
{
    long status = 0;
    free(hand->answer);
    hand->answer = NULL;
    hand->length = hand->room = 0;
    CURLcode code = curl_easy_perform(hand->curl);
    if (code != CURLE_OK)
        fail(curl_easy_strerror(code), NULL);
    curl_easy_getinfo(hand->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static void take_text(struct by_hand *hand, const char *name, char *into, size_t room)
{
    char *found = hand->answer ? strstr(hand->answer, name) : NULL;
    char *start = found ? strchr(strchr(found + strlen(name), ':'), '"') : NULL;
    char *end = start ? strchr(start + 1, '"') : NULL;
    if (end == NULL || (size_t)(end - start) > room)
        fail(name, NULL);
    memcpy(into, start + 1, (size_t)(end - start - 1));
    into[end - start - 1] = '\0';
}

void by_hand_fetch_api_token(struct by_hand *hand)
{
    static const char grant[] = "grant_type=client_credentials";
    set_url(hand, "/ts/v1/oauth2/token");
    curl_easy_setopt(hand->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(hand->curl, CURLOPT_USERNAME, wanted("TSM_APP_KEY"));
    curl_easy_setopt(hand->curl, CURLOPT_PASSWORD, wanted("TSM_APP_SECRET"));
    set_headers(hand, 1, (const char *[]){"Accept: application/json"});
    set_body(hand, grant, sizeof grant - 1);
    if (by_hand_post(hand) != 200)
        fail("OAuth2", NULL);
    curl_easy_setopt(hand->curl, CURLOPT_USERNAME, NULL);
    curl_easy_setopt(hand->curl, CURLOPT_PASSWORD, NULL);
    take_text(hand, "\"access_token\"", hand->api_token, sizeof hand->api_token);
}

void by_hand_log_in(struct by_hand *hand)
{
    char bearer[TSM_API_TOKEN_MAX + 32], body[512];
    int length = snprintf(body, sizeof body, "{\"username\":\"%s\",\"password\":\"%s\"}",
                          wanted("TSM_USERNAME"), wanted("TSM_PASSWORD"));
    snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", hand->api_token);
    set_url(hand, "/m2m/v1/session/login");
    set_headers(hand, 3, (const char *[]){bearer, "Content-Type: application/json",
                                          "Accept: application/json"});
    set_body(hand, body, (size_t)length);
    if (by_hand_post(hand) != 200)
        fail("login", NULL);
    take_text(hand, "\"sessionToken\"", hand->token, sizeof hand->token);
}

void by_hand_prepare(struct by_hand *hand, const char *body, size_t length)
{
    char bearer[TSM_API_TOKEN_MAX + 32], session[TSM_TOKEN_MAX + 32];
    snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", hand->api_token);
    snprintf(session, sizeof session, "VZ-M2M-Token: %s", hand->token);
    set_url(hand, wanted("BENCH_PATH"));
    /* Without the last one libcurl would ask before it sends a large body. */
    set_headers(hand, 5, (const char *[]){bearer, session, "Content-Type: application/json",
                                          "Accept: application/json", "Expect:"});
    set_body(hand, body, length);
}

struct by_hand *by_hand_beside(tsm_session *session, const char *body, size_t length)
{
    struct by_hand *hand = by_hand_new();
    if (tsm_token(session, hand->token, sizeof hand->token, NULL) != TSM_OK
        || tsm_api_token(session, NULL, hand->api_token, sizeof hand->api_token, NULL) != TSM_OK)
        fail("tokens", NULL);
    by_hand_prepare(hand, body, length);
    return hand;
}

void by_hand_free(struct by_hand *hand)
{
    curl_easy_cleanup(hand->curl);
    curl_slist_free_all(hand->headers);
    free(hand->answer);
    free(hand);
}

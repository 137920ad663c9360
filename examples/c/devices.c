/*
 * Lists the devices of an account; then its session token expires, twice. The first time the
 * library mends it, the second time the program does, the way ThingSpace's documentation shows.
 *
 *   cc devices.c -I../../include -L../../target/release -lthingspace_session \
 *      -Wl,-rpath,$PWD/../../target/release -o devices
 *
 * Who you are comes from the environment: TSM_USERNAME, TSM_PASSWORD, TSM_APP_KEY, TSM_APP_SECRET,
 * and TSM_BASE_URL for another platform than the real one, such as the sandbox of this project.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tsm.h>

#include "sandbox_control.h" /* only to let tokens expire; yours do so by themselves */

/* Ends the program with what went wrong, if anything did. */
static void must(tsm_status status, tsm_error *error)
{
    if (status == TSM_OK)
        return;
    fprintf(stderr, "%s: %s\n", tsm_status_name(status), tsm_error_message(error));
    exit(1);
}

static tsm_session *log_in(const char *auto_relogin)
{
    tsm_config *config = tsm_config_new();
    tsm_session *session = NULL;
    tsm_error *error = NULL;

    must(tsm_config_load_env(config, &error), error);
    must(tsm_config_set(config, "auto_relogin", auto_relogin, &error), error);
    must(tsm_login(config, NULL, &session, &error), error);
    tsm_config_free(config); /* the session has a copy */
    return session;
}

static int count(const char *text, const char *part)
{
    int found = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        found++;
    }
    return found;
}

/* Both tokens go into the headers; a refused one is renewed and the request sent again, with
 * auto_relogin. */
static tsm_status list_devices(const tsm_session *session, const char *when, tsm_error **error)
{
    static const char body[] = "{\"accountName\": \"0000123456-00001\"}";
    tsm_response *response = NULL;
    tsm_status status = tsm_request(session, NULL, "POST", "/m2m/v1/devices/actions/list", NULL,
                                    (const uint8_t *)body, strlen(body), &response, error);

    if (status == TSM_OK)
        /* HTTP 4xx and 5xx are answers until they are checked. */
        status = tsm_response_check(response, error);
    if (status == TSM_OK)
        printf("%s; %d devices\n", when,
               count((const char *)tsm_response_body(response, NULL), "\"deviceIds\""));
    tsm_response_free(response);
    return status;
}

/* The pattern of the documentation: is the token expired, log in again and resend the last
 * request. */
static tsm_status list_devices_by_hand(const tsm_session *session, tsm_error **error)
{
    char expired_token[TSM_TOKEN_MAX];
    tsm_status status = list_devices(session, "logged in", error);

    if (status == TSM_E_SESSION_EXPIRED && strstr(tsm_error_code(*error), "SessionToken.Expired")) {
        must(tsm_error_token(*error, expired_token, sizeof expired_token), NULL);
        tsm_error_free(*error);
        /* One login, however many threads are here. */
        must(tsm_relogin(session, NULL, expired_token, error), *error);
        status = list_devices(session, "the token expired and was renewed by hand", error);
    }
    return status;
}

int main(void)
{
    tsm_error *error = NULL;
    tsm_session *session;

    /* The usual way: nothing to think of. */
    session = log_in("true");
    must(list_devices(session, "logged in", &error), error);
    sandbox_expire_sessions();
    must(list_devices(session, "the token expired and was renewed", &error), error);
    must(tsm_logout(session, NULL, &error), error);
    tsm_free(session);

    /* The platform's documented pattern, by hand. */
    session = log_in("false");
    sandbox_expire_sessions();
    must(list_devices_by_hand(session, &error), error);
    must(tsm_logout(session, NULL, &error), error);
    tsm_free(session);
    return 0;
}

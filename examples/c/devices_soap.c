/*
 * The same as devices.c over SOAP, the Unified Web Service v2: no API token, and the session token
 * goes into the envelope.
 *
 *   cc devices_soap.c -I../../include -L../../target/release -lthingspace_session \
 *      -Wl,-rpath,$PWD/../../target/release -o devices_soap
 *
 * Who you are comes from the environment: TSM_USERNAME, TSM_PASSWORD, and TSM_SOAP_URL for the
 * folder of the services.
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

static int count(const char *text, const char *part)
{
    int found = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        found++;
    }
    return found;
}

static tsm_session *log_in(const char *auto_relogin)
{
    tsm_config *config = tsm_config_new();
    tsm_session *session = NULL;
    tsm_error *error = NULL;

    must(tsm_config_load_env(config, &error), error);
    must(tsm_config_set(config, "protocol", "soap", &error), error);
    must(tsm_config_set(config, "auto_relogin", auto_relogin, &error), error);
    must(tsm_login(config, NULL, &session, &error), error);
    tsm_config_free(config); /* the session has a copy */
    return session;
}

/* What is given here becomes the envelope's Body; its header, with the token in it, is the
 * library's. */
static tsm_status list_devices(const tsm_session *session, const char *when, tsm_error **error)
{
    static const char body[] =
        "<v2:GetDeviceList xmlns:v2=\"http://nphase.com/unifiedwebservice/v2\">"
                               "<v2:Input/></v2:GetDeviceList>";
    tsm_response *response = NULL;
    tsm_status status = tsm_soap_call(session, NULL, "DeviceService", "GetDeviceList",
                                      (const uint8_t *)body, strlen(body), &response, error);

    if (status == TSM_OK)
        status = tsm_response_check(response, error); /* a fault is an answer until it is checked */
    if (status == TSM_OK)
        printf("%s; %d devices\n", when,
               count((const char *)tsm_response_body(response, NULL), "<a:DeviceInformation>"));
    tsm_response_free(response);
    return status;
}

/* The pattern of the documentation: does the fault's code contain "SessionToken.Expired", log in
 * again and resend. */
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

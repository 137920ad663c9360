/* SOAP: log in, call, expire, be mended, log out; a fault is an answer until it is checked. */

#include "check.h"

static const char list[] =
    "<v2:GetDeviceList xmlns:v2=\"http://nphase.com/unifiedwebservice/v2\">"
    "<v2:Input/></v2:GetDeviceList>";

static tsm_status call(const tsm_session *session, const char *operation, const char *body,
                       tsm_response **response, tsm_error **error)
{
    return tsm_soap_call(session, NULL, "DeviceService", operation, (const uint8_t *)body,
                         strlen(body), response, error);
}

int main(void)
{
    tsm_config *config;
    tsm_session *session;
    tsm_response *response = NULL;
    tsm_error *error = NULL;

    watchdog();
    config = sandbox_config();
    set(config, "protocol", "soap");
    session = log_in(config);
    CHECK_INT(1, counter("soap_login"));
    CHECK_INT(0, counter("oauth"));

    CHECK_OK(call(session, "GetDeviceList", list, &response, &error), error);
    CHECK_INT(200, tsm_response_status(response));
    CHECK_HAS("GetDeviceListResponse", (const char *)tsm_response_body(response, NULL));
    CHECK_OK(tsm_response_check(response, &error), error);
    tsm_response_free(response);
    response = NULL;

    control("POST", "/expire", "{\"what\": \"session\"}");
    CHECK_OK(call(session, "GetDeviceList", list, &response, &error), error);
    CHECK_OK(tsm_response_check(response, &error), error);
    CHECK_INT(2, counter("soap_login"));
    CHECK_INT(1, counter("soap_call_expired"));
    tsm_response_free(response);
    response = NULL;

    control("POST", "/faults",
            "{\"on\": \"soap_call\", \"fault\": \"answer\", \"status\": 500, \"body\":"
            " \"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>"
            "<faultcode>s:UnifiedWebService.REQUEST_FAILED.AccountNotFound</faultcode>"
            "<faultstring>No.</faultstring>"
            "</s:Fault></s:Body></s:Envelope>\"}");
    CHECK_OK(call(session, "GetDeviceList", list, &response, &error), error);
    CHECK_INT(500, tsm_response_status(response));
    CHECK_INT(TSM_E_PLATFORM, tsm_response_check(response, &error));
    CHECK_HAS("REQUEST_FAILED.AccountNotFound", tsm_error_code(error));
    tsm_error_free(error);
    error = NULL;
    tsm_response_free(response);
    response = NULL;

    CHECK_FAILS(TSM_E_INVALID_ARGUMENT, call(session, "../evil", list, &response, &error), error);
    CHECK_FAILS(TSM_E_INVALID_ARGUMENT,
                call(session, "GetDeviceList", "<a><b></a>", &response, &error), error);
    CHECK_FAILS(TSM_E_INVALID_ARGUMENT, call(session, "GetDeviceList", "\xff", &response, &error),
                error);
    CHECK(response == NULL);

    CHECK_OK(tsm_logout(session, NULL, &error), error);
    CHECK_INT(1, counter("soap_logout"));
    tsm_free(session);
    return 0;
}

#!/bin/sh
# Log in, list devices, let the session token expire twice - mended once by `thingspace request` and
# once by hand - and log out.
#
# Who logs in where comes from the environment: TSM_USERNAME, TSM_PASSWORD, TSM_APP_KEY,
# TSM_APP_SECRET, TSM_BASE_URL, … The token expires because TSM_SANDBOX_CONTROL names the sandbox's
# control port; without it the token just stays valid.
set -eu

session_expired=13 # TSM_E_SESSION_EXPIRED

list_devices() {
    thingspace request POST /m2m/v1/devices/actions/list "$@" \
        -d '{"accountName": "0000123456-00001"}' >devices.json
}

count() {
    grep -o '"deviceIds"' devices.json | wc -l
}

let_the_token_expire() {
    if [ -n "${TSM_SANDBOX_CONTROL:-}" ]; then
        curl -sS -o expired.json "$TSM_SANDBOX_CONTROL/expire" -d '{"what": "session"}'
    fi
}

# One API token for a script of many requests, instead of one for each.
fetch_api_token() {
    unset TSM_API_TOKEN
    TSM_API_TOKEN=$(TSM_APP_KEY=$app_key TSM_APP_SECRET=$app_secret thingspace token --api)
    export TSM_API_TOKEN
}
app_key=$TSM_APP_KEY app_secret=$TSM_APP_SECRET
unset TSM_APP_KEY TSM_APP_SECRET

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# The usual way: nothing to think of.
fetch_api_token
thingspace login -q
list_devices
echo "logged in; $(count) devices"
let_the_token_expire
list_devices
echo "the token expired and was renewed; $(count) devices"
thingspace logout -q

# The platform's documented pattern, by hand.
fetch_api_token
token=$(thingspace token)
let_the_token_expire
status=0
list_devices --auto-relogin=false 2>refused || status=$?
if [ "$status" -eq "$session_expired" ]; then
    printf '%s\n' "$token" | thingspace relogin -q -
    list_devices
fi
echo "the token expired and was renewed by hand; $(count) devices"
thingspace logout -q

//! What the program prints: its help, and at the start how to reach it. One line of JSON for
//! programs, a text with things to try for people.

use serde_json::json;
use thingspace_sandbox::Sandbox;

pub const HELP: &str = r#"A local ThingSpace: OAuth2, the REST and SOAP session services and a few
device and account endpoints, with a control port that moves its clock, sets
what the platform's documents leave open, injects faults and counts what
arrived.

Usage: thingspace-sandbox [options]

  --port N            the platform's port (REST and SOAP, plain HTTP)
  --control-port N    the control port
  --tls-port N        the platform's port with TLS
  --json              print one line of JSON instead of text, for programs
  --exit-with-stdin   end when standard input closes
  --help, --version

Ports not given are chosen by the system. Everything listens on loopback only.
It runs until it is interrupted and leaves nothing behind.

It knows: user zbeeblebrox with password IMgr8; application key "key" with
secret "secret"; the static API token static-test-token; account
0000123456-00001.

The platform, with --port 4000:

  curl -u key:secret -d grant_type=client_credentials \
    http://127.0.0.1:4000/api/ts/v1/oauth2/token
  curl -H 'Authorization: Bearer static-test-token' \
    -H 'Content-Type: application/json' \
    -d '{"username": "zbeeblebrox", "password": "IMgr8"}' \
    http://127.0.0.1:4000/api/m2m/v1/session/login
  curl -H 'Authorization: Bearer static-test-token' -H 'VZ-M2M-Token: TOKEN' \
    http://127.0.0.1:4000/api/m2m/v1/accounts/0000123456-00001
  curl -H 'Authorization: Bearer static-test-token' -H 'VZ-M2M-Token: TOKEN' \
    -d '{}' http://127.0.0.1:4000/api/m2m/v1/devices/actions/list
  curl -X POST -H 'Authorization: Bearer static-test-token' \
    -H 'VZ-M2M-Token: TOKEN' http://127.0.0.1:4000/api/m2m/v1/session/logout

The SOAP services are SessionService (LogIn, LogOut) and DeviceService
(GetDeviceList, GetDeviceInformation), for example
http://127.0.0.1:4000/api/v2/SessionService.svc; with ?wsdl it shows its WSDL.

The control port, with --control-port 4001 (JSON in, JSON out):

  what there is      curl 127.0.0.1:4001/state
  20 minutes later   curl 127.0.0.1:4001/clock -d '{"advance_ms": 1200000}'
  a setting          curl 127.0.0.1:4001/settings -d '{"expired_shape": "proxied"}'
  a fault            curl 127.0.0.1:4001/faults -d '{"on": "login", "fault": "reset_after"}'
                     curl 127.0.0.1:4001/faults -d '{"on": "api", "fault": "status",
                       "status": 503, "retry_after": 7, "times": 2, "skip": 1}'
                     curl -X DELETE 127.0.0.1:4001/faults
  wait for a login   curl 127.0.0.1:4001/await -d '{"counter": "login", "at_least": 1}'
  what is held       curl -X POST 127.0.0.1:4001/release
  another resource   curl 127.0.0.1:4001/answers -d '{"path": "/m2m/v1/sms/history",
                       "body": {"messages": []}}'
  end the tokens     curl 127.0.0.1:4001/expire -d '{"what": "session"}'
                     ("session", "api_token" or "all")
  a contact          curl 127.0.0.1:4001/contacts -d '{"username": "u", "password": "p"}'
  unlock it          curl 127.0.0.1:4001/unlock -d '{"username": "u"}'
  what arrived       curl 127.0.0.1:4001/log
                     curl -X DELETE 127.0.0.1:4001/log
  start anew         curl -X POST 127.0.0.1:4001/reset

Faults hit the requests named by "on": oauth, login, logout, password_reset,
api, soap_login, soap_logout, soap_call or any; "times" of them (-1: until
dropped), after letting "skip" pass. There are:

  delay (ms)               answers late
  hold (hold)              answers when it is released or the faults are dropped
  interim (interim)        1xx answers first
  half_body                half a body, then closes
  drip (ms)                the body a byte at a time
  answer (status, body)    that answer, verbatim
  status (status, body)    that status
  html (status, body)      an HTML page
  redirect (location, status)
  wrong_json (status)      JSON of another shape
  huge (bytes, status)     well-formed JSON of that size
  gateway_fault (code, status, xml)   what the gateway says of that code
  expired                  refuses the session token as expired
  api_token_rejected       401 with code 900901
  endless                  a body that never ends
  reset_before             resets the connection, nothing processed
  reset_after              processes the request, then resets
  close_before             closes the connection, nothing processed
  close_after              processes the request, then closes
  process_late (ms)        closes, and processes it later by the sandbox's clock

Those that answer take "process" (whether the request is processed all the
same), "headers", "retry_after" and "interim"; the first five take "status" and
"body" to answer that instead; all but delay take "hold", the name under which
they wait for /release.

The README beside the source has a line for each setting, counter and fault.
"#;

/// For programs: one line.
pub fn json(sandbox: &Sandbox) -> String {
    let line = json!({
        "base_url": sandbox.base_url(),
        "soap_url": sandbox.soap_url(),
        "control_url": sandbox.control_url(),
        "tls_base_url": sandbox.tls_base_url(),
        "bad_tls_base_url": sandbox.bad_tls_base_url(),
        "ca_file": sandbox.ca_file(),
        "pid": std::process::id(),
    });
    format!("{line}\n")
}

/// For people: how to reach it, and what to try.
pub fn text(sandbox: &Sandbox) -> String {
    let (base, control) = (sandbox.base_url(), sandbox.control_url());
    let ca_file = sandbox.ca_file().display();
    format!(
        r#"A local ThingSpace is running.

  REST      {base}
  SOAP      {}
  TLS       {}
            trust {ca_file}
  bad TLS   {}   (nothing should trust it)
  control   {control}

  user zbeeblebrox, password IMgr8; application key "key", secret "secret";
  static API token static-test-token; account 0000123456-00001

Log in:

  curl -H 'Authorization: Bearer static-test-token' \
    -d '{{"username": "zbeeblebrox", "password": "IMgr8"}}' \
    {base}/m2m/v1/session/login

Use the token it gives, let 20 minutes pass, and use it again:

  curl -H 'Authorization: Bearer static-test-token' -H 'VZ-M2M-Token: TOKEN' \
    {base}/m2m/v1/accounts/0000123456-00001
  curl {control}/clock -d '{{"advance_ms": 1200000}}'

Make the next login lose its answer, then see what arrived:

  curl {control}/faults -d '{{"on": "login", "fault": "reset_after"}}'
  curl {control}/state

More: thingspace-sandbox --help. Interrupt it (Ctrl-C) to end it.
"#,
        sandbox.soap_url(),
        sandbox.tls_base_url(),
        sandbox.bad_tls_base_url(),
    )
}

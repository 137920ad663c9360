/*
 * tsm.h - keeps a Verizon ThingSpace session alive for a program
 *
 * The library logs in once, hands out the session token, logs in again only when the platform says
 * that the token expired, sends again what was refused for it, and never lets the account be
 * locked. It does what the platform's page "Start a Connectivity Management Session" asks of every
 * program, once and with care, for C and all that can call C.
 *
 *     #include <stdio.h>
 *     #include <tsm.h>
 *
 *     int main(void) {
 *         tsm_config *config = tsm_config_new();
 *         tsm_session *session = NULL;
 *         tsm_response *response = NULL;
 *         tsm_error *error = NULL;
 *
 *         // TSM_USERNAME, TSM_PASSWORD, TSM_APP_KEY and TSM_APP_SECRET of the environment
 *         if (!tsm_config_load_env(config, &error) && !tsm_login(config, NULL, &session, &error)
 *             && !tsm_request(session, NULL, "GET", "/m2m/v1/accounts/0000123456-00001", NULL,
 *                             NULL, 0, &response, &error)
 *             && !tsm_response_check(response, &error))
 *             puts((const char *)tsm_response_body(response, NULL));
 *         if (error)
 *             fprintf(stderr, "%s: %s\n", tsm_status_name(tsm_error_status(error)),
 *                     tsm_error_message(error));
 *         tsm_response_free(response);
 *         tsm_free(session);
 *         tsm_config_free(config);
 *         tsm_error_free(error);
 *     }
 *
 *     cc program.c -lthingspace_session
 *
 * FUNCTIONS
 *   options     tsm_config_new, tsm_config_set, tsm_config_get, tsm_config_load_env,
 *               tsm_config_set_log, tsm_config_set_event, tsm_config_free
 *   a call      tsm_call_new, tsm_call_set_timeout, tsm_call_set_waited, tsm_call_set_interrupt,
 *               tsm_call_cancel, tsm_call_free
 *   a session   tsm_login, tsm_open, tsm_relogin, tsm_logout, tsm_cancel, tsm_free, tsm_info,
 *               tsm_metrics, tsm_waited, tsm_set_log_level, tsm_unblock
 *   tokens      tsm_token, tsm_api_token, tsm_api_token_held, tsm_renew_api_token
 *   requests    tsm_request, tsm_soap_call, tsm_check, tsm_check_answer
 *   exchanges   tsm_exchange_new, tsm_exchange_tokens, tsm_exchange_body_max,
 *               tsm_exchange_answered, tsm_exchange_again, tsm_exchange_due, tsm_exchange_renew,
 *               tsm_exchange_free
 *   carried     tsm_exchange_request, tsm_exchange_request_again, tsm_exchange_soap_call,
 *               tsm_exchange_head, tsm_exchange_body, tsm_proxy
 *   answers     tsm_response_status, _header, _header_at, _body, _check, _free
 *   errors      tsm_error_status, _code, _message, _token, _http_status, _retryable,
 *               _retry_after_ms, _free; tsm_status_name, tsm_status_retryable
 *   versions    tsm_version, tsm_abi_version
 *
 * TWO TOKENS
 *   The API token proves the application (key and secret) and lives for an hour; the session token
 *   proves the user and lives for 20 minutes after its last use. The platform's page "Getting
 *   Credentials" tells them apart. The library renews the first by the clock or when it is
 *   rejected, the second only when the platform says that it is expired.
 *
 * A CLIENT OF YOUR OWN
 *   A program that has an HTTP client of its own lets an exchange say which tokens to send, what an
 *   answer means, and whether to send again; tsm_request() follows the same rules. Of its functions
 *   only tsm_exchange_renew() may wait.
 *
 *         tsm_exchange *exchange = NULL;
 *         char token[TSM_TOKEN_MAX], api_token[TSM_API_TOKEN_MAX];
 *         int32_t next = TSM_NEXT_SEND;
 *         tsm_status status = tsm_exchange_new(session, url, &exchange, &error);
 *
 *         while (!status && next != TSM_NEXT_DONE) {
 *             status = tsm_exchange_tokens(exchange, token, sizeof token, api_token,
 *                                          sizeof api_token, &next, &error);
 *             if (!status && next == TSM_NEXT_SEND) {
 *                 // Yours: sends "Authorization: Bearer {api_token}" and "VZ-M2M-Token: {token}",
 *                 // or whatever the option session_token_header names.
 *                 http_status = send_it(url, token, api_token, &body, &body_length);
 *                 status = tsm_exchange_answered(exchange, http_status, body, body_length, &next,
 *                                                &error);
 *             }
 *             if (!status && next == TSM_NEXT_RENEW)
 *                 status = tsm_exchange_renew(exchange, NULL, 1, &error);
 *         }
 *         tsm_exchange_free(exchange);
 *
 *   A program that sends many requests keeps its exchanges, and begins the next request with one of
 *   them by tsm_exchange_again(): where that gives 1 it sends the tokens that it has.
 *
 *   A client that carries what tsm_request() would send, with other means (asynchronous, streams),
 *   begins with tsm_exchange_request() instead: it checks and says the whole request.
 *
 *   With TSM_OK at the end the last answer is the program's. Follow no redirect with these headers.
 *
 * CONVENTIONS
 *   Status   Functions that can fail return a tsm_status: TSM_OK, which is 0, or a TSM_E_ number.
 *   Error    They also take `tsm_error **error`, which may be NULL. On success *error is set to
 *            NULL; on failure to an error that belongs to you: read it with tsm_error_*(), free it
 *            with tsm_error_free(). What *error held before is not freed. There is no "last error"
 *            anywhere.
 *   Outputs  On failure a handle that was to be given is NULL, and a buffer is as it was (after
 *            TSM_E_BUFFER_TOO_SMALL it holds ""; never a part of the text).
 *   Strings  UTF-8 with a NUL at the end. NULL or other bytes where a string must be are
 *            TSM_E_INVALID_ARGUMENT.
 *   Buffers  A capacity is in bytes and counts the NUL. TSM_TOKEN_MAX, TSM_API_TOKEN_MAX,
 *            TSM_INFO_MAX and TSM_METRICS_MAX always suffice.
 *   Times    Milliseconds; in events microseconds.
 *   Handles  tsm_config, tsm_call, tsm_session, tsm_exchange, tsm_response and tsm_error are
 *            handles, not memory: NULL, a freed one, one of another kind or any other value gives
 *            TSM_E_INVALID_HANDLE and harms nothing. On a bad handle functions that return text
 *            return "" (headers and bodies NULL), those that return a number 0
 *            (tsm_error_retry_after_ms -1), and tsm_error_status TSM_E_INVALID_HANDLE.
 *   Defects  A defect inside the library gives TSM_E_INTERNAL (or the value for a bad handle) and
 *            never ends the process. Rust's runtime writes one line about it to standard error.
 *
 * OWNERSHIP
 *   You free what you were given: each kind has its function, which takes NULL too and does nothing
 *   the second time. A `const char *` or body that a function returns is borrowed: it lives until
 *   its own response or error is freed, or for ever if the function says static. What you pass in
 *   is only used during the call; tsm_login copies the config.
 *
 * THREADS
 *   Every function may be called from any thread at any time. A session, a config and a call may be
 *   used by many threads at once, and a response be read by many; an exchange and an error are for
 *   one thread at a time. However many threads find a token expired, one login is sent and all
 *   share its outcome. No lock of the library is held while a callback of yours runs; the exchange
 *   of the call that runs it is in use, and refuses. Log lines and events of calls that a callback
 *   makes itself are left out, so that there is an end.
 *
 * WAITING AND CANCELLING
 *   The functions that take a `tsm_call` may use the network and so wait. No other function waits,
 *   but tsm_unblock(), which may wait for the store. None waits longer than `timeout_ms`, or the
 *   call's own timeout, in all. Any of them ends early with TSM_E_CANCELLED by tsm_call_cancel
 *   (this call), its interrupt function (the same, asked on the thread that waits), tsm_cancel (all
 *   of the session, for good) or tsm_free. A login that was sent by then goes on by itself, on a
 *   thread of the library's own, for 30 seconds at most (or `timeout_ms`, or the timeout of the
 *   call that began it, if longer): the platform judges it whether or not anybody waits, and its
 *   outcome must be known. Such threads take no signals and call nothing of yours; they read the
 *   environment (proxies, where certificates are). A process that ends before the answer leaves the
 *   login's fate unknown to the lockout guard.
 *
 * SHUTDOWN
 *   1. Have your threads leave their calls and join them: tsm_call_cancel() on the tsm_call they
 *      share, or tsm_cancel(session) if you will not log out.
 *   2. tsm_logout(session), if the platform should forget the token at once; else it does so 20
 *      minutes after its last use.
 *   3. tsm_free(session), tsm_config_free(config); then whatever your callbacks use.
 *
 *   A host with garbage collection or finalizers may free in any order, from any thread, more than
 *   once and while calls are running: nothing waits and nothing breaks. The library stays loaded
 *   after dlclose() on Linux; elsewhere do not unload it.
 *
 * FORK
 *   A forked child cannot use its parent's sessions: calls on one give TSM_E_FORKED at once, and
 *   freeing it there closes nothing of the parent's. It can make sessions of its own, whatever the
 *   parent's threads were doing at that moment. All other handles work on in both, but exchanges,
 *   which go with their session.
 *
 * SECRETS
 *   Passwords, keys and tokens are in no log line, event, error message, tsm_info() or
 *   tsm_metrics(). The library wipes its own copies when it drops them; copies in the buffers of
 *   the TLS and HTTP code it uses are not wiped. What tsm_token(), tsm_api_token() and their like
 *   copy out is yours to guard and wipe. Tokens go to `base_url` and `soap_url` only: no redirect
 *   is followed, and plain http is refused but to the machine itself.
 *
 * THE ACCOUNT IS NEVER LOCKED
 *   The platform locks a contact after 5 consecutive failed logins, and only its support can unlock
 *   it. So logins are counted before they are sent, in the `store`, for all that share it; a
 *   password that was rejected is not sent again; and before the limit (`max_login_failures`)
 *   everything is TSM_E_LOGIN_BLOCKED, with nothing sent. After a login of unknown fate (no answer,
 *   or a gateway's own: the platform may have judged it) the next leaves 5 seconds later, the one
 *   after that a minute later; calls in between get that failure again, with the time to wait. At
 *   the limit a password that has worked is tried every 15 minutes. After a correction of the
 *   password things go on by themselves. tsm_unblock() is for the person who has made sure that the
 *   account is in order. A store that cannot be used is TSM_E_STORE, with nothing sent.
 *
 * EVENTS
 *   For the callback of tsm_config_set_event(): TSM_EVENT_ and a name in capitals is its `kind`;
 *   the words under it are its `detail`. tsm_metrics() counts them.
 *
 *   login_begun          A login is about to be sent; its slot of the lockout guard is
 *                        taken.
 *   login_ended          It has ended: the detail is its fate, the duration is from sending
 *                        to the answer.
 *     success            The platform gave a token.
 *     rejected           The platform rejected the username or password.
 *     locked             The platform says that the contact is locked.
 *     unknown            No answer, or one that tells nothing: the platform may have counted
 *                        it as a failure.
 *     not_counted        A gateway refused it before the platform saw it.
 *     not_sent           Nothing of it left this machine.
 *   waited               A call or a login waited for another one; the duration is how long.
 *     login              Another call of this session was logging in already, and this one
 *                        shared its outcome.
 *     lease              Another session, process or host held the account's lease.
 *   adopted              A session token that is shared in the store was taken; no login was
 *                        needed.
 *   resent               A request that was refused for a token is sent again with a new
 *                        one.
 *     session_token      The session token was refused and renewed.
 *     api_token          The API token was refused and renewed.
 *   blocked              The lockout guard refused a login, to keep the account from being
 *                        locked.
 *     spacing            It is too early after a login of unknown fate, or the platform
 *                        asked to wait.
 *     rejected_password  The platform rejected this password before.
 *     limit              As many logins as `max_login_failures` failed, or may have.
 *   probe                The login that begins is a probe: no slot is left, but its password
 *                        has worked before, and one is tried every 15 minutes.
 *   store_lost           The store of the lockout guard failed, or lost what it held.
 *     unusable           The store cannot be reached, read or written: no login was sent.
 *     unsaved            What came of a login could not be written: it counts as of unknown
 *                        fate.
 *     damaged            The record could not be read: it counts as one login left at most.
 *     incomplete         The store lost a part of the record, as this host knows: one login
 *                        is left at most.
 *   api_token_fetched    The platform was asked for an API token; the duration is how long
 *                        that took.
 *     success            The platform gave a token.
 *     failure            No token came of it: the status says why.
 *
 * OPTIONS
 *   For tsm_config_set(config, "name", "value", &error). The environment variable of an option is
 *   TSM_ and its name in capitals, for tsm_config_load_env(). Values are text; each line shows what
 *   is accepted, then the default.
 *
 *   protocol              rest, soap; rest
 *       Which session service to log in to.
 *   base_url              https URL; https://thingspace.verizon.com/api
 *       Where the REST API is; the paths of requests are appended. http only for loopback.
 *   soap_url              https URL; https://uws.apps.nphase.com/api/v2
 *       The folder of the .svc services. http only for loopback.
 *   username              text
 *       The contact that logs in.
 *   password              text
 *       Its password.
 *   password_file         path
 *       A file that holds the password instead, read when a login needs it, and once more when the
 *       platform rejected it: it is sent if it has changed by then. One line end is cut off. Others
 *       must not be able to read the file, but on a mount that nobody can write.
 *   api_token             token
 *       A fixed API token, instead of app_key and app_secret. REST only.
 *   api_token_file        path
 *       A file that holds it instead, read as password_file is.
 *   app_key               text without a colon
 *       The application's key, to fetch API tokens with. REST only.
 *   app_secret            text
 *       The application's secret.
 *   app_secret_file       path
 *       A file that holds it instead, read as password_file is.
 *   auto_relogin          true, false; true
 *       Whether a request refused for its session token logs in again and is sent again.
 *   session_token_header  header name; VZ-M2M-Token
 *       The request header that carries the session token; a few of the platform's endpoints want
 *       SessionToken.
 *   store                 memory:, file:, file:DIR, redis://HOST; file:
 *       Where the lockout guard (and a shared token) lives: in this process (memory:), in files for
 *       all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST,
 *       redis+unix:///SOCKET, see docs/many-hosts.md). DIR is absolute; file: alone is the user's
 *       state directory. If the store cannot be used no login is sent: nothing takes its place by
 *       itself.
 *   store_user            text
 *       The user of a store on Redis. Without it the default user's password is asked for.
 *   store_password        text
 *       The password of a store on Redis.
 *   store_password_file   path
 *       A file that holds it instead, read at every new connection. Others must not be able to read
 *       it.
 *   store_seal_key_file   path
 *       A file with the key that seals shared tokens on Redis: 32 random bytes in base64. A second
 *       line may hold the key before it, which opens what is sealed still.
 *   share_token           true, false; false
 *       Whether all sessions of the same account and store use one session token.
 *   realm                 text
 *       The name of the platform behind a private gateway, so that the lockout guard counts for it
 *       and not for the gateway.
 *   max_login_failures    1 to 4; 3
 *       How many logins may have failed, or be of unknown fate, before none is sent any more. The
 *       platform locks at 5.
 *   timeout_ms            1 to 86400000; 30000
 *       The longest a call may take, from start to end.
 *   connect_timeout_ms    1 to 86400000; 10000
 *       The longest a new connection may take, TLS included.
 *   ca_file               path
 *       A PEM file of the root certificates to trust instead of the system's.
 *   proxy                 http URL, none
 *       The HTTP proxy to connect through; none for no proxy at all. Without it HTTPS_PROXY,
 *       ALL_PROXY and NO_PROXY count as they do for curl, but never for loopback.
 *   user_agent            text; thingspace-session/VERSION
 *       The User-Agent header.
 *   max_response_bytes    1 to 1099511627776; 16777216
 *       The longest answer to take; a login's is bounded to 64 KiB.
 */


#ifndef TSM_H
#define TSM_H

/* Generated from src/ffi/ and cbindgen.toml. Change those, then: make generate */

#include <stddef.h>
#include <stdint.h>

/**
 * Enough for what tsm_metrics() writes: bytes, NUL included.
 */
#define TSM_METRICS_MAX 16384

/**
 * A login is about to be sent; its slot of the lockout guard is taken.
 */
#define TSM_EVENT_LOGIN_BEGUN 1

/**
 * It has ended: the detail is its fate, the duration is from sending to the answer.
 */
#define TSM_EVENT_LOGIN_ENDED 2

/**
 * A call or a login waited for another one; the duration is how long.
 */
#define TSM_EVENT_WAITED 3

/**
 * A session token that is shared in the store was taken; no login was needed.
 */
#define TSM_EVENT_ADOPTED 4

/**
 * A request that was refused for a token is sent again with a new one.
 */
#define TSM_EVENT_RESENT 5

/**
 * The lockout guard refused a login, to keep the account from being locked.
 */
#define TSM_EVENT_BLOCKED 6

/**
 * The login that begins is a probe: no slot is left, but its password has worked before, and one is
 * tried every 15 minutes.
 */
#define TSM_EVENT_PROBE 7

/**
 * The store of the lockout guard failed, or lost what it held.
 */
#define TSM_EVENT_STORE_LOST 8

/**
 * The platform was asked for an API token; the duration is how long that took.
 */
#define TSM_EVENT_API_TOKEN_FETCHED 9

/**
 * Enough for any session token: bytes, NUL included.
 */
#define TSM_TOKEN_MAX 128

/**
 * Enough for any API token: bytes, NUL included.
 */
#define TSM_API_TOKEN_MAX 4096

/**
 * Enough for what tsm_info() writes: bytes, NUL included.
 */
#define TSM_INFO_MAX 16384

/**
 * The answer is the caller's.
 */
#define TSM_NEXT_DONE 0

/**
 * Send the request, with the tokens just given.
 */
#define TSM_NEXT_SEND 1

/**
 * Call tsm_exchange_renew(), then tsm_exchange_tokens(), then send.
 */
#define TSM_NEXT_RENEW 2

/**
 * Nothing is to be renewed.
 */
#define TSM_DUE_NOTHING 0

/**
 * An API token is to be fetched, or another fetched in place of the one refused.
 */
#define TSM_DUE_API_TOKEN 1

/**
 * A login is due: the session token was refused, or there was none yet.
 */
#define TSM_DUE_SESSION_TOKEN 2

/**
 * The number of the ABI that this header describes: see tsm_abi_version().
 */
#define TSM_ABI_VERSION 1

/**
 * One call's deadline and cancellation, or that of several. Every function that takes one takes
 * NULL too: the session's own defaults.
 */
typedef struct tsm_call tsm_call;

/**
 * The options of sessions to come.
 */
typedef struct tsm_config tsm_config;

/**
 * One failed call: what happened, what the platform said, what to do. Made by the call that
 * failed, freed by the caller.
 */
typedef struct tsm_error tsm_error;

/**
 * One request that a program sends with an HTTP client of its own, resends included.
 */
typedef struct tsm_exchange tsm_exchange;

/**
 * One answer of the platform: HTTP status, headers, body. It never changes: any number of threads
 * may read it at once.
 */
typedef struct tsm_response tsm_response;

/**
 * A ThingSpace session: a username, a password and the tokens got with them.
 */
typedef struct tsm_session tsm_session;

/**
 * What a call came to: TSM_OK (0) or one of TSM_E_*. A number never changes its meaning; later
 * versions may add numbers, so treat one you do not know as a failure.
 */
typedef int32_t tsm_status;

/**
 * Receives one line of the log: `level` is 1 (error), 2 (warning), 3 (information), 4 (debug) or 5
 * (trace); `message` is UTF-8, `length` bytes and a NUL, valid during the call, without secrets.
 * It may be called from any thread that is in a call of this library, several at once. No lock of
 * the library is held, so it may call the library; what those calls would log is left out. It must
 * return: no longjmp(), no C++ exception.
 */
typedef void (*tsm_log_fn)(int32_t level, const char *message, size_t length, void *context);

/**
 * What happened to a session: one of TSM_EVENT_*. A number never changes its meaning; later
 * versions may add numbers, so pass over one you do not know.
 */
typedef int32_t tsm_event_kind;

/**
 * Something that happened to a session. It is lent to a tsm_event_fn for the length of its call,
 * texts included, and holds no secret.
 */
typedef struct tsm_event {
  /**
   * The size of this struct. Later versions may add fields at its end: one that lies beyond
   * `size` is not there.
   */
  size_t size;
  /**
   * What happened.
   */
  tsm_event_kind kind;
  /**
   * The failure that it was, or came of; TSM_OK if it is none.
   */
  tsm_status status;
  /**
   * The HTTP status of that failure; 0 if there was none.
   */
  int32_t http_status;
  /**
   * How many logins the lockout guard has left, as this session saw last; -1 before it has
   * looked.
   */
  int32_t slots_left;
  /**
   * When it happened, in microseconds since 1970 (UTC); what took time ended then.
   */
  int64_t time_us;
  /**
   * How long it took, in microseconds; -1 where that has no meaning.
   */
  int64_t duration_us;
  /**
   * The name of its kind, e.g. "login_ended". Static.
   */
  const char *name;
  /**
   * What tells it from others of its kind, in a word of the table of events, e.g. "success"; ""
   * for none. Static.
   */
  const char *detail;
  /**
   * The platform's code for the failure; "" if there was none.
   */
  const char *code;
  /**
   * What failed and what to do, for a person; "" if nothing failed.
   */
  const char *message;
} tsm_event;

/**
 * Receives one event. It may be called from any thread that is in a call of this library, several
 * at once, but from no thread of the library's own: what happens on one of those is told by the
 * call that waits for it, else by the next call of the session. So an event may come late, and
 * after a younger one; `time_us` tells. No lock of the library is held, so it may call the
 * library, tsm_free() included; the events of those calls are counted (tsm_metrics()), but not
 * told. It must return: no longjmp(), no C++ exception.
 */
typedef void (*tsm_event_fn)(const tsm_event *event, void *context);

/**
 * Asked at least every 100 ms while a call waits, on the thread that made the call; non-zero
 * cancels the call. It must return soon, and by returning: no longjmp(), no C++ exception. No lock
 * of the library is held, so it may call the library.
 */
typedef int32_t (*tsm_interrupt_fn)(void *context);

/**
 * Success.
 */
#define TSM_OK 0

/**
 * An argument or option is missing, unknown, contradicts another or has a bad value; the message
 * names it. Nothing was sent.
 */
#define TSM_E_INVALID_ARGUMENT 1

/**
 * The session, or another handle, was closed or freed, is NULL, or never was one of its kind.
 */
#define TSM_E_INVALID_HANDLE 2

/**
 * A buffer has no room for the text and its NUL. It holds "" then, if there is room for that.
 */
#define TSM_E_BUFFER_TOO_SMALL 3

/**
 * The platform rejected the username or password. This password is not sent again: correct it, do
 * not retry.
 */
#define TSM_E_CREDENTIALS 10

/**
 * The platform says that the contact is locked. Only Verizon's support can unlock it.
 */
#define TSM_E_LOCKED 11

/**
 * The lockout guard refused a login, to keep the account from being locked. Nothing was sent; the
 * message says why and what to do.
 */
#define TSM_E_LOGIN_BLOCKED 12

/**
 * The platform refused the session token, and logging in again is off, did not help, or came too
 * late for a body that can be sent only once. The error holds that token: log in again with it
 * (which sends nothing where that was done), then make the request again.
 */
#define TSM_E_SESSION_EXPIRED 13

/**
 * No API token is to be had, or the platform rejects it: check app_key and app_secret, or
 * api_token. The error holds the token that was rejected.
 */
#define TSM_E_API_TOKEN 14

/**
 * The session was logged out, or has not logged in yet. Log in to go on.
 */
#define TSM_E_NOT_LOGGED_IN 15

/**
 * Any other error or SOAP fault of the platform. The error holds its code, which the platform's
 * page "Error Messages" explains.
 */
#define TSM_E_PLATFORM 20

/**
 * The platform asks for fewer requests (HTTP 429). Try again later; the error may say when.
 */
#define TSM_E_RATE_LIMITED 21

/**
 * The platform failed (HTTP 5xx) without an error of its own. Try again later; the error may say
 * when.
 */
#define TSM_E_UNAVAILABLE 22

/**
 * The answer is not what the platform documents: malformed, without a token, too large. Check
 * base_url, and what stands between.
 */
#define TSM_E_PROTOCOL 23

/**
 * The platform could not be reached, or the connection broke. What was sent may have been acted on.
 */
#define TSM_E_NETWORK 30

/**
 * The call's time ran out. What was sent may have been acted on.
 */
#define TSM_E_TIMEOUT 31

/**
 * The TLS handshake failed, or the server's certificate is not to be trusted.
 */
#define TSM_E_TLS 32

/**
 * The call or its session was cancelled. What was sent may have been acted on.
 */
#define TSM_E_CANCELLED 33

/**
 * The store cannot be reached, read or written. The message names it and says what to do.
 */
#define TSM_E_STORE 40

/**
 * The session was made before this process was forked. Make a new one in the child.
 */
#define TSM_E_FORKED 41

/**
 * A defect of this library: report it, with the message. The process and other sessions are
 * unharmed.
 */
#define TSM_E_INTERNAL 99

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a config with every option at its default. The caller frees it with tsm_config_free().
 * NULL only when sixteen million are alive.
 */
tsm_config *tsm_config_new(void);

/**
 * Sets one option by name; the table above has them all. What is set here wins over the
 * environment, whichever came first.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED (in a child forked while another thread used this
 * config), TSM_E_INVALID_ARGUMENT (NULL, not UTF-8, no such option (the message names the
 * nearest), or a bad value). What options mean together is checked by tsm_login().
 */
tsm_status tsm_config_set(tsm_config *config,
                          const char *option,
                          const char *value,
                          tsm_error **error);

/**
 * Copies what an option comes to into `buffer`: as it was set, by hand or from the environment,
 * else its default, else "". A secret is not given. It is for wrappers, which need not repeat
 * defaults.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED, TSM_E_INVALID_ARGUMENT (NULL, no such option, or a
 * secret), TSM_E_BUFFER_TOO_SMALL.
 */
tsm_status tsm_config_get(const tsm_config *config,
                          const char *option,
                          char *buffer,
                          size_t capacity,
                          tsm_error **error);

/**
 * Takes every option that the environment sets: TSM_ and the option's name in capitals, e.g.
 * TSM_USERNAME, TSM_BASE_URL. The environment is read now and not again; see that no other thread
 * changes it meanwhile.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED, TSM_E_INVALID_ARGUMENT (a variable has a bad value or
 * is not UTF-8; the message names it).
 */
tsm_status tsm_config_load_env(tsm_config *config, tsm_error **error);

/**
 * Sends the log of this config's sessions to `callback`, up to `max_level`: 0 or less is off, 1
 * error, 2 warning, 3 information, 4 debug, 5 or more trace. A NULL callback is off for good; a
 * level can change later, by tsm_set_log_level(). `context` is handed back as it is.
 *
 * After the config and every session made with it are freed, the callback is not called again; one
 * that is running in another thread at that moment comes to its end. To be sure, free the context
 * after the threads that were in calls have left them.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED (as tsm_config_set()).
 */
tsm_status tsm_config_set_log(tsm_config *config,
                              int32_t max_level,
                              tsm_log_fn callback,
                              void *context);

/**
 * Frees the config; its secrets are wiped. Sessions made with it have copies and go on. NULL is
 * fine; a second time does nothing.
 */
void tsm_config_free(tsm_config *config);

/**
 * Tells `callback` what happens to this config's sessions: logins and what came of them, waits,
 * adopted tokens, resends, refusals of the lockout guard, failures of its store. The table of
 * events above has them all. A NULL callback tells nobody. `context` is handed back as it is.
 *
 * After the config and every session made with it are freed, the callback is not called again; one
 * that is running in another thread at that moment comes to its end. To be sure, free the context
 * after the threads that were in calls have left them.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED (as tsm_config_set()).
 */
tsm_status tsm_config_set_event(tsm_config *config,
                                tsm_event_fn callback,
                                void *context,
                                tsm_error **error);

/**
 * Writes what the session counted into `buffer`, in the text format of Prometheus (to be served as
 * `text/plain; version=0.0.4`): logins by their fate and how long they took, waits, resends,
 * refusals of the lockout guard, and how many logins it has left. TSM_METRICS_MAX bytes suffice.
 * It waits for nothing. No secret is in it. A counter never goes back, a name is never taken away.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL), TSM_E_BUFFER_TOO_SMALL,
 * TSM_E_FORKED.
 */
tsm_status tsm_metrics(const tsm_session *session,
                       char *buffer,
                       size_t capacity,
                       tsm_error **error);

/**
 * Tells the session that a request of the program's waited so long for a login that another one
 * was having done, and shares what came of it. For programs that let one of many renew, as
 * tsm_exchange_due() says: of those that wait outside of this library it knows nothing else. It is
 * counted and told as TSM_EVENT_WAITED, "login", like the waits inside.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED.
 */
tsm_status tsm_waited(const tsm_session *session, uint64_t duration_us, tsm_error **error);

/**
 * Makes a call with nothing set. The caller frees it with tsm_call_free(). NULL only when sixteen
 * million are alive.
 */
tsm_call *tsm_call_new(void);

/**
 * Sets the longest that each function called with this may take, in milliseconds from its start,
 * whatever the network does; then it gives TSM_E_TIMEOUT. It takes the place of the session's
 * option `timeout_ms`, for calls made from now on. 0 is no time at all.
 *
 * Gives TSM_E_INVALID_HANDLE.
 */
tsm_status tsm_call_set_timeout(tsm_call *call, uint64_t timeout_ms);

/**
 * Says how long the calls made with this from now on have waited before, in milliseconds, such as
 * in a queue of the program's own: so much of their time is over when they start. A call that is
 * late names its whole time.
 *
 * Gives TSM_E_INVALID_HANDLE.
 */
tsm_status tsm_call_set_waited(tsm_call *call, uint64_t waited_ms);

/**
 * Sets the function to ask whether to go on, or none with NULL; `context` is handed back as it is.
 * This is how Python answers Ctrl-C: the call ends with TSM_E_CANCELLED and the session stays
 * usable. `context` must live until the functions called with this have returned.
 *
 * Gives TSM_E_INVALID_HANDLE.
 */
tsm_status tsm_call_set_interrupt(tsm_call *call, tsm_interrupt_fn interrupt, void *context);

/**
 * Ends every function running or yet to be called with this `call` with TSM_E_CANCELLED, soon:
 * they notice within 100 ms. From any thread. What was sent before may have been acted on. A login
 * that was sent goes on by itself: others who need a token wait for it and share its outcome.
 *
 * Gives TSM_E_INVALID_HANDLE.
 */
tsm_status tsm_call_cancel(const tsm_call *call);

/**
 * Frees the call. Functions running with it go on with its deadline, without its interrupt
 * function, and can no longer be cancelled by it. NULL is fine; a second time does nothing.
 */
void tsm_call_free(tsm_call *call);

/**
 * Copies the URL of the HTTP proxy that leads to the platform by the option `proxy` and the
 * environment, as they were at the login: for an HTTP client of yours. It may hold a user and a
 * password; they are percent-encoded, and secrets. "" where there is none. 1024 bytes
 * are plenty.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL), TSM_E_BUFFER_TOO_SMALL,
 * TSM_E_FORKED.
 */
tsm_status tsm_proxy(const tsm_session *session, char *buffer, size_t capacity, tsm_error **error);

/**
 * Logs in and makes a session. Use one for the life of the program: the platform's page "Start a
 * Connectivity Management Session" asks to keep a token as long as it works, and locks the contact
 * after five failed logins.
 *
 * The config is copied; change or free it as you like. The caller frees `*session` with
 * tsm_free(). On failure `*session` is NULL. With the option `share_token` a token that is held in
 * the store is adopted, without a login and without proving the password.
 *
 * Gives TSM_E_INVALID_ARGUMENT (an option is missing or contradicts another; nothing was sent),
 * TSM_E_INVALID_HANDLE, TSM_E_CREDENTIALS, TSM_E_LOCKED, TSM_E_LOGIN_BLOCKED, TSM_E_API_TOKEN,
 * TSM_E_PLATFORM, TSM_E_RATE_LIMITED, TSM_E_UNAVAILABLE, TSM_E_PROTOCOL, TSM_E_NETWORK,
 * TSM_E_TIMEOUT, TSM_E_TLS, TSM_E_CANCELLED, TSM_E_STORE, TSM_E_FORKED (as tsm_config_set()).
 */
tsm_status tsm_login(const tsm_config *config,
                     const tsm_call *call,
                     tsm_session **session,
                     tsm_error **error);

/**
 * Makes a session that is not logged in yet: it logs in when a request, or an exchange, first
 * needs it to, or by tsm_relogin(); once, however many threads wait for that. For programs that
 * must start whether or not the platform can be reached. All options are checked now; nothing is
 * sent.
 *
 * Until then tsm_token() gives TSM_E_NOT_LOGGED_IN. Everything else is as with tsm_login().
 *
 * Gives TSM_E_INVALID_ARGUMENT (an option is missing or contradicts another),
 * TSM_E_INVALID_HANDLE, TSM_E_TIMEOUT, TSM_E_TLS, TSM_E_CANCELLED, TSM_E_STORE, TSM_E_FORKED (as
 * tsm_config_set()).
 */
tsm_status tsm_open(const tsm_config *config,
                    const tsm_call *call,
                    tsm_session **session,
                    tsm_error **error);

/**
 * Copies the session token, what the platform calls the VZ-M2M token, into `buffer`; TSM_TOKEN_MAX
 * bytes suffice. For callers who send requests themselves. It touches no network, waits for
 * nothing and takes some 30 ns: ask for each request instead of keeping a copy. It cannot tell
 * whether the platform still takes the token; only the platform's answer does, and an exchange
 * (tsm_exchange_new()) judges that. This is a secret.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL), TSM_E_BUFFER_TOO_SMALL,
 * TSM_E_NOT_LOGGED_IN, TSM_E_FORKED.
 */
tsm_status tsm_token(const tsm_session *session, char *buffer, size_t capacity, tsm_error **error);

/**
 * Copies the API token, what the platform calls the ThingSpace token, into `buffer`;
 * TSM_API_TOKEN_MAX bytes suffice. If it has run out by the clock a new one is fetched first, as
 * the platform's page "Getting Credentials" describes, so this may wait. This is a secret.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL), TSM_E_BUFFER_TOO_SMALL,
 * TSM_E_API_TOKEN, TSM_E_RATE_LIMITED, TSM_E_UNAVAILABLE, TSM_E_PROTOCOL, TSM_E_NETWORK,
 * TSM_E_TIMEOUT, TSM_E_TLS, TSM_E_CANCELLED, TSM_E_FORKED.
 */
tsm_status tsm_api_token(const tsm_session *session,
                         const tsm_call *call,
                         char *buffer,
                         size_t capacity,
                         tsm_error **error);

/**
 * Copies the API token that is held, without waiting and without the network: TSM_E_API_TOKEN when
 * there is none or its time is up, and tsm_api_token() fetches one. TSM_API_TOKEN_MAX bytes
 * suffice. This is a secret.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL, or a SOAP session),
 * TSM_E_BUFFER_TOO_SMALL, TSM_E_API_TOKEN, TSM_E_FORKED.
 */
tsm_status tsm_api_token_held(const tsm_session *session,
                              char *buffer,
                              size_t capacity,
                              tsm_error **error);

/**
 * Gets a new session token, because the platform refused `expired_token`; NULL stands for whatever
 * token is held. This is the "call your Login() method again" of the platform's page "LogIn": call
 * it when the platform said that the token is expired, and only then.
 *
 * If the token held is no longer `expired_token`, another thread has been here already and this
 * returns at once. However many threads call it together, one login is sent and all share its
 * outcome. It also brings a session back after tsm_logout().
 *
 * Gives the errors of tsm_login(), TSM_E_FORKED.
 */
tsm_status tsm_relogin(const tsm_session *session,
                       const tsm_call *call,
                       const char *expired_token,
                       tsm_error **error);

/**
 * Gets a new API token, because the platform refused `rejected_token`; NULL stands for whatever
 * token is held. Compare-first and shared like tsm_relogin(). Failing to renew never drops a token
 * that is still valid.
 *
 * Gives the errors of tsm_api_token(), TSM_E_INVALID_ARGUMENT (`rejected_token` is not UTF-8).
 */
tsm_status tsm_renew_api_token(const tsm_session *session,
                               const tsm_call *call,
                               const char *rejected_token,
                               tsm_error **error);

/**
 * Ends the session at the platform ("End a Connectivity Management Session"). Calls then give
 * TSM_E_NOT_LOGGED_IN until tsm_relogin(). A token shared through a store is ended for all who
 * share it. The handle lives on; free it.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_NOT_LOGGED_IN, TSM_E_SESSION_EXPIRED, TSM_E_API_TOKEN,
 * TSM_E_PLATFORM, TSM_E_RATE_LIMITED, TSM_E_UNAVAILABLE, TSM_E_PROTOCOL, TSM_E_NETWORK,
 * TSM_E_TIMEOUT, TSM_E_TLS, TSM_E_CANCELLED, TSM_E_STORE, TSM_E_FORKED.
 */
tsm_status tsm_logout(const tsm_session *session, const tsm_call *call, tsm_error **error);

/**
 * Ends what the session is doing, for good: network calls that are running, and all later ones,
 * give TSM_E_CANCELLED. From any thread. It waits for nothing and sends nothing; the session at
 * the platform lives on until it expires.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_FORKED.
 */
tsm_status tsm_cancel(const tsm_session *session);

/**
 * Changes how much of the session's log is told, from now on: `max_level` is what
 * tsm_config_set_log() takes. All sessions that were made with the same tsm_config_set_log() share
 * the level.
 *
 * Gives TSM_E_INVALID_HANDLE.
 */
tsm_status tsm_set_log_level(const tsm_session *session, int32_t max_level);

/**
 * Frees the session. It never waits, uses the network or logs out. Calls that are running in other
 * threads end with TSM_E_CANCELLED, later ones with TSM_E_INVALID_HANDLE; the last of them wipes
 * the secrets. In a forked child it only drops the handle: nothing of the parent's is closed. NULL
 * is fine; a second time does nothing.
 */
void tsm_free(tsm_session *session);

/**
 * Writes what the session has done as flat JSON into `buffer`; TSM_INFO_MAX bytes suffice. No
 * secret is in it. Keys are stable and none goes away: `logins`, `login_failures`,
 * `api_token_fetches`, `requests`, `resends`, `store`, `store_lasts` ("for good", or what ends its
 * memory; null before its first use), `session_token_header`, `token_age_ms`, and more. A counter
 * never goes back.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL), TSM_E_BUFFER_TOO_SMALL,
 * TSM_E_FORKED.
 */
tsm_status tsm_info(const tsm_session *session, char *buffer, size_t capacity, tsm_error **error);

/**
 * Forgets what the lockout guard counted for this config's username, and the passwords it saw
 * rejected. For a person who knows that the account is in order again, not for programs to call on
 * TSM_E_LOGIN_BLOCKED: that is how accounts get locked. Logins of unknown fate count on until they
 * are five minutes old, since the platform may still judge them. What was forgotten is told to the
 * log, at the level of information. It sends nothing, and waits for a login under way, as long as
 * `timeout_ms`.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT, TSM_E_TIMEOUT, TSM_E_STORE, TSM_E_FORKED (as
 * tsm_config_set()).
 */
tsm_status tsm_unblock(const tsm_config *config, tsm_error **error);

/**
 * Sends one request with both tokens in its headers and gives the answer, whatever its HTTP
 * status.
 *
 * - `method`: e.g. "GET", "POST".
 * - `path`: what follows `base_url`, starting with one slash, query included:
 *   "/m2m/v1/devices/actions/list". A login is refused: the lockout guard would not count it.
 * - `headers`: NULL, or a list of "Name: value" that ends with NULL. `Authorization`,
 *   `Host`, `Content-Length`, `Transfer-Encoding`, `Expect` and the one of the session token
 *   (option `session_token_header`) are the library's own and may not be given. A body without a
 *   `Content-Type` is `application/json`.
 * - `body`, `body_length`: what to send; NULL and 0 for nothing.
 *
 * When the platform refuses a token, that token is renewed (with `auto_relogin`) and the request
 * sent again, at most once for each of the two tokens. Nothing else is ever sent again. HTTP 4xx
 * and 5xx are answers, not errors, unless they are about the tokens: tsm_response_check() makes
 * errors of them. The caller frees `*response` with tsm_response_free(); on failure it is NULL.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT, TSM_E_SESSION_EXPIRED, TSM_E_API_TOKEN,
 * TSM_E_NOT_LOGGED_IN, TSM_E_PROTOCOL, TSM_E_NETWORK, TSM_E_TIMEOUT, TSM_E_TLS, TSM_E_CANCELLED,
 * TSM_E_FORKED; with `auto_relogin` those of tsm_login() too.
 */
tsm_status tsm_request(const tsm_session *session,
                       const tsm_call *call,
                       const char *method,
                       const char *path,
                       const char *const *headers,
                       const uint8_t *body,
                       size_t body_length,
                       tsm_response **response,
                       tsm_error **error);

/**
 * Calls an operation of a SOAP service (Unified Web Service v2) with the session token in the
 * envelope's header.
 *
 * - `service`: e.g. "DeviceService"; `operation`: e.g. "GetDeviceList".
 * - `body_xml`, `body_length`: what goes into the envelope's Body, UTF-8.
 *
 * Everything else is as with tsm_request(): a fault is an answer unless it is about the token;
 * tsm_response_check() makes an error of it. The platform's page "LogIn" shows the pattern that is
 * followed when a token is expired.
 *
 * Gives the errors of tsm_request().
 */
tsm_status tsm_soap_call(const tsm_session *session,
                         const tsm_call *call,
                         const char *service,
                         const char *operation,
                         const uint8_t *body_xml,
                         size_t body_length,
                         tsm_response **response,
                         tsm_error **error);

/**
 * What does this answer, which an HTTP client of yours got, stand for? TSM_OK when it is a
 * success: a 2xx that is no SOAP fault and no HTML page. Else the error that tsm_response_check()
 * would make of it. A 401 that names neither token is TSM_E_SESSION_EXPIRED: either may be meant.
 * It uses no network and needs no session. What to renew, and whether to send again, an exchange
 * says: tsm_exchange_new().
 *
 * Gives TSM_E_INVALID_ARGUMENT, TSM_E_SESSION_EXPIRED, TSM_E_API_TOKEN, TSM_E_PLATFORM,
 * TSM_E_RATE_LIMITED, TSM_E_UNAVAILABLE, TSM_E_PROTOCOL.
 */
tsm_status tsm_check(int32_t http_status,
                     const uint8_t *body,
                     size_t body_length,
                     tsm_error **error);

/**
 * The same as tsm_check() for an answer whose header `Retry-After` you have: its error says when
 * to try again (tsm_error_retry_after_ms()). `retry_after` is the header's value; NULL is none.
 *
 * Gives the errors of tsm_check().
 */
tsm_status tsm_check_answer(int32_t http_status,
                            const char *retry_after,
                            const uint8_t *body,
                            size_t body_length,
                            tsm_error **error);

/**
 * Begins one request of a program with an HTTP client of its own: the exchange says which tokens
 * to send, what each answer means and what to do next, by the rules that tsm_request() follows.
 * Section A CLIENT OF YOUR OWN above shows the whole of it. It uses no network and waits for
 * nothing.
 *
 * - `url`: where the request goes, or NULL if you know that it goes to the session's `base_url`
 *   (with SOAP `soap_url`) and is no login. Another origin (scheme, host, port) than that is
 *   TSM_E_INVALID_ARGUMENT: tokens go nowhere else. So is, in a REST session, a login of your own,
 *   or a SOAP call, which may be one: the lockout guard would not count it.
 *
 * What is refused is renewed whatever the option `auto_relogin` says: that is about tsm_request().
 * An exchange is for one request and, at any moment, for one thread; a second one inside at the
 * same time gets TSM_E_INVALID_ARGUMENT. It does not keep its session alive: after tsm_free() its
 * functions give TSM_E_INVALID_HANDLE. The caller frees `*exchange` with tsm_exchange_free(). On
 * failure `*exchange` is NULL.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT, TSM_E_FORKED.
 */
tsm_status tsm_exchange_new(const tsm_session *session,
                            const char *url,
                            tsm_exchange **exchange,
                            tsm_error **error);

/**
 * Begins what tsm_request() would send, for an HTTP client of yours to carry: an asynchronous one,
 * or one whose bodies are streams. All that tsm_request() asks of method, path and headers is
 * checked now. Go on as section A CLIENT OF YOUR OWN shows, and send what tsm_exchange_head()
 * says.
 *
 * It differs from tsm_exchange_new() in two things: a refusal is mended as the option
 * `auto_relogin` says, and one that stays is an error of tsm_exchange_answered(), as it is one of
 * tsm_request().
 *
 * - `has_body`: 0 if no body goes with it; else a `Content-Type` is among the headers.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT, TSM_E_FORKED.
 */
tsm_status tsm_exchange_request(const tsm_session *session,
                                const char *method,
                                const char *path,
                                const char *const *headers,
                                int32_t has_body,
                                tsm_exchange **exchange,
                                tsm_error **error);

/**
 * Begins what tsm_soap_call() would send, for an HTTP client of yours to carry, as
 * tsm_exchange_request() does. The method is POST; tsm_exchange_body() gives the envelope.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT, TSM_E_FORKED.
 */
tsm_status tsm_exchange_soap_call(const tsm_session *session,
                                  const char *service,
                                  const char *operation,
                                  const uint8_t *body_xml,
                                  size_t body_length,
                                  tsm_exchange **exchange,
                                  tsm_error **error);

/**
 * Where a request of tsm_exchange_request() or tsm_exchange_soap_call() goes, and its headers but
 * those of the tokens: the URL, then name and value of each header, every one with a NUL behind
 * it. `*length` (if `length` is not NULL) is set to the bytes of all, NULs included. NULL and 0
 * for any other exchange. Send the headers as they are and no others of this meaning, and the URL
 * as it is: not every client leaves a path alone. Borrowed: it lives until the exchange is freed.
 */
const char *tsm_exchange_head(const tsm_exchange *exchange, size_t *length);

/**
 * The body of a request of tsm_exchange_soap_call(), for the tokens that tsm_exchange_tokens()
 * gave: the envelope, with the session token in it. `*length` (if `length` is not NULL) is set to
 * its bytes. NULL and 0 for any other exchange, and before there are tokens. This is a secret.
 * Borrowed: it lives until the next tsm_exchange_tokens(), or until the exchange is freed.
 */
const uint8_t *tsm_exchange_body(const tsm_exchange *exchange, size_t *length);

/**
 * Copies the tokens to send now: the session token for the header that tsm_info() names as
 * `session_token_header` (in SOAP for `token` in the envelope's header), the API token for
 * "Authorization: Bearer …" ("" with SOAP). TSM_TOKEN_MAX and TSM_API_TOKEN_MAX bytes suffice. It
 * never waits and never uses the network. These are secrets.
 *
 * `*next` is TSM_NEXT_SEND, or TSM_NEXT_RENEW when something must be renewed first, such as an API
 * token whose time is up; both buffers then hold "". A request that found no answer, because the
 * network failed, may be sent again with the tokens that this gives then. On failure `*next` is
 * TSM_NEXT_DONE.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (a buffer or `next` is NULL; the request was
 * answered already), TSM_E_BUFFER_TOO_SMALL (both hold "" then), TSM_E_NOT_LOGGED_IN,
 * TSM_E_FORKED.
 */
tsm_status tsm_exchange_tokens(tsm_exchange *exchange,
                               char *session_token,
                               size_t session_token_capacity,
                               char *api_token,
                               size_t api_token_capacity,
                               int32_t *next,
                               tsm_error **error);

/**
 * How many bytes of the body of an answer of this HTTP status tsm_exchange_answered() has to see.
 * 0 is none: the body need not be read before the answer is passed on. Of a longer body pass one
 * byte more than this, or all of it: it then says nothing. It is the same for all exchanges of a
 * session.
 */
size_t tsm_exchange_body_max(const tsm_exchange *exchange, int32_t http_status);

/**
 * Judges the answer to what was sent with the tokens of tsm_exchange_tokens(). It never waits.
 *
 * - `http_status`: from 100 to 999.
 * - `body`, `body_length`: as much of the body as tsm_exchange_body_max() asks for.
 *
 * `*next` is TSM_NEXT_DONE: the answer is the program's, be it good or bad, and the exchange is
 * over; tsm_check() makes an error of it. Or TSM_NEXT_RENEW: a token was refused and another is to
 * be had. On failure `*next` is TSM_NEXT_DONE.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (also when no request is under way),
 * TSM_E_FORKED; for a request of tsm_exchange_request() or tsm_exchange_soap_call() also
 * TSM_E_SESSION_EXPIRED and TSM_E_API_TOKEN, when a refusal stays.
 */
tsm_status tsm_exchange_answered(tsm_exchange *exchange,
                                 int32_t http_status,
                                 const uint8_t *body,
                                 size_t body_length,
                                 int32_t *next,
                                 tsm_error **error);

/**
 * Begins another request with an exchange whose request is over. 1 where the
 * tokens that this exchange gave last are to be sent again: the session holds them still, their
 * time is not up, and an answer has shown that the platform takes them. Send then, with no
 * tsm_exchange_tokens() before; tsm_exchange_answered() is for answers of which
 * tsm_exchange_body_max() asks for a byte, and may be left out for all others. 0 in any other
 * case, and of a bad handle: make another exchange.
 *
 * So a program that keeps its exchanges asks one thing for nearly every request. The request must
 * go where the one before went, and be no login: no URL is looked at. Make another exchange for a
 * URL with a percent sign, "login" or ".svc" in it. An exchange of tsm_exchange_request() begins
 * the very same request once more; 0 where the log wants a line of each answer. One of
 * tsm_exchange_soap_call() gives 0. It never waits.
 */
int32_t tsm_exchange_again(tsm_exchange *exchange);

/**
 * Begins another request of the session's own with an exchange of tsm_exchange_request() whose
 * request is over, as tsm_exchange_again() does: 1 where it is to be sent with the tokens that
 * this exchange gave last. tsm_exchange_head() then says the rest. 0 also where something is wrong
 * with the request: tsm_exchange_request() says what. It never waits.
 *
 * The arguments are those of tsm_exchange_request().
 */
int32_t tsm_exchange_request_again(tsm_exchange *exchange,
                                   const char *method,
                                   const char *path,
                                   const char *const *headers,
                                   int32_t has_body);

/**
 * What tsm_exchange_renew() would do now: TSM_DUE_API_TOKEN, TSM_DUE_SESSION_TOKEN, or
 * TSM_DUE_NOTHING. Where many requests wait for the same, a program can let one of them renew and
 * the others wait for that: their own tsm_exchange_renew() then takes what is there, and
 * tsm_waited() counts their wait for a session token.
 */
int32_t tsm_exchange_due(const tsm_exchange *exchange);

/**
 * Does what is due after TSM_NEXT_RENEW: fetches an API token, renews the one that was refused, or
 * logs in again as tsm_relogin() does. Each token is renewed at most once for a request; one that
 * somebody else has renewed meanwhile is taken as it is. This may wait. After a failure it may be
 * called again.
 *
 * - `can_resend`: 0 if the request's body cannot be sent twice. Everything that may be at fault is
 *   renewed then, and the refusal itself is the error: TSM_E_SESSION_EXPIRED or TSM_E_API_TOKEN,
 *   with the token that was refused and the platform's code, retryable. Make the request again
 *   with a fresh body. An API token that is only fetched before the first sending is no refusal.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (nothing is due), TSM_E_SESSION_EXPIRED,
 * TSM_E_NOT_LOGGED_IN (a logout is not undone), TSM_E_FORKED, and the errors of tsm_login().
 */
tsm_status tsm_exchange_renew(tsm_exchange *exchange,
                              const tsm_call *call,
                              int32_t can_resend,
                              tsm_error **error);

/**
 * Frees the exchange; at any time, whatever became of its session. A call that is running with it
 * comes to its end. NULL is fine; a second time does nothing.
 */
void tsm_exchange_free(tsm_exchange *exchange);

/**
 * The HTTP status, e.g. 200.
 */
int32_t tsm_response_status(const tsm_response *response);

/**
 * The value of the first header of that name, in any case; NULL if there is none or `name` is
 * NULL. Borrowed: it lives until the response is freed.
 */
const char *tsm_response_header(const tsm_response *response, const char *name);

/**
 * Name and value of the header at `index`, counted from 0 in the order they came. Past the last it
 * gives TSM_E_INVALID_ARGUMENT and sets both to NULL: that ends a loop. Both are borrowed: they
 * live until the response is freed.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (no such index; `name` or `value` is NULL).
 */
tsm_status tsm_response_header_at(const tsm_response *response,
                                  size_t index,
                                  const char **name,
                                  const char **value);

/**
 * All headers at once, for bindings: name, NUL, value, NUL of the first, of the second, and so on
 * in the order they came; their length together in `*length` unless `length` is NULL. No name and
 * no value holds a NUL. Never NULL but on a bad handle, which gives NULL and 0. Borrowed: it lives
 * until the response is freed.
 */
const char *tsm_response_headers(const tsm_response *response, size_t *length);

/**
 * The body, and its length in bytes in `*length` unless `length` is NULL. A NUL follows it that
 * does not count. An empty body has length 0 and is not NULL. On a bad handle NULL and 0.
 * Borrowed: it lives until the response is freed.
 */
const uint8_t *tsm_response_body(const tsm_response *response, size_t *length);

/**
 * Makes a typed error of an answer that is one: anything but 2xx, or a SOAP fault. A 2xx answer of
 * JSON is always a success, whatever its body says.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_SESSION_EXPIRED, TSM_E_API_TOKEN, TSM_E_PLATFORM,
 * TSM_E_RATE_LIMITED, TSM_E_UNAVAILABLE, TSM_E_PROTOCOL.
 */
tsm_status tsm_response_check(const tsm_response *response, tsm_error **error);

/**
 * Frees the response and all that is borrowed from it. NULL is fine; a second time does nothing.
 */
void tsm_response_free(tsm_response *response);

/**
 * What kind of error it is: the status that the call returned. TSM_E_INVALID_HANDLE for anything
 * that is no error.
 */
tsm_status tsm_error_status(const tsm_error *error);

/**
 * The platform's errorCode or SOAP faultcode exactly as it was sent, e.g.
 * "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"; "" if there was none. Codes may or may
 * not start with the name of a service: look for the part you mean with strstr(), as the
 * platform's page "LogIn" does. Borrowed: it lives until the error is freed.
 */
const char *tsm_error_code(const tsm_error *error);

/**
 * What happened and what to do, for a person, in English; without secrets. Not for programs: the
 * wording changes. Borrowed: it lives until the error is freed.
 */
const char *tsm_error_message(const tsm_error *error);

/**
 * Copies the token that was refused into `buffer`: pass it on to tsm_relogin() after
 * TSM_E_SESSION_EXPIRED (TSM_TOKEN_MAX bytes suffice), or to tsm_renew_api_token() after
 * TSM_E_API_TOKEN (TSM_API_TOKEN_MAX). It is "" when no token was refused. This is a secret; wipe
 * it after use.
 *
 * Gives TSM_E_INVALID_HANDLE, TSM_E_INVALID_ARGUMENT (`buffer` is NULL), TSM_E_BUFFER_TOO_SMALL.
 */
tsm_status tsm_error_token(const tsm_error *error, char *buffer, size_t capacity);

/**
 * Whether a call that failed so may succeed later without a change, as far as the status alone
 * tells: for failures of an HTTP client of yours, which the library made no error of. 1 or 0.
 */
int32_t tsm_status_retryable(tsm_status status);

/**
 * The HTTP status of the answer behind the error; 0 if there was no answer.
 */
int32_t tsm_error_http_status(const tsm_error *error);

/**
 * 1 if the same call may succeed later without anything being changed, else 0. It says nothing
 * about whether the request was acted on: think before you repeat one that is not idempotent.
 */
int32_t tsm_error_retryable(const tsm_error *error);

/**
 * How long to wait before trying again, in milliseconds; -1 if nobody said. The library never
 * waits by itself.
 */
int64_t tsm_error_retry_after_ms(const tsm_error *error);

/**
 * Frees the error and all text borrowed from it. NULL is fine; a second time does nothing.
 */
void tsm_error_free(tsm_error *error);

/**
 * The name of a status, e.g. "TSM_E_TIMEOUT"; "TSM_OK" for 0, "TSM_E_UNKNOWN" for a number this
 * version does not know. Never NULL; static.
 */
const char *tsm_status_name(tsm_status status);

/**
 * The version of the library, e.g. "0.1.0". Never NULL; static. Thread-safe.
 */
const char *tsm_version(void);

/**
 * The number of the library's ABI. It changes only when a program built against an older header
 * could break. A wrapper that loads the library at run time compares it with TSM_ABI_VERSION
 * first. Thread-safe.
 */
uint32_t tsm_abi_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TSM_H */

// Made by `make generate` from the tables in Rust: change those.

package thingspace.session;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;

/** A setter for each option. */
abstract class OptionSetters {
    /** The options that no text of ours may show. */
    static final Set<String> SECRETS = Set.of(
            "password", "api_token", "app_secret", "store_password", "proxy");

    OptionSetters() {}

    /** Takes an option by its name in the library. */
    abstract SessionOptions.Builder set(String option, String value);

    /**
     * Which session service to log in to.
     *
     * @param protocol {@code TSM_PROTOCOL} in the environment: rest, soap; default {@code rest}
     * @return this
     */
    public SessionOptions.Builder protocol(Protocol protocol) {
        return set("protocol", text(protocol));
    }

    /**
     * Where the REST API is; the paths of requests are appended. http only for loopback.
     *
     * @param baseUrl {@code TSM_BASE_URL} in the environment: https URL; default {@code
     * https://thingspace.verizon.com/api}
     * @return this
     */
    public SessionOptions.Builder baseUrl(String baseUrl) {
        return set("base_url", baseUrl);
    }

    /**
     * The folder of the .svc services. http only for loopback.
     *
     * @param soapUrl {@code TSM_SOAP_URL} in the environment: https URL; default {@code
     * https://uws.apps.nphase.com/api/v2}
     * @return this
     */
    public SessionOptions.Builder soapUrl(String soapUrl) {
        return set("soap_url", soapUrl);
    }

    /**
     * The contact that logs in.
     *
     * @param username {@code TSM_USERNAME} in the environment: text
     * @return this
     */
    public SessionOptions.Builder username(String username) {
        return set("username", username);
    }

    /**
     * Its password.
     *
     * @param password {@code TSM_PASSWORD} in the environment: text
     * @return this
     */
    public SessionOptions.Builder password(String password) {
        return set("password", password);
    }

    /**
     * A file that holds the password instead, read when a login needs it, and once more when the
     * platform rejected it: it is sent if it has changed by then. One line end is cut off. Others
     * must not be able to read the file, but on a mount that nobody can write.
     *
     * @param passwordFile {@code TSM_PASSWORD_FILE} in the environment: path
     * @return this
     */
    public SessionOptions.Builder passwordFile(Path passwordFile) {
        return set("password_file", passwordFile.toString());
    }

    /**
     * A fixed API token, instead of app_key and app_secret. REST only.
     *
     * @param apiToken {@code TSM_API_TOKEN} in the environment: token
     * @return this
     */
    public SessionOptions.Builder apiToken(String apiToken) {
        return set("api_token", apiToken);
    }

    /**
     * A file that holds it instead, read as password_file is.
     *
     * @param apiTokenFile {@code TSM_API_TOKEN_FILE} in the environment: path
     * @return this
     */
    public SessionOptions.Builder apiTokenFile(Path apiTokenFile) {
        return set("api_token_file", apiTokenFile.toString());
    }

    /**
     * The application's key, to fetch API tokens with. REST only.
     *
     * @param appKey {@code TSM_APP_KEY} in the environment: text without a colon
     * @return this
     */
    public SessionOptions.Builder appKey(String appKey) {
        return set("app_key", appKey);
    }

    /**
     * The application's secret.
     *
     * @param appSecret {@code TSM_APP_SECRET} in the environment: text
     * @return this
     */
    public SessionOptions.Builder appSecret(String appSecret) {
        return set("app_secret", appSecret);
    }

    /**
     * A file that holds it instead, read as password_file is.
     *
     * @param appSecretFile {@code TSM_APP_SECRET_FILE} in the environment: path
     * @return this
     */
    public SessionOptions.Builder appSecretFile(Path appSecretFile) {
        return set("app_secret_file", appSecretFile.toString());
    }

    /**
     * Whether a request refused for its session token logs in again and is sent again.
     *
     * @param autoRelogin {@code TSM_AUTO_RELOGIN} in the environment: true, false; default {@code
     * true}
     * @return this
     */
    public SessionOptions.Builder autoRelogin(boolean autoRelogin) {
        return set("auto_relogin", String.valueOf(autoRelogin));
    }

    /**
     * The request header that carries the session token; a few of the platform's endpoints want
     * SessionToken.
     *
     * @param sessionTokenHeader {@code TSM_SESSION_TOKEN_HEADER} in the environment: header name;
     * default {@code VZ-M2M-Token}
     * @return this
     */
    public SessionOptions.Builder sessionTokenHeader(String sessionTokenHeader) {
        return set("session_token_header", sessionTokenHeader);
    }

    /**
     * Where the lockout guard (and a shared token) lives: in this process (memory:), in files for
     * all processes of this host, or on Redis or Valkey for many hosts (rediss://HOST,
     * redis+unix:///SOCKET, see docs/many-hosts.md). DIR is absolute; file: alone is the user's
     * state directory. If the store cannot be used no login is sent: nothing takes its place by
     * itself.
     *
     * @param store {@code TSM_STORE} in the environment: memory:, file:, file:DIR, redis://HOST;
     * default {@code file:}
     * @return this
     */
    public SessionOptions.Builder store(String store) {
        return set("store", store);
    }

    /**
     * The user of a store on Redis. Without it the default user's password is asked for.
     *
     * @param storeUser {@code TSM_STORE_USER} in the environment: text
     * @return this
     */
    public SessionOptions.Builder storeUser(String storeUser) {
        return set("store_user", storeUser);
    }

    /**
     * The password of a store on Redis.
     *
     * @param storePassword {@code TSM_STORE_PASSWORD} in the environment: text
     * @return this
     */
    public SessionOptions.Builder storePassword(String storePassword) {
        return set("store_password", storePassword);
    }

    /**
     * A file that holds it instead, read at every new connection. Others must not be able to read
     * it.
     *
     * @param storePasswordFile {@code TSM_STORE_PASSWORD_FILE} in the environment: path
     * @return this
     */
    public SessionOptions.Builder storePasswordFile(Path storePasswordFile) {
        return set("store_password_file", storePasswordFile.toString());
    }

    /**
     * A file with the key that seals shared tokens on Redis: 32 random bytes in base64. A second
     * line may hold the key before it, which opens what is sealed still.
     *
     * @param storeSealKeyFile {@code TSM_STORE_SEAL_KEY_FILE} in the environment: path
     * @return this
     */
    public SessionOptions.Builder storeSealKeyFile(Path storeSealKeyFile) {
        return set("store_seal_key_file", storeSealKeyFile.toString());
    }

    /**
     * Whether all sessions of the same account and store use one session token.
     *
     * @param shareToken {@code TSM_SHARE_TOKEN} in the environment: true, false; default {@code
     * false}
     * @return this
     */
    public SessionOptions.Builder shareToken(boolean shareToken) {
        return set("share_token", String.valueOf(shareToken));
    }

    /**
     * The name of the platform behind a private gateway, so that the lockout guard counts for it
     * and not for the gateway.
     *
     * @param realm {@code TSM_REALM} in the environment: text
     * @return this
     */
    public SessionOptions.Builder realm(String realm) {
        return set("realm", realm);
    }

    /**
     * How many logins may have failed, or be of unknown fate, before none is sent any more. The
     * platform locks at 5.
     *
     * @param maxLoginFailures {@code TSM_MAX_LOGIN_FAILURES} in the environment: 1 to 4; default
     * {@code 3}
     * @return this
     */
    public SessionOptions.Builder maxLoginFailures(int maxLoginFailures) {
        return set("max_login_failures", String.valueOf(maxLoginFailures));
    }

    /**
     * The longest a call may take, from start to end.
     *
     * @param timeout {@code TSM_TIMEOUT_MS} in the environment: milliseconds there, 1 to 86400000;
     * default {@code 30000}
     * @return this
     */
    public SessionOptions.Builder timeout(Duration timeout) {
        return set("timeout_ms", milliseconds("timeout", timeout));
    }

    /**
     * The longest a new connection may take, TLS included.
     *
     * @param connectTimeout {@code TSM_CONNECT_TIMEOUT_MS} in the environment: milliseconds there,
     * 1 to 86400000; default {@code 10000}
     * @return this
     */
    public SessionOptions.Builder connectTimeout(Duration connectTimeout) {
        return set("connect_timeout_ms", milliseconds("connectTimeout", connectTimeout));
    }

    /**
     * A PEM file of the root certificates to trust instead of the system's.
     *
     * @param caFile {@code TSM_CA_FILE} in the environment: path
     * @return this
     */
    public SessionOptions.Builder caFile(Path caFile) {
        return set("ca_file", caFile.toString());
    }

    /**
     * The HTTP proxy to connect through; none for no proxy at all. Without it HTTPS_PROXY,
     * ALL_PROXY and NO_PROXY count as they do for curl, but never for loopback.
     *
     * @param proxy {@code TSM_PROXY} in the environment: http URL, none
     * @return this
     */
    public SessionOptions.Builder proxy(String proxy) {
        return set("proxy", proxy);
    }

    /**
     * The User-Agent header.
     *
     * @param userAgent {@code TSM_USER_AGENT} in the environment: text; default {@code
     * thingspace-session/VERSION}
     * @return this
     */
    public SessionOptions.Builder userAgent(String userAgent) {
        return set("user_agent", userAgent);
    }

    /**
     * The longest answer to take; a login's is bounded to 64 KiB.
     *
     * @param maxResponseBytes {@code TSM_MAX_RESPONSE_BYTES} in the environment: 1 to
     * 1099511627776; default {@code 16777216}
     * @return this
     */
    public SessionOptions.Builder maxResponseBytes(long maxResponseBytes) {
        return set("max_response_bytes", String.valueOf(maxResponseBytes));
    }

    private static String text(Enum<?> word) {
        return word.name().toLowerCase(Locale.ROOT);
    }

    /** Whole milliseconds; what is shorter than one is one, and never none. */
    private static String milliseconds(String option, Duration time) {
        if (time.isNegative() || time.isZero() || time.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException(
                    option + ": must be from a millisecond to a day, not " + time);
        }
        return String.valueOf(time.plusNanos(999_999).toMillis());
    }
}

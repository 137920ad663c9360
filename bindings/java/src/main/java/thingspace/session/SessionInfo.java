package thingspace.session;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What a session did so far, at one moment. It holds no secret. A count never goes back. */
public final class SessionInfo {
    private final String json;
    private final Map<String, String> values;

    /**
     * Reads what a session says of itself; a program's tests may make it of their own.
     *
     * @param json the library's JSON: an object of texts, numbers and truths
     * @throws IllegalArgumentException if it is something else
     */
    public SessionInfo(String json) {
        this.json = Objects.requireNonNull(json, "json");
        values = Collections.unmodifiableMap(new FlatJson(json).read());
    }

    /**
     * Everything the library says, by the library's keys; numbers and truths as text. What is null
     * in the JSON is left out.
     *
     * @return the values; it cannot be changed
     */
    public Map<String, String> values() {
        return values;
    }

    /**
     * The same as the library's JSON.
     *
     * @return the text
     */
    public String json() {
        return json;
    }

    /**
     * Logins that succeeded.
     *
     * @return their number
     */
    public long logins() {
        return count("logins");
    }

    /**
     * Logins that failed.
     *
     * @return their number
     */
    public long loginFailures() {
        return count("login_failures");
    }

    /**
     * API tokens fetched.
     *
     * @return their number
     */
    public long apiTokenFetches() {
        return count("api_token_fetches");
    }

    /**
     * Requests and SOAP calls sent for the program.
     *
     * @return their number
     */
    public long requests() {
        return count("requests");
    }

    /**
     * Requests sent again with a renewed token.
     *
     * @return their number
     */
    public long resends() {
        return count("resends");
    }

    /**
     * Where the lockout guard's count is kept.
     *
     * @return the store's name
     */
    public String store() {
        return values.getOrDefault("store", "");
    }

    /**
     * How long the store remembers: {@code for good}, or what ends its memory.
     *
     * @return the library's words; none before its first use
     */
    public Optional<String> storeLasts() {
        return Optional.ofNullable(values.get("store_lasts"));
    }

    /**
     * How long ago the session token was got.
     *
     * @return the time; none when there is no token
     */
    public Optional<Duration> tokenAge() {
        return Optional.ofNullable(values.get("token_age_ms")).map(Long::valueOf)
                .map(Duration::ofMillis);
    }

    /** The library's JSON. */
    @Override
    public String toString() {
        return json;
    }

    private long count(String key) {
        return Long.parseLong(values.getOrDefault(key, "0"));
    }

    /** Reads an object of texts, numbers, truths and nulls. */
    private static final class FlatJson {
        private final String text;
        private int at;

        FlatJson(String text) {
            this.text = text;
        }

        Map<String, String> read() {
            Map<String, String> values = new LinkedHashMap<>();
            expect('{');
            if (next() != '}') {
                do {
                    String key = string();
                    expect(':');
                    String value = next() == '"' ? string() : word();
                    if (!value.equals("null")) {
                        values.put(key, value);
                    }
                } while (accept(','));
            }
            expect('}');
            return values;
        }

        private String string() {
            expect('"');
            StringBuilder value = new StringBuilder();
            for (char c = take(); c != '"'; c = take()) {
                value.append(c == '\\' ? escaped() : c);
            }
            return value.toString();
        }

        private char escaped() {
            char c = take();
            return switch (c) {
                case 'b' -> '\b';
                case 'f' -> '\f';
                case 'n' -> '\n';
                case 'r' -> '\r';
                case 't' -> '\t';
                case 'u' -> {
                    at += 4;
                    yield (char) Integer.parseInt(text, at - 4, require(at), 16);
                }
                default -> c;
            };
        }

        private String word() {
            int start = at;
            while (",} \n\r\t".indexOf(text.charAt(require(at))) < 0) {
                at++;
            }
            return text.substring(start, at);
        }

        private char next() {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
                at++;
            }
            return text.charAt(require(at));
        }

        private boolean accept(char c) {
            if (next() != c) {
                return false;
            }
            at++;
            next();
            return true;
        }

        private void expect(char c) {
            if (next() != c) {
                throw broken();
            }
            at++;
        }

        private char take() {
            return text.charAt(require(at++));
        }

        private int require(int index) {
            if (index >= text.length()) {
                throw broken();
            }
            return index;
        }

        private IllegalArgumentException broken() {
            return new IllegalArgumentException("no flat JSON, at character " + at);
        }
    }
}

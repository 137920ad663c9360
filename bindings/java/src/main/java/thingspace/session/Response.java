package thingspace.session;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** One answer of the platform: HTTP status, headers, body. */
public final class Response {
    private final int status;
    private final Map<String, List<String>> headers;
    private final byte[] body;

    /**
     * Makes an answer, for a program's tests.
     *
     * @param status the HTTP status
     * @param headers the headers
     * @param body the body; it is not copied
     */
    public Response(int status, Map<String, List<String>> headers, byte[] body) {
        this.status = status;
        Map<String, List<String>> copy = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        headers.forEach((name, values) -> copy.put(name, List.copyOf(values)));
        this.headers = Collections.unmodifiableMap(copy);
        this.body = Objects.requireNonNull(body, "body");
    }

    /** Reads and frees a native answer. */
    static Response take(long response) {
        try (Scratch scratch = new Scratch()) {
            long start = Functions.tsm_response_headers(response, scratch.out());
            Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            byte[] block = Bridge.read(start, Math.toIntExact(scratch.given()));
            for (int at = 0; at < block.length; ) {
                int nameEnd = end(block, at);
                int valueEnd = end(block, nameEnd + 1);
                headers.computeIfAbsent(text(block, at, nameEnd), name -> new ArrayList<>(1))
                        .add(text(block, nameEnd + 1, valueEnd));
                at = valueEnd + 1;
            }
            long bytes = Functions.tsm_response_body(response, scratch.out());
            long length = scratch.given();
            if (length > Integer.MAX_VALUE - 8) {
                throw new OutOfMemoryError("an answer of " + length + " bytes fits into no array");
            }
            return new Response(
                    Functions.tsm_response_status(response), headers,
                    Bridge.read(bytes, (int) length));
        } finally {
            Functions.tsm_response_free(response);
        }
    }

    /**
     * The HTTP status.
     *
     * @return e.g. 200
     */
    public int status() {
        return status;
    }

    /**
     * Whether the answer is a success: a 2xx that is neither a SOAP fault nor an HTML page.
     *
     * @return whether {@link #ensureSuccess()} would throw nothing
     */
    public boolean isSuccess() {
        try {
            ensureSuccess();
            return true;
        } catch (ThingSpaceException e) {
            return false;
        }
    }

    /**
     * Throws when the answer is an error.
     *
     * @return this answer
     * @throws ThingSpaceException what the platform had against the request
     */
    public Response ensureSuccess() {
        Session.check(status, header("Retry-After"), body);
        return this;
    }

    /**
     * The first value of a header.
     *
     * @param name its name, in any case
     * @return the value; none if there is no such header
     */
    public Optional<String> header(String name) {
        return headers.getOrDefault(name, List.of()).stream().findFirst();
    }

    /**
     * All headers, by names in any case.
     *
     * @return the headers; it cannot be changed
     */
    public Map<String, List<String>> headers() {
        return headers;
    }

    /**
     * The body. It is the answer's own array and no copy.
     *
     * @return the bytes; empty if there was none
     */
    public byte[] body() {
        return body;
    }

    /**
     * The body as text, in the character set that its {@code Content-Type} names, else UTF-8.
     *
     * @return the text
     */
    public String text() {
        return new String(body, charset());
    }

    /** The status and the length of the body. */
    @Override
    public String toString() {
        return "Response[" + status + ", " + body.length + " bytes]";
    }

    private Charset charset() {
        String[] parameters = header("Content-Type").orElse("").split(";");
        return Arrays.stream(parameters)
                .skip(1)
                .map(String::strip)
                .filter(parameter -> parameter.regionMatches(true, 0, "charset=", 0, 8))
                .map(parameter -> parameter.substring(8).replace("\"", ""))
                .map(Response::named)
                .findFirst()
                .orElse(StandardCharsets.UTF_8);
    }

    private static Charset named(String name) {
        try {
            return Charset.forName(name);
        } catch (IllegalArgumentException e) {
            return StandardCharsets.UTF_8;
        }
    }

    private static int end(byte[] block, int from) {
        int at = from;
        while (block[at] != 0) {
            at++;
        }
        return at;
    }

    private static String text(byte[] block, int from, int to) {
        return new String(block, from, to - from, StandardCharsets.UTF_8);
    }
}

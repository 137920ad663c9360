package thingspace.session;

/** The tokens that a request is sent with. They are secrets. */
public final class RequestTokens {
    // Transient: what writes objects by their fields leaves them out.
    private final transient String sessionToken;
    private final transient String apiToken;

    RequestTokens(String sessionToken, String apiToken) {
        this.sessionToken = sessionToken;
        this.apiToken = apiToken;
    }

    /**
     * The session token, for the header that {@link Session#sessionTokenHeader()} names; in SOAP
     * for {@code token} in the envelope's header.
     *
     * @return the token
     */
    public String sessionToken() {
        return sessionToken;
    }

    /**
     * The API token, for the header {@code Authorization} behind {@code Bearer}.
     *
     * @return the token; empty with SOAP
     */
    public String apiToken() {
        return apiToken;
    }

    /** Says nothing of the tokens. */
    @Override
    public String toString() {
        return "RequestTokens[***]";
    }
}

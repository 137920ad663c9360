/**
 * Keeps a Verizon ThingSpace session alive for a program. Over {@code java.lang.foreign} on Java 22
 * and later; on 17 to 21 over JNA, whose module {@code com.sun.jna} must be there then.
 */
@SuppressWarnings("requires-automatic") // JNA's jar has a descriptor only in its jna-jpms form.
module thingspace.session {
    requires transitive java.net.http;
    requires static com.sun.jna;

    exports thingspace.session;
}

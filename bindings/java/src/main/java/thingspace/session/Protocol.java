// Made by `make generate` from the tables in Rust: change those.

package thingspace.session;

/** Which session service to log in to. */
public enum Protocol {
    /** {@code rest} */
    REST,

    /** {@code soap} */
    SOAP
}

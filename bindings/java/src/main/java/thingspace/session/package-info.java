/**
 * Keeps a Verizon ThingSpace Connectivity Management session alive for a program: {@link
 * thingspace.session.Session} logs in once, hands out the session token, logs in again only when
 * the platform says that the token expired, and sends again what was refused for it. It never lets
 * the account be locked.
 *
 * <p>Nothing in this package is ever null, neither given nor taken: what may be absent is an {@link
 * java.util.Optional}, or has a method without it. A null argument is a {@link
 * NullPointerException}.
 *
 * <p>The native library is looked for in this order: the file that the system property {@code
 * thingspace.library} or the environment variable {@code TSM_LIBRARY} names; the folders of {@code
 * java.library.path}; the folder of the jar; the jar itself, which holds it for the usual systems.
 * If there is none, the first use throws an {@link UnsatisfiedLinkError} that says what to do.
 *
 * <p>On Java 24 and later the runtime warns of native code unless the program is started with
 * {@code --enable-native-access=thingspace.session} (on the module path) or {@code
 * --enable-native-access=ALL-UNNAMED} (on the class path).
 */
package thingspace.session;

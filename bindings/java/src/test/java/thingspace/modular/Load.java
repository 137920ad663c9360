package thingspace.modular;

import thingspace.session.Session;

/** Uses the module from outside: no package is in a module and on the class path. */
public final class Load {
    private Load() {}

    public static void main(String[] arguments) {
        Session.check(200, new byte[0]);
        System.out.println("0");
    }
}

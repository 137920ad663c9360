package thingspace.session;

import com.sun.jna.CallbackProxy;
import com.sun.jna.CallbackReference;
import com.sun.jna.Pointer;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * A native function of JNA's that leads into this package without holding it. JNA keeps every
 * callback, and its class, for ever, which would keep this package's class loader. So what it gets
 * is made of the classes of JNA and of Java alone, and finds its target by a weak reference; when
 * the target is gone it serves another.
 */
final class Trampoline {
    private static final List<Trampoline> ALL = new ArrayList<>();

    private final AtomicReference<WeakReference<InvocationHandler>> target =
            new AtomicReference<>();
    private final Class<?>[] parameters;
    private final long address;

    private Trampoline(InvocationHandler first, Class<?>[] parameters) {
        this.parameters = parameters;
        target.set(new WeakReference<>(first));
        InvocationHandler toTarget =
                MethodHandleProxies.asInterfaceInstance(InvocationHandler.class, toTarget(target));
        CallbackProxy callback = (CallbackProxy) Proxy.newProxyInstance(
                CallbackProxy.class.getClassLoader(), new Class<?>[] {CallbackProxy.class},
                toTarget);
        address = Pointer.nativeValue(CallbackReference.getFunctionPointer(callback));
    }

    /** A function that calls this target for as long as what it gives is there. */
    static Bridge.Stub to(Consumer<Object[]> target, Class<?>... parameters) {
        InvocationHandler handler =
                (proxy, method, arguments) -> answer(target, parameters, proxy, method, arguments);
        synchronized (ALL) {
            for (Trampoline one : ALL) {
                if (one.target.get().get() == null && Arrays.equals(one.parameters, parameters)) {
                    one.target.set(new WeakReference<>(handler));
                    return new Bridge.Stub(one.address, handler);
                }
            }
            Trampoline one = new Trampoline(handler, parameters);
            ALL.add(one);
            return new Bridge.Stub(one.address, handler);
        }
    }

    private static Object answer(
            Consumer<Object[]> target, Class<?>[] parameters, Object proxy, Method method,
            Object[] arguments) {
        return switch (method.getName()) {
            case "callback" -> {
                target.accept((Object[]) arguments[0]);
                yield null;
            }
            case "getParameterTypes" -> parameters.clone();
            case "getReturnType" -> void.class;
            case "hashCode" -> System.identityHashCode(proxy);
            case "equals" -> proxy == arguments[0];
            default -> Trampoline.class.getName();
        };
    }

    /** {@code (proxy, method, arguments) -> target.get().get().invoke(proxy, method, arguments)} */
    private static MethodHandle toTarget(
            AtomicReference<WeakReference<InvocationHandler>> target) {
        MethodHandles.Lookup lookup = MethodHandles.publicLookup();
        try {
            MethodHandle get = lookup
                    .findVirtual(
                            AtomicReference.class, "get", MethodType.methodType(Object.class))
                    .bindTo(target)
                    .asType(MethodType.methodType(Reference.class));
            MethodHandle getReferent = lookup
                    .findVirtual(Reference.class, "get", MethodType.methodType(Object.class))
                    .asType(MethodType.methodType(InvocationHandler.class, Reference.class));
            MethodHandle invoke = lookup.findVirtual(
                    InvocationHandler.class, "invoke",
                    MethodType.methodType(
                            Object.class, Object.class, Method.class, Object[].class));
            return MethodHandles.foldArguments(
                    invoke, MethodHandles.filterReturnValue(get, getReferent));
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }
}

package thingspace.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How to log in. What is not set here, and not in the environment where that is asked for, has the
 * library's default.
 *
 * <pre>{@code
 * SessionOptions options = SessionOptions.builder()
 *         .username("zbeeblebrox")
 *         .passwordFile(Path.of("/run/secrets/thingspace"))
 *         .loadEnvironment()
 *         .build();
 * }</pre>
 *
 * <p>Options never change, and may be used for any number of sessions. They are checked when a
 * session is made of them. {@link #toString()} leaves secrets out.
 */
public final class SessionOptions {
    // Secrets are in it. Transient: what writes objects by their fields leaves it out.
    private final transient Map<String, String> values;
    private final boolean usesEnvironment;
    private final Optional<System.Logger> log;
    private final Optional<Consumer<? super SessionEvent>> onEvent;

    private SessionOptions(Builder builder) {
        values = new LinkedHashMap<>(builder.values);
        usesEnvironment = builder.usesEnvironment;
        log = builder.log;
        onEvent = builder.onEvent;
    }

    /**
     * Begins with nothing set.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Everything from the environment: {@code TSM_USERNAME}, {@code TSM_PASSWORD}, …
     *
     * @return the options
     */
    public static SessionOptions fromEnvironment() {
        return builder().loadEnvironment().build();
    }

    /**
     * Begins with all that is set here.
     *
     * @return a new builder
     */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.values.putAll(values);
        builder.usesEnvironment = usesEnvironment;
        builder.log = log;
        builder.onEvent = onEvent;
        return builder;
    }

    /** What is set, secrets left out. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("SessionOptions[");
        String comma = "";
        for (Map.Entry<String, String> option : values.entrySet()) {
            boolean isSecret = OptionSetters.SECRETS.contains(option.getKey());
            text.append(comma).append(option.getKey()).append('=');
            text.append(isSecret ? "***" : option.getValue());
            comma = ", ";
        }
        return text.append(usesEnvironment ? comma + "environment]" : "]").toString();
    }

    Callbacks callbacks() {
        return new Callbacks(
                log.orElseGet(() -> System.getLogger("thingspace.session")), onEvent);
    }

    /** Makes the native configuration. */
    NativeConfig toNative() {
        NativeConfig config = new NativeConfig(callbacks());
        try {
            for (Map.Entry<String, String> option : values.entrySet()) {
                config.set(option.getKey(), option.getValue());
            }
            if (usesEnvironment) {
                config.loadEnvironment();
            }
            config.addCallbacks();
            return config;
        } catch (Refusal e) {
            config.close();
            throw e.exception();
        } catch (Throwable e) {
            config.close();
            throw e;
        }
    }

    /** Sets options, one after the other. A builder is for one thread at a time. */
    public static final class Builder extends OptionSetters {
        private final Map<String, String> values = new LinkedHashMap<>();
        private boolean usesEnvironment;
        private Optional<System.Logger> log = Optional.empty();
        private Optional<Consumer<? super SessionEvent>> onEvent = Optional.empty();

        private Builder() {}

        /**
         * Sets an option by the name it has in the C library, for those without a method here.
         *
         * @param name the name, e.g. {@code base_url}
         * @param value its value as text
         * @return this builder
         */
        public Builder option(String name, String value) {
            Objects.requireNonNull(name, "name");
            values.put(name, Objects.requireNonNull(value, name));
            return this;
        }

        /**
         * Takes every option that the environment sets and that is not set here: {@code TSM_} and
         * the option's name in capitals. It is read when a session is made.
         *
         * @return this builder
         */
        public Builder loadEnvironment() {
            usesEnvironment = true;
            return this;
        }

        /**
         * Where the log goes. Without this it goes to {@code
         * System.getLogger("thingspace.session")}. The library makes no lines of a level that the
         * logger does not take at the moment the session is made; {@link
         * Session#logLevel(System.Logger.Level)} changes that later.
         *
         * <p>The logger may be called by several threads at once. What it throws is ignored, and
         * so are the lines of what it does itself. It is kept as long as the session. No line
         * holds a secret.
         *
         * @param logger the logger
         * @return this builder
         */
        public Builder log(System.Logger logger) {
            log = Optional.of(Objects.requireNonNull(logger, "logger"));
            return this;
        }

        /**
         * Who is told what happens to the session: logins and what came of them, waits, resends,
         * refusals of the lockout guard, failures of its store.
         *
         * <p>It may be called by several threads at once, and should return soon: a call of the
         * session waits for it. What it throws is ignored. It is kept as long as the session: one
         * that refers to the session keeps that from being collected, so close it.
         *
         * @param consumer who is told
         * @return this builder
         */
        public Builder onEvent(Consumer<? super SessionEvent> consumer) {
            onEvent = Optional.of(Objects.requireNonNull(consumer, "consumer"));
            return this;
        }

        /**
         * Makes the options.
         *
         * @return options of what is set now
         */
        public SessionOptions build() {
            return new SessionOptions(this);
        }

        /** What is set, secrets left out. */
        @Override
        public String toString() {
            return build().toString();
        }

        @Override
        Builder set(String option, String value) {
            return option(option, value);
        }
    }

    /** A native configuration, and the ways from sessions made with it into Java. */
    static final class NativeConfig implements AutoCloseable {
        final long handle = Functions.tsm_config_new();
        private final Callbacks callbacks;
        private final List<Bridge.Stub> stubs = new ArrayList<>(2);

        private NativeConfig(Callbacks callbacks) {
            this.callbacks = callbacks;
        }

        List<Bridge.Stub> stubs() {
            return stubs;
        }

        /** What an option comes to; not of secrets. */
        String get(String option) {
            final int size = 4096;
            try (Scratch scratch = new Scratch()) {
                long buffer = scratch.room(size);
                scratch.check(Functions.tsm_config_get(
                        handle, scratch.text(option, option), buffer, size, scratch.error()));
                return Scratch.read(buffer);
            } catch (Refusal e) {
                throw e.exception();
            }
        }

        private void set(String option, String value) throws Refusal {
            try (Scratch scratch = new Scratch()) {
                scratch.check(Functions.tsm_config_set(
                        handle, scratch.text(option, "option"), scratch.text(value, option),
                        scratch.error()));
            }
        }

        private void loadEnvironment() throws Refusal {
            try (Scratch scratch = new Scratch()) {
                scratch.check(Functions.tsm_config_load_env(handle, scratch.error()));
            }
        }

        private void addCallbacks() throws Refusal {
            try (Scratch scratch = new Scratch()) {
                Bridge.Stub line = Bridge.lineStub(callbacks);
                stubs.add(line);
                scratch.check(Functions.tsm_config_set_log(
                        handle, callbacks.mostLevel(), line.address(), 0));
                if (callbacks.wantsEvents()) {
                    Bridge.Stub event = Bridge.eventStub(callbacks);
                    stubs.add(event);
                    scratch.check(Functions.tsm_config_set_event(
                            handle, event.address(), 0, scratch.error()));
                }
            }
        }

        @Override
        public void close() {
            Functions.tsm_config_free(handle);
        }
    }
}

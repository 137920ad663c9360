package thingspace.session;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Native memory for the arguments and results of one call. It is wiped when it is closed, but for
 * bodies.
 */
final class Scratch implements AutoCloseable {
    private static final int SLOT = Long.BYTES;

    private final List<Block> blocks = new ArrayList<>(4);

    /** Room for an error, then for a handle or a number that comes out. */
    private final long slots = room(2 * SLOT);

    Scratch() {
        Bridge.fill(slots, 2 * SLOT);
    }

    /** Where a function puts its error. */
    long error() {
        return slots;
    }

    /** Where a function puts what it gives. */
    long out() {
        return slots + SLOT;
    }

    /** What a function has put there. */
    long given() {
        return Bridge.readLong(out());
    }

    /** The same, if it is a number of 32 bits. */
    int givenInt() {
        return Bridge.readInt(out());
    }

    /** Throws what a function has against its call. */
    void check(int status) throws Refusal {
        if (status != 0) {
            throw Refusal.take(status, Bridge.readLong(slots));
        }
    }

    long room(long size) {
        long address = Bridge.allocate(size);
        blocks.add(new Block(address, size));
        return address;
    }

    /** A text with a NUL behind it. */
    long text(String text, String parameter) {
        byte[] bytes = utf8(text, parameter);
        long address = text(bytes);
        Arrays.fill(bytes, (byte) 0);
        return address;
    }

    /** The same for one that is encoded. */
    long text(byte[] utf8) {
        long address = room(utf8.length + 1L);
        Bridge.write(address, utf8);
        Bridge.fill(address + utf8.length, 1);
        return address;
    }

    /** Texts, and NULL behind the last; NULL for none. */
    long texts(List<byte[]> texts) {
        if (texts.isEmpty()) {
            return 0;
        }
        long list = room((long) SLOT * (texts.size() + 1));
        for (int i = 0; i < texts.size(); i++) {
            Bridge.writeLong(list + (long) SLOT * i, text(texts.get(i)));
        }
        Bridge.writeLong(list + (long) SLOT * texts.size(), 0);
        return list;
    }

    /** A body; NULL for an empty one. */
    long bytes(byte[] bytes) {
        if (bytes.length == 0) {
            return 0;
        }
        long address = Bridge.allocate(bytes.length);
        blocks.add(new Block(address, 0));
        Bridge.write(address, bytes);
        return address;
    }

    /** A text of the library's, which ends with a NUL; NULL is empty. */
    static String read(long text) {
        if (text == 0) {
            return "";
        }
        int length = 0;
        while (Bridge.readByte(text + length) != 0) {
            length++;
        }
        return read(text, length);
    }

    static String read(long text, long length) {
        byte[] bytes = Bridge.read(text, Math.toIntExact(length));
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Strict: what is half a character, or a NUL, would become another password. */
    static byte[] utf8(String text, String parameter) {
        if (Objects.requireNonNull(text, parameter).indexOf('\0') >= 0) {
            throw new IllegalArgumentException(parameter + " holds a NUL character");
        }
        try {
            ByteBuffer encoded =
                    StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            Arrays.fill(encoded.array(), (byte) 0);
            return bytes;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(
                    parameter + " holds half a surrogate pair, which is no character", e);
        }
    }

    @Override
    public void close() {
        for (Block block : blocks) {
            if (block.toWipe > 0) {
                Bridge.fill(block.address, block.toWipe);
            }
            Bridge.free(block.address);
        }
        blocks.clear();
    }

    private record Block(long address, long toWipe) {}
}

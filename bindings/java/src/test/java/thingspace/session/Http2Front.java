package thingspace.session;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * In front of a sandbox: connections that ask for HTTP/2 get it, and the answers that a test has
 * queued, then successes. What comes over others goes to the sandbox.
 */
final class Http2Front implements AutoCloseable {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int SETTINGS = 4;
    private static final int GO_AWAY = 7;
    private static final int END_STREAM = 1;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;
    private static final int PREFACE_BYTES = 24;
    private static final int FRAME_BYTES = 16384;

    private final ServerSocket listener;
    private final URI behind;
    private final Queue<Answer> answers = new ConcurrentLinkedQueue<>();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    private record Answer(int status, byte[] body) {}

    Http2Front(Sandbox sandbox) {
        behind = URI.create(sandbox.baseUrl());
        try {
            listener = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        inBackground(() -> {
            while (true) {
                Socket socket = listener.accept();
                inBackground(() -> serve(socket));
            }
        });
    }

    String baseUrl() {
        return "http://127.0.0.1:" + listener.getLocalPort() + behind.getPath();
    }

    /** What is answered next over HTTP/2. */
    void answer(int status, String body) {
        answers.add(new Answer(status, body.getBytes(StandardCharsets.UTF_8)));
    }

    private void serve(Socket socket) throws IOException {
        open.add(socket);
        String head = readHead(socket.getInputStream());
        if (head.contains("Upgrade: h2c")) {
            serveHttp2(socket);
        } else {
            Socket inner = new Socket(behind.getHost(), behind.getPort());
            open.add(inner);
            inner.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
            inBackground(() -> inner.getInputStream().transferTo(socket.getOutputStream()));
            socket.getInputStream().transferTo(inner.getOutputStream());
        }
    }

    private void serveHttp2(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        out.writeBytes("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                + "Upgrade: h2c\r\n\r\n");
        writeFrame(out, SETTINGS, 0, 0, new byte[0]);
        in.readNBytes(PREFACE_BYTES);
        // The request that asked for the upgrade.
        writeAnswer(out, 1);
        while (true) {
            int length = in.readUnsignedShort() << 8 | in.readUnsignedByte();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            in.readNBytes(length);
            if (type == SETTINGS && (flags & ACK) == 0) {
                writeFrame(out, SETTINGS, ACK, 0, new byte[0]);
            } else if (type == HEADERS) {
                writeAnswer(out, stream);
            } else if (type == GO_AWAY) {
                return;
            }
        }
    }

    private void writeAnswer(DataOutputStream out, int stream) throws IOException {
        Answer queued = answers.poll();
        Answer answer = queued == null ? new Answer(200, new byte[0]) : queued;
        // HPACK: the name is the eighth of its table, the text follows as it is.
        String status = "\u0008\u0003" + answer.status;
        writeFrame(
                out, HEADERS, END_HEADERS, stream, status.getBytes(StandardCharsets.US_ASCII));
        for (int at = 0; at < answer.body.length; at += FRAME_BYTES) {
            int length = Math.min(FRAME_BYTES, answer.body.length - at);
            byte[] part = new byte[length];
            System.arraycopy(answer.body, at, part, 0, length);
            writeFrame(out, DATA, 0, stream, part);
        }
        writeFrame(out, DATA, END_STREAM, stream, new byte[0]);
    }

    private static void writeFrame(
            DataOutputStream out, int type, int flags, int stream, byte[] payload)
            throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream frame = new DataOutputStream(bytes);
        frame.writeByte(payload.length >> 16);
        frame.writeShort(payload.length);
        frame.writeByte(type);
        frame.writeByte(flags);
        frame.writeInt(stream);
        frame.write(payload);
        bytes.writeTo(out);
    }

    private static String readHead(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("The connection ended.");
            }
            head.append((char) next);
        }
        return head.toString();
    }

    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    private static void inBackground(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException e) {
                // The test is over, or the client has had enough.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

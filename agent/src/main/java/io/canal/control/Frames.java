package io.canal.control;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Writes and reads frames: a 4-byte big-endian length, then that many bytes of UTF-8. */
public final class Frames {

    /** No request or reply is longer; a longer length means that something else speaks. */
    static final int LONGEST = 16 << 20;

    private Frames() {}

    /** One frame's bytes. */
    static ByteBuffer encode(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > LONGEST) {
            throw new IOException("a frame of " + bytes.length + " bytes is longer than " + LONGEST);
        }
        return ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes).flip();
    }

    /** The length that a frame's first four bytes give. */
    static int length(ByteBuffer head) throws IOException {
        int length = head.getInt();
        if (length < 0 || length > LONGEST) {
            throw new IOException("a frame begins with length " + Integer.toUnsignedString(length) + ", expected at most " + LONGEST);
        }
        return length;
    }

    /** Writes one frame to a blocking channel. */
    public static void write(WritableByteChannel channel, String text) throws IOException {
        ByteBuffer frame = encode(text);
        while (frame.hasRemaining()) {
            channel.write(frame);
        }
    }

    /** Reads one frame from a blocking channel; empty where the other side closed it between frames. */
    public static Optional<String> read(ReadableByteChannel channel) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(4);
        if (channel.read(head) < 0) {
            return Optional.empty();
        }
        fill(channel, head);
        ByteBuffer body = ByteBuffer.allocate(length(head.flip()));
        fill(channel, body);
        return Optional.of(StandardCharsets.UTF_8.decode(body.flip()).toString());
    }

    private static void fill(ReadableByteChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the other side closed the socket within a frame");
            }
        }
    }
}

package io.canal.controller;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A frame between the controller and {@code canal-unit --serve}: the Java side of {@code src/main/c/frame.h}, which says what
 * each type carries.
 *
 * @param id the call that it belongs to; 0 for none
 */
record Frame(Type type, int id, List<byte[]> fields) {

    enum Type {
        RUN('R'),
        STOP('K'),
        PING('P'),
        HEARD('n'),
        REPLY('r'),
        READ_FILE('f'),
        READ_STDIN('s'),
        WRITE_FILE('w'),
        CALL('C'),
        TAKEN('d'),
        FAILED('e'),
        GONE('G'),
        HELLO('H'),
        WAITING('W'),
        BEGAN('B'),
        MISSING('M'),
        BROKEN('F'),
        OUT('O'),
        ERR('E'),
        EXITED('X'),
        NUDGED('N');

        private final byte code;

        Type(char code) {
            this.code = (byte) code;
        }

        private static Type of(byte code) {
            return Arrays.stream(values())
                    .filter(type -> type.code == code)
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("frame of unknown type " + code));
        }
    }

    private static final int LARGEST = 64 * 1024 * 1024;
    private static final int HEAD = 5;

    static Frame of(Type type, int id, String... fields) {
        List<byte[]> bytes = new ArrayList<>();
        for (String field : fields) {
            bytes.add(field.getBytes(StandardCharsets.UTF_8));
        }
        return new Frame(type, id, bytes);
    }

    String text(int index) {
        return index < fields.size() ? new String(fields.get(index), StandardCharsets.UTF_8) : "";
    }

    byte[] bytes(int index) {
        return index < fields.size() ? fields.get(index) : new byte[0];
    }

    byte[] encode() {
        int size = HEAD;
        for (byte[] field : fields) {
            size += 4 + field.length;
        }
        ByteBuffer buffer = ByteBuffer.allocate(4 + size).putInt(size).put(type.code).putInt(id);
        fields.forEach(field -> buffer.putInt(field.length).put(field));
        return buffer.array();
    }

    /** Makes frames of bytes that come in any pieces. */
    static final class Decoder {

        private final ByteArrayOutputStream pending = new ByteArrayOutputStream();

        /** The frames that are complete with these bytes. */
        List<Frame> add(byte[] bytes, int offset, int length) {
            pending.write(bytes, offset, length);
            if (pending.size() < 4) {
                return List.of();
            }
            ByteBuffer buffer = ByteBuffer.wrap(pending.toByteArray());
            List<Frame> frames = new ArrayList<>();
            while (buffer.remaining() >= 4) {
                int size = buffer.getInt(buffer.position());
                if (size < HEAD || size > LARGEST) {
                    throw new IllegalArgumentException("frame of " + size + " bytes");
                }
                if (buffer.remaining() < 4 + size) {
                    break;
                }
                frames.add(frame(buffer.slice(buffer.position() + 4, size)));
                buffer.position(buffer.position() + 4 + size);
            }
            pending.reset();
            pending.write(buffer.array(), buffer.position(), buffer.remaining());
            return frames;
        }

        private static Frame frame(ByteBuffer body) {
            Type type = Type.of(body.get());
            int id = body.getInt();
            List<byte[]> fields = new ArrayList<>();
            while (body.remaining() >= 4) {
                int length = body.getInt();
                if (length < 0 || length > body.remaining()) {
                    throw new IllegalArgumentException("field of " + length + " bytes in a frame with " + body.remaining());
                }
                byte[] field = new byte[length];
                body.get(field);
                fields.add(field);
            }
            return new Frame(type, id, fields);
        }
    }
}

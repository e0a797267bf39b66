package io.canal.lab.attack;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/** What a packet carries, so that it is known again wherever and in whatever wrapping it arrives. */
record Token(int number) {

    /** A whole number of 8-byte units, so that it survives being cut at them. */
    static final int LENGTH = 16;

    private static final byte[] MAGIC = "canal-attack".getBytes(StandardCharsets.US_ASCII);
    /** Packets of an earlier run that are still on their way are not ours. */
    private static final AtomicInteger NEXT = new AtomicInteger(ThreadLocalRandom.current().nextInt());

    static Token fresh() {
        return new Token(NEXT.getAndIncrement());
    }

    byte[] bytes() {
        return ByteBuffer.allocate(LENGTH).put(MAGIC).putInt(number).array();
    }

    /** The first token in the packet; none is -1. */
    static int find(byte[] packet, int length) {
        for (int at = 0; at + LENGTH <= length; at++) {
            if (isAt(packet, at)) {
                return at;
            }
        }
        return -1;
    }

    static Token at(byte[] packet, int at) {
        return new Token(ByteBuffer.wrap(packet).getInt(at + MAGIC.length));
    }

    private static boolean isAt(byte[] packet, int at) {
        for (int i = 0; i < MAGIC.length; i++) {
            if (packet[at + i] != MAGIC[i]) {
                return false;
            }
        }
        return true;
    }
}

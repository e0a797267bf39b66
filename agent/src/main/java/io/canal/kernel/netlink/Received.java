package io.canal.kernel.netlink;

import java.nio.ByteBuffer;

/**
 * A message from the kernel: a reply, a part of a dump, or a notification.
 *
 * <p>{@code sender} in a notification is the port of the socket whose request caused the change, or 0 where the kernel does not
 * say. Offsets of the header's fields count from the end of the netlink header.
 */
public final class Received {

    private final ByteBuffer bytes;
    private final int start;
    private final int end;

    /** The message that starts at {@code start} of a datagram and ends before {@code end}. */
    Received(ByteBuffer bytes, int start, int end) {
        this.bytes = bytes;
        this.start = start;
        this.end = end;
    }

    public int type() {
        return bytes.getShort(start + 4) & 0xffff;
    }

    public int flags() {
        return bytes.getShort(start + 6) & 0xffff;
    }

    public int sequence() {
        return bytes.getInt(start + 8);
    }

    /** The port number that the kernel put into the header. */
    public int sender() {
        return bytes.getInt(start + 12);
    }

    /** Bytes after the netlink header. */
    public int length() {
        return end - start - NetlinkMessage.HEADER;
    }

    public int u8(int offset) {
        return bytes.get(at(offset, 1)) & 0xff;
    }

    public int u16(int offset) {
        return bytes.getShort(at(offset, 2)) & 0xffff;
    }

    public int be16(int offset) {
        int at = at(offset, 2);
        return (bytes.get(at) & 0xff) << 8 | bytes.get(at + 1) & 0xff;
    }

    public int u32(int offset) {
        return bytes.getInt(at(offset, 4));
    }

    /** The attributes after a header of {@code headerLength} bytes. */
    public Attributes attributes(int headerLength) {
        int from = Math.min(start + NetlinkMessage.HEADER + NetlinkMessage.aligned(headerLength), end);
        return Attributes.in(bytes, from, end);
    }

    private int at(int offset, int size) {
        if (offset + size > length()) {
            throw new IllegalArgumentException("netlink message of type " + type() + " has " + length() + " bytes; byte " + offset + " was read");
        }
        return start + NetlinkMessage.HEADER + offset;
    }
}

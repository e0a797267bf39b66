package io.canal.model;

/** What a rule of a packet filter has counted. */
public record PacketCount(long packets, long bytes) {

    public static final PacketCount NONE = new PacketCount(0, 0);

    public PacketCount plus(PacketCount other) {
        return new PacketCount(packets + other.packets, bytes + other.bytes);
    }
}

package io.canal.model.calico;

/**
 * An ICMP type, and perhaps a code, that a rule asks for.
 *
 * @param type 0 to 254
 * @param code 0 to 255, or {@link #ANY_CODE}
 */
public record PolicyIcmp(int type, int code) {

    /** No code is asked for. */
    public static final int ANY_CODE = -1;

    public boolean matches(int packetType, int packetCode) {
        return type == packetType && (code == ANY_CODE || code == packetCode);
    }
}

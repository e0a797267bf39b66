package io.canal.model;

import java.util.Optional;

/**
 * Reads the lease that nearly each node of a network has, of vxlan and IPv4 alone, to the byte as flannel and canal write it. A start reads
 * thousands of them, and is over before the way of all JSON is compiled. What is written otherwise is left to that.
 */
final class UsualLease {

    private static final String BEFORE_ADDRESS = "{\"PublicIP\":\"";
    private static final String BEFORE_VNI = "\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":";
    private static final String BEFORE_MAC = ",\"VtepMAC\":\"";
    private static final String END = "\"}}";
    private static final int MAC_LENGTH = 17;
    private static final int MOST_DIGITS = 8;

    private UsualLease() {}

    /** The lease, if it is such a one. */
    static Optional<LeaseValue> read(String text) {
        int addressEnd = text.indexOf('"', BEFORE_ADDRESS.length());
        int vni = addressEnd + BEFORE_VNI.length();
        if (addressEnd < 0 || !text.startsWith(BEFORE_ADDRESS) || !text.startsWith(BEFORE_VNI, addressEnd)) {
            return Optional.empty();
        }
        int vniEnd = text.indexOf(',', vni);
        int mac = vniEnd + BEFORE_MAC.length();
        if (vniEnd < 0 || !text.startsWith(BEFORE_MAC, vniEnd) || text.length() != mac + MAC_LENGTH + END.length() || !text.endsWith(END)) {
            return Optional.empty();
        }
        Optional<Ip> address = Ip.parse(text.substring(BEFORE_ADDRESS.length(), addressEnd));
        Optional<Mac> hardware = Mac.parse(text.substring(mac, mac + MAC_LENGTH));
        int number = number(text, vni, vniEnd);
        if (address.isEmpty() || !address.get().isV4() || !address.get().isOfHost() || hardware.isEmpty() || !hardware.get().isUnicast() || number < 0) {
            return Optional.empty();
        }
        return Optional.of(LeaseValue.vxlan(address.get(), number, hardware.get()));
    }

    /** A VNI in digits; less than 0 where it is none, or is written otherwise. */
    private static int number(String text, int from, int to) {
        if (from == to || to - from > MOST_DIGITS || text.charAt(from) == '0') {
            return -1;
        }
        int number = 0;
        for (int i = from; i < to; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number <= Vtep.HIGHEST_VNI ? number : -1;
    }
}

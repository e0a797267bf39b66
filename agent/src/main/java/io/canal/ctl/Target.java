package io.canal.ctl;

import io.canal.model.calico.PolicyProtocol;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a connection is to go.
 *
 * @param host a pod or an address
 * @param port empty for an ICMP echo
 * @param protocol the IP protocol's number, where there is a port
 */
record Target(String host, Optional<Integer> port, int protocol, String word) {

    private static final Pattern TEXT = Pattern.compile("(?:\\[([0-9a-fA-F:.]+)]|([^\\[\\]:]+(?:/[^\\[\\]:]+)?)|([0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*))"
            + "(?::([0-9]{1,5})(?:/([A-Za-z0-9]+))?)?");
    private static final Map<String, Integer> PROTOCOLS = Map.of("tcp", PolicyProtocol.TCP, "udp", PolicyProtocol.UDP, "sctp", 132);
    private static final int LARGEST_PORT = 65_535;

    static Target parse(String text) throws Refused {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw wrong(text);
        }
        String host = Optional.ofNullable(parts.group(1)).or(() -> Optional.ofNullable(parts.group(2))).orElseGet(() -> parts.group(3));
        Optional<Integer> port = Optional.ofNullable(parts.group(4)).map(Integer::valueOf);
        String word = Optional.ofNullable(parts.group(5)).orElse("tcp").toLowerCase(Locale.ROOT);
        if (!PROTOCOLS.containsKey(word) || port.isPresent() && (port.get() < 1 || port.get() > LARGEST_PORT)) {
            throw wrong(text);
        }
        return new Target(host, port, PROTOCOLS.getOrDefault(word, 0), word);
    }

    /** Such as {@code TCP port 80}. */
    String title() {
        return port.map(number -> word.toUpperCase(Locale.ROOT) + " port " + number).orElse("ICMP echo");
    }

    private static Refused wrong(String text) {
        return new Refused("the destination is \"" + text + "\", expected a pod NAMESPACE/NAME or an address, and behind it nothing (ICMP echo) or :PORT or :PORT/tcp|udp|sctp");
    }
}

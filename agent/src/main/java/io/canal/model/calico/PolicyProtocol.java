package io.canal.model.calico;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An IP protocol as a rule or a port gives it.
 *
 * @param number 1 to 255
 * @param name in lower case; empty where the protocol was given by its number, which shows in what Felix renders
 */
public record PolicyProtocol(int number, String name) {

    public static final int TCP = 6;
    public static final int UDP = 17;
    public static final int SCTP = 132;
    public static final int ICMP = 1;
    public static final int ICMPV6 = 58;

    private static final int UDPLITE = 136;
    private static final Map<String, Optional<PolicyProtocol>> BY_NAME = Stream.of(new PolicyProtocol(TCP, "tcp"), new PolicyProtocol(UDP, "udp"),
            new PolicyProtocol(SCTP, "sctp"), new PolicyProtocol(ICMP, "icmp"), new PolicyProtocol(ICMPV6, "icmpv6"), new PolicyProtocol(UDPLITE, "udplite"))
            .collect(Collectors.toUnmodifiableMap(PolicyProtocol::name, Optional::of));

    private static final int LARGEST = 255;

    /** A protocol by its name in any case: TCP, UDP, SCTP, ICMP, ICMPv6 or UDPLite; or by its number, in digits. */
    public static Optional<PolicyProtocol> parse(String text) {
        Optional<PolicyProtocol> named = BY_NAME.get(text.toLowerCase(Locale.ROOT));
        if (named != null) {
            return named;
        }
        boolean digits = !text.isEmpty() && text.length() <= 3 && text.chars().allMatch(c -> c >= '0' && c <= '9');
        return digits ? ofNumber(Integer.parseInt(text)) : Optional.empty();
    }

    static Optional<PolicyProtocol> parse(JsonNode json) {
        return json.isTextual() ? parse(json.asText()) : json.isInt() ? ofNumber(json.intValue()) : Optional.empty();
    }

    private static Optional<PolicyProtocol> ofNumber(int number) {
        return number >= 1 && number <= LARGEST ? Optional.of(new PolicyProtocol(number, "")) : Optional.empty();
    }

    /** Whether packets of this protocol have ports that rules can match. */
    public boolean hasPorts() {
        return number == TCP || number == UDP || number == SCTP;
    }

    /** The name in lower case, or the number. */
    public String text() {
        return name.isEmpty() ? Integer.toString(number) : name;
    }

    @Override
    public String toString() {
        return text();
    }
}

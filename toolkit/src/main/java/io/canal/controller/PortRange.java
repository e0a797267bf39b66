package io.canal.controller;

import java.util.Comparator;

/**
 * Ports that a unit opens.
 *
 * @param protocol {@code tcp}, {@code udp} or {@code icmp}; icmp has no ports
 */
record PortRange(String protocol, int from, int to) implements Comparable<PortRange> {

    static final class Invalid extends Exception {
        private static final long serialVersionUID = 1;

        Invalid(String message) {
            super(message);
        }
    }

    /** A range as hook tools take it: {@code 80}, {@code 80/udp}, {@code 1000-2000/tcp}, {@code icmp}. */
    static PortRange parse(String text) throws Invalid {
        if (text.equals("icmp")) {
            return new PortRange("icmp", -1, -1);
        }
        String[] parts = text.split("/", 2);
        String protocol = parts.length == 1 ? "tcp" : parts[1];
        String[] bounds = parts[0].split("-", 2);
        int from = number(bounds[0]);
        int to = bounds.length == 1 ? from : number(bounds[1]);
        if (!protocol.equals("tcp") && !protocol.equals("udp")) {
            throw new Invalid("invalid protocol \"" + protocol + "\", expected \"tcp\", \"udp\", or \"icmp\"");
        }
        if (from > to) {
            throw new Invalid("invalid port range " + from + "-" + to + "/" + protocol);
        }
        if (from < 0 || to > 65535) {
            throw new Invalid("port range bounds must be between 0 and 65535, got " + from + "-" + to);
        }
        return new PortRange(protocol, from, to);
    }

    private static int number(String text) throws Invalid {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new Invalid("invalid port \"" + text + "\": strconv.Atoi: parsing \"" + text + "\": invalid syntax");
        }
    }

    /** The range that we wrote ourselves. */
    static PortRange of(String text) {
        try {
            return parse(text);
        } catch (Invalid e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** The ports alone: {@code 80} or {@code 1000-2000}. */
    String ports() {
        return from == to ? Integer.toString(from) : from + "-" + to;
    }

    @Override
    public int compareTo(PortRange other) {
        return Comparator.comparing(PortRange::protocol)
                .thenComparingInt(PortRange::from)
                .thenComparingInt(PortRange::to)
                .compare(this, other);
    }

    @Override
    public String toString() {
        return protocol.equals("icmp") ? "icmp" : ports() + "/" + protocol;
    }
}

package io.canal.ruleset;

/** Ports from {@code first} to {@code last}, both included. */
public record PortRange(int first, int last) implements Comparable<PortRange> {

    public PortRange {
        if (first < 0 || last > 65535 || first > last) {
            throw new IllegalArgumentException("ports " + first + " to " + last + " are not a range within 0 to 65535");
        }
    }

    public static PortRange of(int port) {
        return new PortRange(port, port);
    }

    public boolean contains(int port) {
        return port >= first && port <= last;
    }

    @Override
    public int compareTo(PortRange other) {
        return first != other.first ? Integer.compare(first, other.first) : Integer.compare(last, other.last);
    }

    /** As iptables writes it: {@code 80} or {@code 8000:9000}. */
    @Override
    public String toString() {
        return first == last ? Integer.toString(first) : first + ":" + last;
    }
}

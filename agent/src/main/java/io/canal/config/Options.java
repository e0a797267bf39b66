package io.canal.config;

import io.canal.model.Cidr;
import io.canal.model.Backend;
import io.canal.model.Decoded;
import io.canal.model.Ip.Family;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Problem;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads single options.
 *
 * <p>Each method takes the place that the value stands at ({@code where} and {@code field}, as in
 * {@link io.canal.model.Problem}) and its text, and says what is wrong with it, or gives the value.
 */
public final class Options {

    /** The smallest MTU that IPv6 may be carried with (RFC 8200, section 5). */
    public static final int SMALLEST_MTU = 1280;

    /** The largest packet that VXLAN can carry: 65,535 less the 50 bytes of outer headers. */
    public static final int LARGEST_MTU = 65485;

    /** Shorter leases than this would be lost in a pause of etcd. */
    public static final Duration SHORTEST_LEASE = Duration.ofSeconds(5);

    /** A year. */
    public static final Duration LONGEST_LEASE = Duration.ofDays(365);

    /** flannel's own lease. */
    public static final Duration DEFAULT_LEASE = Duration.ofHours(24);

    private static final Pattern INTERFACE = Pattern.compile("[^/:\\s]{1,15}");
    private static final Pattern DNS_SUBDOMAIN = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    private static final Pattern UNIT = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*/[0-9]{1,9}");
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(s|m|h|d)?");
    private static final Pattern ENDPOINT = Pattern.compile("(https?)://(\\[[0-9a-fA-F:.]+]|[A-Za-z0-9.-]+):([0-9]{1,5})/?");
    private static final Pattern FAILSAFE = Pattern.compile("(tcp|udp):(?:(.+):)?([0-9]{1,5})");
    private static final Pattern LOG_PREFIX = Pattern.compile("[A-Za-z0-9][A-Za-z0-9 _.:/%-]{0,26}");
    private static final Pattern PREFIX = Pattern.compile("(/[A-Za-z0-9._-]+)+");

    private Options() {}

    /** The pods' network: IPv4, with room for at least four subnets of at least two pods each, so at most /28. */
    public static Decoded<Cidr> cidr(String where, String field, String text) {
        Optional<IpPrefix> prefix = IpPrefix.parse(text);
        if (prefix.isEmpty() || !prefix.get().address().isV4()) {
            return Decoded.bad(where, field, text, "an IPv4 network such as 10.1.0.0/16");
        }
        Cidr cidr = prefix.get().cidr();
        if (!cidr.base().equals(prefix.get().address())) {
            return Decoded.bad(where, field, text, "a network without host bits: " + cidr);
        }
        if (cidr.length() < 4 || cidr.length() > 28) {
            return Decoded.bad(where, field, text, "a network with a prefix length within 4 to 28");
        }
        return Decoded.good(cidr);
    }

    /** The pods' networks: one of IPv4 (see {@link #cidr}), one of IPv6, or both with a comma between. */
    public static Decoded<List<Cidr>> networks(String where, String field, String text) {
        List<Cidr> networks = new ArrayList<>();
        for (String one : text.split(",", -1)) {
            switch (one.contains(":") ? ipv6Network(where, field, one.strip()) : cidr(where, field, one.strip())) {
                case Decoded.Good<Cidr>(Cidr network) -> networks.add(network);
                case Decoded.Bad<Cidr>(Problem problem) -> {
                    return Decoded.bad(problem);
                }
            }
        }
        networks.sort(Comparator.naturalOrder());
        boolean twice = networks.stream().map(Cidr::family).distinct().count() < networks.size();
        return twice ? Decoded.bad(where, field, text, "at most one network of each family, such as 10.1.0.0/16,fd00:10:1::/56") : Decoded.good(networks);
    }

    /** As flannel: with room for at least four subnets of at least two pods each, so at most /124. */
    private static Decoded<Cidr> ipv6Network(String where, String field, String text) {
        Optional<IpPrefix> prefix = IpPrefix.parse(text).filter(parsed -> parsed.address().isV6());
        if (prefix.isEmpty()) {
            return Decoded.bad(where, field, text, "an IPv6 network such as fd00:10:1::/56");
        }
        Cidr cidr = prefix.get().cidr();
        if (!cidr.base().equals(prefix.get().address())) {
            return Decoded.bad(where, field, text, "a network without host bits: " + cidr);
        }
        return cidr.length() >= 8 && cidr.length() <= 124 ? Decoded.good(cidr)
                : Decoded.bad(where, field, text, "an IPv6 network with a prefix length within 8 to 124");
    }

    /** How packets are carried between nodes: one of flannel's backends that canal has. */
    public static Decoded<String> backend(String where, String field, String text) {
        return text.equals(LeaseValue.VXLAN) || text.equals(LeaseValue.HOST_GW) ? Decoded.good(text)
                : Decoded.bad(where, field, text, "vxlan or host-gw");
    }

    /** A switch. */
    public static Decoded<Boolean> flag(String where, String field, String text) {
        return text.equals("true") || text.equals("false") ? Decoded.good(Boolean.parseBoolean(text))
                : Decoded.bad(where, field, text, "true or false");
    }

    /** The interface that carries the traffic between nodes: its name, one of its addresses, or nothing for that of the default route. */
    public static Decoded<String> iface(String where, String field, String text) {
        boolean good = text.isEmpty() || Ip.parse(text).map(Ip::isOfHost).orElseGet(() -> INTERFACE.matcher(text).matches() && !text.matches("\\.\\.?"));
        return good ? Decoded.good(text) : Decoded.bad(where, field, text, "the name of an interface (at most 15 characters), an address of one, or nothing");
    }

    /** The address that peers send to, if it is not the interface's own. */
    public static Decoded<Optional<Ip>> publicIp(String where, String field, String text) {
        if (text.isEmpty()) {
            return Decoded.good(Optional.empty());
        }
        Optional<Ip> ip = Ip.parse(text).filter(each -> each.isV4() && each.isOfHost());
        return ip.isPresent() ? Decoded.good(ip) : Decoded.bad(where, field, text, "the IPv4 address of a host, or nothing");
    }

    /** The MTU of pods and of the overlay's device; 0 means: what the uplink leaves. */
    public static Decoded<Integer> mtu(String where, String field, String text) {
        if (text.isEmpty() || text.equals("0")) {
            return Decoded.good(0);
        }
        return number(where, field, text, SMALLEST_MTU, LARGEST_MTU, "0 (as large as the uplink allows) or a number within 1280 to 65485");
    }

    /** VXLAN network identifier, of at most 7 digits (see {@link Backend#highestVni}); 0 stands for flannel's default, 1. */
    public static Decoded<Integer> vni(String where, String field, String text) {
        int highest = Backend.highestVni(Family.V4);
        return number(where, field, text, 0, highest, "a number within 0 to " + highest);
    }

    /** UDP port of the overlay; 0 stands for the kernel's default, 8472. */
    public static Decoded<Integer> port(String where, String field, String text) {
        return number(where, field, text, 0, 65535, "a number within 0 to 65535");
    }

    /** What becomes of a pod's packet to its node that its policy accepts; nothing leaves it to FelixConfiguration. */
    public static Decoded<Optional<String>> endpointToHost(String where, String field, String text) {
        String word = text.toLowerCase(Locale.ROOT);
        return word.isEmpty() ? Decoded.good(Optional.empty())
                : Set.of("accept", "drop", "return").contains(word) ? Decoded.good(Optional.of(word))
                : Decoded.bad(where, field, text, "accept, drop, return, or nothing");
    }

    /** Ports that no policy closes, as Felix's parameter writes them; {@code none} for none, nothing leaves them to FelixConfiguration. */
    public static Decoded<Optional<List<FailsafePort>>> failsafePorts(String where, String field, String text) {
        if (text.isBlank()) {
            return Decoded.good(Optional.empty());
        }
        List<FailsafePort> ports = new ArrayList<>();
        for (String one : text.strip().equals("none") ? new String[0] : text.split(",", -1)) {
            Matcher parts = FAILSAFE.matcher(one.strip().toLowerCase(Locale.ROOT));
            Optional<Cidr> net = parts.matches() && parts.group(2) != null ? Cidr.parse(parts.group(2)) : Optional.empty();
            boolean good = parts.matches() && (parts.group(2) == null || net.isPresent());
            int port = good ? Integer.parseInt(parts.group(3)) : 0;
            if (!good || port < 1 || port > 65535) {
                return Decoded.bad(where, field, one, "ports such as tcp:22,udp:10.0.0.0/8:68, the word none, or nothing");
            }
            ports.add(new FailsafePort(parts.group(1), net, port));
        }
        return Decoded.good(Optional.of(List.copyOf(ports)));
    }

    /** What the lines of Log rules begin with: the kernel takes 29 characters of it in iptables, and a blank would end it in a log. */
    public static Decoded<Optional<String>> logPrefix(String where, String field, String text) {
        return text.isEmpty() ? Decoded.good(Optional.empty())
                : LOG_PREFIX.matcher(text).matches() ? Decoded.good(Optional.of(text))
                : Decoded.bad(where, field, text, "at most 27 characters of A-Z, a-z, 0-9, space and -_.:/%, or nothing");
    }

    public static Decoded<DataplaneOption> dataplane(String where, String field, String text) {
        return oneOf(where, field, text, DataplaneOption.values(), DataplaneOption::word);
    }

    /** Whether the tunnels leave checksums to the network card. */
    public static Decoded<TxChecksum> txChecksum(String where, String field, String text) {
        return oneOf(where, field, text, TxChecksum.values(), TxChecksum::word);
    }

    public static Decoded<LogLevel> logLevel(String where, String field, String text) {
        return oneOf(where, field, text, LogLevel.values(), LogLevel::word);
    }

    /** The node's name in Kubernetes and Calico: a DNS subdomain in lower case; empty means that the node decides. */
    public static Decoded<String> nodename(String where, String field, String text) {
        boolean good = text.isEmpty() || text.length() <= 253 && DNS_SUBDOMAIN.matcher(text).matches();
        return good ? Decoded.good(text)
                : Decoded.bad(where, field, text, "a DNS name in lower case (letters, digits, - and ., at most 253 characters), or nothing");
    }

    /** The time that a subnet's lease lives without renewal: a number with s, m, h or d; without a unit, seconds. */
    public static Decoded<Duration> leaseTtl(String where, String field, String text) {
        if (text.isEmpty()) {
            return Decoded.good(DEFAULT_LEASE);
        }
        Matcher matcher = DURATION.matcher(text);
        if (matcher.matches()) {
            long count = Long.parseLong(matcher.group(1));
            String unit = matcher.group(2) == null ? "s" : matcher.group(2);
            Duration ttl = switch (unit) {
                case "m" -> Duration.ofMinutes(count);
                case "h" -> Duration.ofHours(count);
                case "d" -> Duration.ofDays(count);
                default -> Duration.ofSeconds(count);
            };
            if (ttl.compareTo(SHORTEST_LEASE) >= 0 && ttl.compareTo(LONGEST_LEASE) <= 0) {
                return Decoded.good(ttl);
            }
        }
        return Decoded.bad(where, field, text, "a time within 5s to 365d, such as 24h");
    }

    /** An etcd endpoint: {@code http://} or {@code https://}, a host, and a port. */
    public static Decoded<String> endpoint(String where, String field, String text) {
        Matcher matcher = ENDPOINT.matcher(text);
        if (!matcher.matches() || Integer.parseInt(matcher.group(3)) > 65535 || Integer.parseInt(matcher.group(3)) == 0) {
            return Decoded.bad(where, field, text, "an address such as https://10.10.0.1:2379");
        }
        return Decoded.good(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
    }

    /** The place of flannel's keys in etcd. */
    public static Decoded<String> prefix(String where, String field, String text) {
        return PREFIX.matcher(text).matches() ? Decoded.good(text)
                : Decoded.bad(where, field, text, "a path in etcd that begins with a slash and does not end with one, such as /coreos.com/network");
    }

    /** A Juju unit, or nothing where the agent runs without Juju. */
    public static Decoded<String> unit(String where, String field, String text) {
        return text.isEmpty() || UNIT.matcher(text).matches() ? Decoded.good(text)
                : Decoded.bad(where, field, text, "the name of a unit, such as canal/0");
    }

    /** An absolute path, or nothing. */
    public static Decoded<String> path(String where, String field, String text) {
        boolean good = text.isEmpty() || text.startsWith("/") && text.chars().noneMatch(Character::isISOControl);
        return good ? Decoded.good(text) : Decoded.bad(where, field, text, "an absolute path, or nothing");
    }

    /** An address and a port, or nothing for the default. */
    public static Decoded<Listen> listen(String where, String field, String text) {
        if (text.isEmpty()) {
            return Decoded.good(Listen.DEFAULT);
        }
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        Optional<Ip> ip = host.startsWith("[") && host.endsWith("]")
                ? Ip.parse(host.substring(1, host.length() - 1)).filter(Ip::isV6)
                : Ip.parse(host).filter(Ip::isV4);
        String expected = "an address and a port, such as 127.0.0.1:9099";
        if (ip.isEmpty()) {
            return Decoded.bad(where, field, text, expected);
        }
        return switch (number(where, field, text.substring(colon + 1), 0, 65535, expected)) {
            case Decoded.Good<Integer>(Integer port) -> Decoded.good(new Listen(ip.get(), port));
            case Decoded.Bad<Integer> _ -> Decoded.bad(where, field, text, expected);
        };
    }

    private static Decoded<Integer> number(String where, String field, String text, int least, int most, String expected) {
        if (text.matches("[0-9]{1,9}")) {
            int number = Integer.parseInt(text);
            if (number >= least && number <= most) {
                return Decoded.good(number);
            }
        }
        return Decoded.bad(where, field, text, expected);
    }

    private static <T> Decoded<T> oneOf(String where, String field, String text, T[] values, Function<T, String> word) {
        for (T value : values) {
            if (word.apply(value).equals(text)) {
                return Decoded.good(value);
            }
        }
        return Decoded.bad(where, field, text, "one of " + String.join(", ", Arrays.stream(values).map(word).toList()));
    }
}

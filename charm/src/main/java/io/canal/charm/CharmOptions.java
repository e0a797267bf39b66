package io.canal.charm;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.config.DataplaneOption;
import io.canal.config.LogLevel;
import io.canal.config.Options;
import io.canal.config.PolicyOptions;
import io.canal.config.TxChecksum;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Problem;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The charm's options, as config.yaml declares them, after validation: Juju itself checks no more than types.
 *
 * @param networks one of each family at most, IPv4 first
 * @param backend as flannel names it: {@code vxlan} or {@code host-gw}
 * @param mtu 0 where it is to be computed
 * @param vni 0 for flannel's default
 * @param port 0 for flannel's default
 */
record CharmOptions(List<Cidr> networks, String backend, boolean directRouting, String iface, int mtu, int vni, int port, DataplaneOption dataplane,
        String nodename, LogLevel logLevel, Duration leaseTtl, PolicyOptions policy, TxChecksum txChecksum) {

    /** Validates what {@code config-get} gave; every option that is wrong, where any is. */
    static Result of(JsonNode config) {
        Reader read = new Reader(config, new ArrayList<>());
        CharmOptions options = new CharmOptions(
                read.option("cidr", CharmOptions::networks, List.of(Cidr.of("10.1.0.0/16"))),
                read.option("backend", Options::backend, LeaseValue.VXLAN),
                read.option("direct-routing", Options::flag, false),
                read.option("iface", Options::iface, ""),
                read.option("mtu", Options::mtu, 0),
                read.option("vni", Options::vni, 0),
                read.option("port", Options::port, 0),
                read.option("dataplane", Options::dataplane, DataplaneOption.AUTO),
                read.option("nodename", Options::nodename, ""),
                read.option("log-level", Options::logLevel, LogLevel.INFO),
                read.option("lease-ttl", Options::leaseTtl, Options.DEFAULT_LEASE),
                new PolicyOptions(
                        read.option("default-endpoint-to-host-action", Options::endpointToHost, Optional.empty()),
                        read.option("failsafe-inbound-ports", Options::failsafePorts, Optional.empty()),
                        read.option("failsafe-outbound-ports", Options::failsafePorts, Optional.empty()),
                        read.option("ignore-loose-rpf", Options::flag, false),
                        read.option("policy-log-prefix", Options::logPrefix, Optional.empty())),
                read.option("tx-checksum", Options::txChecksum, TxChecksum.AUTO));
        return read.problems.isEmpty() ? new Result.Good(options) : new Result.Bad(read.problems);
    }

    /** What came of the validation. */
    sealed interface Result {

        record Good(CharmOptions options) implements Result {}

        record Bad(List<Problem> problems) implements Result {

            public Bad {
                problems = List.copyOf(problems);
            }

            /**
             * What is wrong and what to do.
             *
             * @param command as {@link io.canal.juju.HookContext#command()}
             */
            String sentence(String command) {
                String which = problems.size() == 1 ? "it" : "them";
                return String.join("; ", problems.stream().map(Problem::sentence).toList()) + "; set " + which + " with " + command + " config";
            }
        }
    }

    /** How {@link Options} reads one option. */
    private interface Parser<T> {
        Decoded<T> parse(String where, String field, String text);
    }

    private record Reader(JsonNode config, List<Problem> problems) {

        <T> T option(String name, Parser<T> parser, T unset) {
            JsonNode node = config.path(name);
            if (node.isNull() || node.isMissingNode()) {
                return unset;
            }
            return switch (parser.parse("option " + name, "", node.asText())) {
                case Decoded.Good<T>(T value) -> value;
                case Decoded.Bad<T>(Problem problem) -> {
                    problems.add(problem);
                    yield unset;
                }
            };
        }
    }

    /** As flannel reads its own configuration: bits after the prefix are allowed, and dropped. */
    private static Decoded<List<Cidr>> networks(String where, String field, String text) {
        String masked = Arrays.stream(text.split(",", -1)).map(String::strip)
                .map(one -> IpPrefix.parse(one).map(prefix -> prefix.cidr().toString()).orElse(one)).collect(Collectors.joining(","));
        return Options.networks(where, field, masked);
    }
}

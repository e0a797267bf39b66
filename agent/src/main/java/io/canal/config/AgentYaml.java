package io.canal.config;

import io.canal.model.Decoded;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** The text form of {@link AgentConfig}. */
final class AgentYaml {

    private static final Set<String> KEYS = Set.of("unit", "nodename", "etcd", "iface", "public-ip", "mtu", "dataplane", "tx-checksum", "lease-ttl",
            "log-level", "listen", "kubeconfig", "charm-dir", "policy");
    private static final Set<String> POLICY_KEYS = Set.of("endpoint-to-host", "failsafe-inbound", "failsafe-outbound", "ignore-loose-rpf", "log-prefix");
    private static final Set<String> ETCD_KEYS = Set.of("endpoints", "ca", "cert", "key", "prefix");

    private AgentYaml() {}

    static Decoded<AgentConfig> parse(String where, String yaml) {
        try {
            return Decoded.good(new Reader(where).config(load(where, yaml)));
        } catch (Refused refused) {
            return Decoded.bad(refused.problem);
        }
    }

    static String print(AgentConfig config) {
        EtcdConfig etcd = config.etcd();
        StringBuilder text = new StringBuilder(512);
        line(text, "unit", config.unit());
        line(text, "nodename", config.nodename());
        text.append("etcd:\n");
        // As the charm writes them: what reads this form is what the AOT cache is to have.
        text.append(etcd.endpoints().isEmpty() ? "  endpoints: []\n" : "  endpoints:\n");
        etcd.endpoints().forEach(endpoint -> text.append("    - ").append(quoted(endpoint)).append('\n'));
        line(text, "  ca", etcd.ca());
        line(text, "  cert", etcd.cert());
        line(text, "  key", etcd.key());
        line(text, "  prefix", etcd.prefix());
        line(text, "iface", config.iface());
        line(text, "public-ip", config.publicIp().map(Object::toString).orElse(""));
        text.append("mtu: ").append(config.mtu()).append('\n');
        line(text, "dataplane", config.dataplane().word());
        line(text, "tx-checksum", config.txChecksum().word());
        line(text, "lease-ttl", config.leaseTtl().toSeconds() + "s");
        line(text, "log-level", config.logLevel().word());
        line(text, "listen", config.listen().toString());
        line(text, "kubeconfig", config.kubeconfig());
        line(text, "charm-dir", config.charmDir());
        PolicyOptions policy = config.policy();
        text.append("policy:\n");
        line(text, "  endpoint-to-host", policy.endpointToHost().orElse(""));
        line(text, "  failsafe-inbound", PolicyOptions.text(policy.failsafeInbound()));
        line(text, "  failsafe-outbound", PolicyOptions.text(policy.failsafeOutbound()));
        text.append("  ignore-loose-rpf: ").append(policy.ignoreLooseRpf()).append('\n');
        line(text, "  log-prefix", policy.logPrefix().orElse(""));
        return text.toString();
    }

    private static void line(StringBuilder text, String key, String value) {
        text.append(key).append(": ").append(quoted(value)).append('\n');
    }

    private static String quoted(String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static Map<?, ?> load(String where, String yaml) throws Refused {
        Map<String, Object> usual = UsualYaml.read(yaml);
        if (usual != null) {
            return usual;
        }
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        try {
            Object root = new Yaml(new SafeConstructor(options)).load(yaml);
            if (root == null) {
                return Map.of();
            }
            if (root instanceof Map<?, ?> map) {
                return map;
            }
            throw new Refused(new Problem(where, "", yaml, "a YAML mapping of options"));
        } catch (YAMLException | StackOverflowError malformed) {
            String reason = String.valueOf(malformed.getMessage()).lines().map(String::strip).filter(line -> !line.isEmpty()).findFirst().orElse("");
            throw new Refused(new Problem(where, "", reason, "well-formed YAML"));
        }
    }

    /** A value was wrong. Kept inside this class: what leaves it is a {@link Decoded}. */
    private static final class Refused extends Exception {

        private static final long serialVersionUID = 1;

        private final transient Problem problem;

        Refused(Problem problem) {
            super(problem.sentence(), null, false, false);
            this.problem = problem;
        }
    }

    private record Reader(String where) {

        AgentConfig config(Map<?, ?> map) throws Refused {
            onlyKnown(map, "", KEYS);
            Object etcd = map.get("etcd");
            if (etcd != null && !(etcd instanceof Map)) {
                throw new Refused(new Problem(where, "etcd", etcd.toString(), "a mapping with endpoints, ca, cert, key and prefix"));
            }
            return new AgentConfig(
                    read(map, "", "unit", "", Options::unit),
                    read(map, "", "nodename", "", Options::nodename),
                    etcd instanceof Map<?, ?> inner ? etcd(inner) : EtcdConfig.none(),
                    read(map, "", "iface", "", Options::iface),
                    read(map, "", "public-ip", "", Options::publicIp),
                    read(map, "", "mtu", "0", Options::mtu),
                    read(map, "", "dataplane", DataplaneOption.AUTO.word(), Options::dataplane),
                    read(map, "", "lease-ttl", "", Options::leaseTtl),
                    read(map, "", "log-level", LogLevel.INFO.word(), Options::logLevel),
                    read(map, "", "listen", "", Options::listen),
                    read(map, "", "kubeconfig", "", Options::path),
                    read(map, "", "charm-dir", "", Options::path),
                    policy(map.get("policy")),
                    read(map, "", "tx-checksum", TxChecksum.AUTO.word(), Options::txChecksum));
        }

        private PolicyOptions policy(@Nullable Object value) throws Refused {
            if (value == null) {
                return PolicyOptions.NONE;
            }
            if (!(value instanceof Map<?, ?> map)) {
                throw new Refused(new Problem(where, "policy", value.toString(), "a mapping with " + String.join(", ", POLICY_KEYS.stream().sorted().toList())));
            }
            onlyKnown(map, "policy.", POLICY_KEYS);
            return new PolicyOptions(
                    read(map, "policy.", "endpoint-to-host", "", Options::endpointToHost),
                    read(map, "policy.", "failsafe-inbound", "", Options::failsafePorts),
                    read(map, "policy.", "failsafe-outbound", "", Options::failsafePorts),
                    read(map, "policy.", "ignore-loose-rpf", "false", Options::flag),
                    read(map, "policy.", "log-prefix", "", Options::logPrefix));
        }

        private EtcdConfig etcd(Map<?, ?> map) throws Refused {
            onlyKnown(map, "etcd.", ETCD_KEYS);
            String ca = read(map, "etcd.", "ca", "", Options::path);
            String cert = read(map, "etcd.", "cert", "", Options::path);
            String key = read(map, "etcd.", "key", "", Options::path);
            List<String> endpoints = endpoints(map.get("endpoints"));
            boolean tls = !(ca + cert + key).isEmpty() || endpoints.stream().anyMatch(endpoint -> endpoint.startsWith("https:"));
            if (tls) {
                needed("ca", ca);
                needed("cert", cert);
                needed("key", key);
            }
            String prefix = read(map, "etcd.", "prefix", EtcdConfig.DEFAULT_PREFIX, Options::prefix);
            return new EtcdConfig(endpoints, ca, cert, key, prefix);
        }

        private void needed(String field, String path) throws Refused {
            if (path.isEmpty()) {
                throw new Refused(new Problem(where, "etcd." + field, "", "a path: TLS needs ca, cert and key"));
            }
        }

        private List<String> endpoints(@Nullable Object value) throws Refused {
            if (value == null) {
                return List.of();
            }
            if (!(value instanceof List<?> list)) {
                throw new Refused(new Problem(where, "etcd.endpoints", value.toString(), "a list such as [https://10.10.0.1:2379]"));
            }
            List<String> endpoints = new ArrayList<>();
            for (int i = 0; i < list.size(); i++) {
                String field = "etcd.endpoints[" + i + "]";
                endpoints.add(good(Options.endpoint(where, field, String.valueOf(list.get(i)))));
            }
            if (endpoints.stream().map(endpoint -> endpoint.startsWith("https:")).distinct().count() > 1) {
                throw new Refused(new Problem(where, "etcd.endpoints", String.join(",", endpoints), "either all https or all http"));
            }
            return endpoints;
        }

        private interface Option<T> {
            Decoded<T> read(String where, String field, String text);
        }

        private <T> T read(Map<?, ?> map, String parent, String key, String absent, Option<T> option) throws Refused {
            Object value = map.get(key);
            if (value instanceof Map || value instanceof List) {
                throw new Refused(new Problem(where, parent + key, value.toString(), "a single value"));
            }
            return good(option.read(where, parent + key, value == null ? absent : value.toString()));
        }

        private void onlyKnown(Map<?, ?> map, String parent, Set<String> known) throws Refused {
            for (Object key : map.keySet()) {
                if (!(key instanceof String name) || !known.contains(name)) {
                    throw new Refused(new Problem(where, parent + key, String.valueOf(map.get(key)),
                            "one of the options " + String.join(", ", known.stream().sorted().toList())));
                }
            }
        }

        private static <T> T good(Decoded<T> decoded) throws Refused {
            return switch (decoded) {
                case Good<T>(T value) -> value;
                case Bad<T>(Problem problem) -> throw new Refused(problem);
            };
        }
    }
}

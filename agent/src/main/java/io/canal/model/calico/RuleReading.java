package io.canal.model.calico;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import io.canal.model.Problem;
import io.canal.model.calico.EntityRule.Service;
import io.canal.model.calico.EntityRule.ServiceAccounts;
import io.canal.model.calico.Reading.Malformed;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Rules out of JSON. A rule that cannot be read opens nothing: where it was to allow (or to log) it is left out, and where it was
 * to deny, to pass, or to do something that nobody knows, it denies all.
 */
final class RuleReading {

    private static final int LARGEST_TYPE = 254;
    private static final int LARGEST_CODE = 255;

    private RuleReading() {}

    /**
     * The rules of one direction.
     *
     * @param known has what was read before, and gets what is read now
     * @param notes takes what could not be read
     */
    static List<PolicyRule> rules(Reading spec, String direction, KnownRules known, List<Problem> notes) throws Malformed {
        List<PolicyRule> rules = new ArrayList<>();
        for (Reading rule : spec.objects(direction)) {
            PolicyRule before = known.get(rule.json());
            if (before != null) {
                rules.add(before);
                continue;
            }
            try {
                PolicyRule read = rule(rule);
                known.put(rule.json(), read);
                rules.add(read);
            } catch (Malformed malformed) {
                notes.add(malformed.problem());
                if (!opensOnly(rule)) {
                    rules.add(PolicyRule.all(RuleAction.DENY));
                }
            }
        }
        return List.copyOf(rules);
    }

    /** The rule that this is; empty where it cannot be read. */
    static Optional<PolicyRule> good(ResourceKey key, JsonNode json) {
        try {
            return Optional.of(rule(Reading.of(key, "rule", json)));
        } catch (Malformed malformed) {
            return Optional.empty();
        }
    }

    private static boolean opensOnly(Reading rule) {
        try {
            return RuleAction.parse(rule.text("action")).filter(action -> action == RuleAction.ALLOW || action == RuleAction.LOG).isPresent();
        } catch (Malformed notEvenText) {
            return false;
        }
    }

    private static PolicyRule rule(Reading rule) throws Malformed {
        RuleAction action = RuleAction.parse(rule.text("action")).orElseThrow(() -> rule.bad("action", "Allow, Deny, Log or Pass"));
        PolicyRule read = new PolicyRule(action,
                rule.parsed("ipVersion", RuleReading::family, "4 or 6"),
                rule.parsed("protocol", PolicyProtocol::parse, "a protocol's name, or a number from 1 to 255"),
                rule.parsed("notProtocol", PolicyProtocol::parse, "a protocol's name, or a number from 1 to 255"),
                icmp(rule, "icmp"), icmp(rule, "notICMP"),
                entity(rule.object("source")), entity(rule.object("destination")),
                rule.has("http"),
                rule.object("metadata").textMap("annotations"));
        needsPorts(rule, read, "source", read.source());
        needsPorts(rule, read, "destination", read.destination());
        return read;
    }

    /** Ports mean nothing without a protocol that has them, unless all of them are names, which endpoints give a protocol to. */
    private static void needsPorts(Reading rule, PolicyRule read, String side, EntityRule entity) throws Malformed {
        boolean numbers = entity.ports().stream().anyMatch(PolicyPort.Numbers.class::isInstance)
                || entity.notPorts().stream().anyMatch(PolicyPort.Numbers.class::isInstance);
        boolean ports = !entity.ports().isEmpty() || !entity.notPorts().isEmpty();
        if (read.protocol().isPresent() ? ports && !read.protocol().get().hasPorts() : numbers) {
            throw rule.object(side).bad("ports", "ports only with the protocol TCP, UDP or SCTP");
        }
    }

    private static EntityRule entity(Reading entity) throws Malformed {
        EntityRule read = new EntityRule(
                entity.list("nets", RuleReading::net, "an address or a CIDR"),
                entity.list("notNets", RuleReading::net, "an address or a CIDR"),
                entity.text("selector"), entity.text("notSelector"), entity.text("namespaceSelector"),
                entity.list("ports", PolicyPort::parse, "a port, a range such as 8000:9000, or a port's name"),
                entity.list("notPorts", PolicyPort::parse, "a port, a range such as 8000:9000, or a port's name"),
                serviceAccounts(entity.object("serviceAccounts")),
                service(entity.object("services")));
        // Most rules leave a side open: all of these share one object.
        return read.isAny() ? EntityRule.ANY : read;
    }

    private static ServiceAccounts serviceAccounts(Reading accounts) throws Malformed {
        ServiceAccounts read = new ServiceAccounts(accounts.texts("names"), accounts.text("selector"));
        return read.isAny() ? ServiceAccounts.ANY : read;
    }

    private static Service service(Reading service) throws Malformed {
        Service read = new Service(service.text("name"), service.text("namespace"));
        return read.equals(Service.NONE) ? Service.NONE : read;
    }

    private static Optional<PolicyIcmp> icmp(Reading rule, String field) throws Malformed {
        if (!rule.has(field)) {
            return Optional.empty();
        }
        Reading icmp = rule.object(field);
        Optional<Integer> type = icmp.integer("type", 0, LARGEST_TYPE);
        Optional<Integer> code = icmp.integer("code", 0, LARGEST_CODE);
        if (type.isEmpty() && code.isPresent()) {
            throw icmp.bad("type", "a type, as there is a code");
        }
        return type.map(known -> new PolicyIcmp(known, code.orElse(PolicyIcmp.ANY_CODE)));
    }

    private static Optional<Family> family(JsonNode version) {
        return switch (version.isInt() ? version.intValue() : 0) {
            case 4 -> Optional.of(Family.V4);
            case 6 -> Optional.of(Family.V6);
            default -> Optional.empty();
        };
    }

    private static Optional<IpPrefix> net(JsonNode net) {
        return net.isTextual() ? net(net.textValue()) : Optional.empty();
    }

    /** An address alone is a block of one. */
    static Optional<IpPrefix> net(String net) {
        return IpPrefix.parse(net).or(() -> Ip.parse(net).map(IpPrefix::host));
    }
}

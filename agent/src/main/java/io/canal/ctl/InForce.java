package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.policy.reference.Failsafe;
import io.canal.policy.reference.NodeView;
import io.canal.policy.reference.NodeView.ToHost;
import io.canal.policy.rules.FelixParameters;
import io.canal.policy.rules.RuleSettings;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The parameters that hold on a node. */
final class InForce {

    private InForce() {}

    /** As its agent has told. */
    static NodeView told(String node, JsonNode told) {
        Map<String, Set<Ip>> interfaces = new HashMap<>();
        told.path("interfaces").properties().forEach(each -> {
            Set<Ip> addresses = new HashSet<>();
            each.getValue().forEach(address -> Ip.parse(address.asText()).ifPresent(addresses::add));
            interfaces.put(each.getKey(), addresses);
        });
        Set<Integer> guarded = new HashSet<>();
        told.path("guarded-ports").forEach(port -> guarded.add(port.asInt()));
        ToHost toHost = switch (told.path("to-host").asText()) {
            case "DROP" -> ToHost.DROP;
            case "RETURN" -> ToHost.RETURN;
            default -> ToHost.ACCEPT;
        };
        return new NodeView(node, interfaces, toHost, failsafes(told.path("failsafe-inbound")), failsafes(told.path("failsafe-outbound")), guarded,
                told.path("spoofing").asBoolean());
    }

    private static List<Failsafe> failsafes(JsonNode list) {
        return list.valueStream().map(each -> new Failsafe(each.path("protocol").asInt(), IpPrefix.parse(each.path("net").asText()).map(IpPrefix::cidr),
                each.path("port").asInt())).toList();
    }

    /** As FelixConfiguration says, of a node whose agent does not answer; its charm may have options that say otherwise. */
    static NodeView guessed(String node, List<Resource> resources, Map<String, Set<Ip>> interfaces) {
        RuleSettings settings = RuleSettings.defaults();
        for (String name : new String[] {"default", "node." + node}) {
            Optional<Resource> felix = resources.stream().filter(one -> one.key().kind() == Kind.FELIX_CONFIGURATION && one.key().name().equals(name)).findFirst();
            if (felix.isPresent()) {
                settings = FelixParameters.over(settings, felix.get().spec());
            }
        }
        return new NodeView(node, interfaces, ToHost.valueOf(settings.endpointToHost().name()), failsafes(settings.failsafeInbound()),
                failsafes(settings.failsafeOutbound()), settings.vxlanFromWorkloads() ? Set.of() : Set.of(settings.vxlanPort()), settings.spoofing());
    }

    private static List<Failsafe> failsafes(List<io.canal.policy.rules.Failsafe> failsafes) {
        return failsafes.stream().map(each -> new Failsafe(each.protocol(), each.net(), each.port())).toList();
    }
}

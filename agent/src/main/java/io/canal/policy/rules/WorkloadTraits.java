package io.canal.policy.rules;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Ip;
import io.canal.model.calico.WorkloadEndpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What of a pod's endpoint becomes rules beside its policy.
 *
 * @param toPod limits of what is sent to the pod
 * @param fromPod limits of what it sends
 * @param codePoint the code point of what it sends out of the cluster
 * @param addresses the pod's own
 * @param floating the pod's address behind each further address
 */
public record WorkloadTraits(Limits toPod, Limits fromPod, OptionalInt codePoint, List<Ip> addresses, SortedMap<Ip, Ip> floating) {

    /** Those of most pods. */
    public static final WorkloadTraits NONE = new WorkloadTraits(Limits.NONE, Limits.NONE, OptionalInt.empty(), List.of(), new TreeMap<>());

    private static final long MOST_PACKETS = 1_000_000;
    private static final long MOST_BURST = 10_000;
    private static final long MOST_CONNECTIONS = 0xffff_ffffL;
    /** What iptables takes where no burst is given; Felix ends with a panic. */
    private static final long DEFAULT_BURST = 5;

    /**
     * @param packets per second, 0 for any number
     * @param burst how many packets may come at once
     * @param connections 0 for any number
     */
    public record Limits(long packets, long burst, long connections) {

        static final Limits NONE = new Limits(0, 0, 0);
    }

    public WorkloadTraits {
        addresses = List.copyOf(addresses);
        floating = new TreeMap<>(floating);
    }

    /** Reads them; what is out of its range counts as absent. */
    public static WorkloadTraits of(WorkloadEndpoint endpoint) {
        JsonNode spec = endpoint.resource().spec();
        JsonNode qos = spec.path("qosControls");
        if (qos.isEmpty() && spec.path("ipNATs").isEmpty()) {
            return NONE;
        }
        SortedMap<Ip, Ip> floating = new TreeMap<>();
        for (JsonNode nat : spec.path("ipNATs")) {
            Ip.parse(nat.path("externalIP").asText()).ifPresent(external -> Ip.parse(nat.path("internalIP").asText())
                    .filter(internal -> internal.family() == external.family())
                    .ifPresent(internal -> floating.put(external, internal)));
        }
        JsonNode dscp = qos.path("dscp");
        OptionalInt codePoint = dscp.isInt() && dscp.intValue() >= 0 && dscp.intValue() <= 63 ? OptionalInt.of(dscp.intValue()) : OptionalInt.empty();
        WorkloadTraits traits = new WorkloadTraits(limits(qos, "ingress"), limits(qos, "egress"), codePoint, new ArrayList<>(endpoint.addresses()), floating);
        return traits.isNone() ? NONE : traits;
    }

    private boolean isNone() {
        return toPod.equals(Limits.NONE) && fromPod.equals(Limits.NONE) && codePoint.isEmpty() && floating.isEmpty();
    }

    private static Limits limits(JsonNode qos, String way) {
        long packets = number(qos.path(way + "PacketRate"), MOST_PACKETS);
        long burst = number(qos.path(way + "PacketBurst"), MOST_BURST);
        return new Limits(packets, packets == 0 ? 0 : burst == 0 ? DEFAULT_BURST : burst, number(qos.path(way + "MaxConnections"), MOST_CONNECTIONS));
    }

    private static long number(JsonNode node, long most) {
        return node.isIntegralNumber() && node.longValue() > 0 && node.longValue() <= most ? node.longValue() : 0;
    }
}

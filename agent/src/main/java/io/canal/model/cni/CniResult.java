package io.canal.model.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Json;
import io.canal.model.Mac;
import java.util.List;

/**
 * What ADD gives: one interface on the host, its peer in the pod, and the pod's addresses.
 *
 * @param sandbox the path of the pod's network namespace
 * @param mtu 0 to leave it out
 * @param routes the routes of the configuration's {@code ipam}
 * @param dns what the resolv.conf says that the configuration's {@code ipam} names
 */
public record CniResult(
        String hostInterface, String interfaceInPod, Mac mac, String sandbox, int mtu, List<Ip> addresses, List<IpamConfig.Route> routes, Dns dns) {

    public CniResult {
        addresses = List.copyOf(addresses);
        routes = List.copyOf(routes);
    }

    /** The text for standard output, in the form of that version. */
    public String print(CniVersion version) {
        ObjectNode json = Json.object().put("cniVersion", version.toString());
        if (!version.atLeast(CniVersion.V0_3_0)) {
            old(json, "ip4", Ip.Family.V4);
            old(json, "ip6", Ip.Family.V6);
            json.set("dns", dns.json(false));
        } else {
            boolean modern = version.atLeast(CniVersion.V1_0_0);
            if (modern && !dns.equals(Dns.NONE)) {
                json.set("dns", dns.json(true));
            }
            var interfaces = json.putArray("interfaces");
            interfaces.addObject().put("name", hostInterface);
            ObjectNode inPod = interfaces.addObject();
            var ips = json.putArray("ips");
            // The order of the keys is that of the reference library, which sorts those of the newer results.
            if (modern) {
                inPod.put("mac", mac.toString());
                if (mtu > 0) {
                    inPod.put("mtu", mtu);
                }
                inPod.put("name", interfaceInPod).put("sandbox", sandbox);
                addresses.forEach(address -> ips.addObject().put("address", IpPrefix.host(address).toString()).put("interface", 1));
            } else {
                inPod.put("name", interfaceInPod).put("mac", mac.toString()).put("sandbox", sandbox);
                addresses.forEach(address -> ips.addObject().put("version", address.isV4() ? "4" : "6").put("interface", 1)
                        .put("address", IpPrefix.host(address).toString()));
            }
            if (!routes.isEmpty()) {
                var written = json.putArray("routes");
                routes.forEach(route -> written.add(route(route, version)));
            }
            if (!modern) {
                json.set("dns", dns.json(false));
            }
        }
        return CniJson.pretty(json);
    }

    private void old(ObjectNode json, String field, Ip.Family family) {
        addresses.stream().filter(address -> address.family() == family).findFirst().ifPresent(address -> {
            ObjectNode ip = json.putObject(field).put("ip", IpPrefix.host(address).toString());
            List<IpamConfig.Route> ofFamily = routes.stream().filter(route -> route.destination().address().family() == family).toList();
            if (!ofFamily.isEmpty()) {
                var written = ip.putArray("routes");
                ofFamily.forEach(route -> written.add(route(route, CniVersion.V0_2_0)));
            }
        });
    }

    private static JsonNode route(IpamConfig.Route route, CniVersion version) {
        if (version.atLeast(CniVersion.V1_0_0)) {
            return route.json();
        }
        ObjectNode old = Json.object().put("dst", CniJson.get(route.json(), "dst").asText());
        JsonNode gateway = CniJson.get(route.json(), "gw");
        if (!CniJson.absent(gateway)) {
            old.set("gw", gateway);
        }
        return old;
    }
}

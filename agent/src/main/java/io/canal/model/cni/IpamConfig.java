package io.canal.model.cni;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The {@code ipam} part of a configuration, in host-local's form. */
public record IpamConfig(JsonNode json) {

    /** What stands for the node's own subnet. */
    private static final String POD_CIDR = "usePodCidr";

    private static final String POD_CIDR_V6 = "usePodCidrIPv6";

    private static final String STORE = "/var/lib/cni/networks";

    /**
     * A range as it is written.
     *
     * @param subnet empty where the node's own subnet of {@code family} is meant
     */
    public record Range(Optional<IpPrefix> subnet, Ip.Family family, Optional<Ip> start, Optional<Ip> end, Optional<Ip> gateway) {}

    /**
     * A route to set in the pod.
     *
     * @param json the route as written, for the result
     */
    public record Route(IpPrefix destination, JsonNode json) {}

    public String type() {
        return CniJson.get(json, "type").asText();
    }

    /** Range sets: an address is taken from each. The single range of old, where there is one, comes first. */
    public List<List<Range>> ranges() {
        List<List<Range>> sets = new ArrayList<>();
        if (!CniJson.absent(CniJson.get(json, "subnet"))) {
            sets.add(List.of(range(json)));
        }
        sets.addAll(sets(CniJson.get(json, "ranges")));
        return sets;
    }

    /** Sets of ranges, as {@code ranges} and the capability {@code ipRanges} have them. */
    static List<List<Range>> sets(JsonNode written) {
        List<List<Range>> sets = new ArrayList<>();
        written.forEach(set -> {
            List<Range> ranges = new ArrayList<>();
            set.forEach(range -> ranges.add(range(range)));
            sets.add(ranges);
        });
        return sets;
    }

    public List<Route> routes() {
        List<Route> routes = new ArrayList<>();
        CniJson.get(json, "routes").forEach(route ->
                routes.add(new Route(IpPrefix.parse(CniJson.get(route, "dst").asText()).orElseThrow(), route)));
        return routes;
    }

    /** The file, in the form of resolv.conf, with what the pod's DNS shall be; empty for none. */
    public String resolvConf() {
        return CniJson.get(json, "resolvConf").asText("");
    }

    static void check(JsonNode json, Checks checks) {
        checks.text(json, "ipam.", "type").text(json, "ipam.", "resolvConf")
                .field(json, "ipam.", "dataDir", IpamConfig::isOurStore, STORE + ", where canal keeps the addresses of all pods");
        checkRange(json, "ipam.", checks);
        checkSets(json, "ipam.", "ranges", checks);
        checks.each(json, "ipam.", "routes", route -> route.isObject() && IpPrefix.parse(CniJson.get(route, "dst").asText()).isPresent(),
                "an object with dst, a CIDR");
    }

    private static boolean isOurStore(JsonNode folder) {
        return folder.isTextual() && (folder.asText().isEmpty() || folder.asText().replaceAll("/+$", "").equals(STORE));
    }

    static void checkSets(JsonNode json, String at, String field, Checks checks) {
        checks.each(json, at, field, set -> set.isArray() && !set.isEmpty(), "a list of ranges that is not empty");
        int number = 0;
        for (JsonNode set : CniJson.get(json, field)) {
            int index = 0;
            for (JsonNode range : set) {
                String path = at + field + "[" + number + "][" + index++ + "]";
                if (!range.isObject() || CniJson.absent(CniJson.get(range, "subnet"))) {
                    checks.wrong(path, range, "an object with a subnet");
                } else {
                    checkRange(range, path + ".", checks);
                }
            }
            number++;
        }
    }

    private static void checkRange(JsonNode range, String path, Checks checks) {
        checks.field(range, path, "subnet", subnet -> subnet.isTextual()
                && (isKeyword(subnet.asText()) || IpPrefix.parse(subnet.asText()).isPresent()), "a CIDR such as 10.1.49.0/24");
        for (String field : new String[] {"rangeStart", "rangeEnd", "gateway"}) {
            checks.field(range, path, field, address -> address.isTextual() && (address.asText().isEmpty() || Ip.parse(address.asText()).isPresent()),
                    "an IP address");
        }
    }

    private static boolean isKeyword(String subnet) {
        return subnet.equalsIgnoreCase(POD_CIDR) || subnet.equalsIgnoreCase(POD_CIDR_V6);
    }

    private static Range range(JsonNode json) {
        String text = CniJson.get(json, "subnet").asText();
        Optional<IpPrefix> subnet = IpPrefix.parse(text);
        Ip.Family family = subnet.map(prefix -> prefix.address().family())
                .orElse(text.equalsIgnoreCase(POD_CIDR_V6) ? Ip.Family.V6 : Ip.Family.V4);
        return new Range(subnet, family, address(json, "rangeStart"), address(json, "rangeEnd"), address(json, "gateway"));
    }

    private static Optional<Ip> address(JsonNode json, String field) {
        return Ip.parse(CniJson.get(json, field).asText());
    }
}

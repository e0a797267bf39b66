package io.canal.model;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Ip.Family;
import java.util.Optional;

/**
 * What a lease says about the node that has it; flannel's JSON, byte for byte.
 *
 * <p>Fields in flannel's order: {@code PublicIP}, {@code PublicIPv6} (always there, {@code null} where none), {@code BackendType},
 * {@code BackendData}, {@code BackendV6Data}; the last three are left out where empty. The data of a vxlan lease is its
 * {@link Vtep}; that of other backends is kept in {@code extra}.
 *
 * @param publicIp where packets for the node go, IPv4; {@code 0.0.0.0} in an IPv6-only network
 * @param backendType {@code vxlan}, {@code host-gw}, …; empty for flannel's udp and alloc, which do not write it
 */
public record LeaseValue(
        Ip publicIp, Optional<Ip> publicIpv6, String backendType, Optional<Vtep> vtep, Optional<Vtep> vtepV6, Extra extra) {

    /** What {@code PublicIP} says where there is no IPv4. */
    public static final Ip NO_V4 = new Ip(Family.V4, 0, 0);

    /** What stands for a lease of which nothing can be read: it has no address, and is nobody's. */
    public static final LeaseValue UNKNOWN = new LeaseValue(NO_V4, Optional.empty(), "", Optional.empty(), Optional.empty());

    public static final String VXLAN = "vxlan";
    public static final String HOST_GW = "host-gw";

    public LeaseValue {
        if (!publicIp.isV4() || publicIpv6.filter(Ip::isV4).isPresent()) {
            throw new IllegalArgumentException("the families of " + publicIp + " and " + publicIpv6 + " are mixed up");
        }
    }

    public LeaseValue(Ip publicIp, Optional<Ip> publicIpv6, String backendType, Optional<Vtep> vtep, Optional<Vtep> vtepV6) {
        this(publicIp, publicIpv6, backendType, vtep, vtepV6, Extra.NONE);
    }

    /** A vxlan lease of IPv4 alone. */
    public static LeaseValue vxlan(Ip publicIp, int vni, Mac mac) {
        return new LeaseValue(publicIp, Optional.empty(), VXLAN, Optional.of(new Vtep(vni, mac)), Optional.empty());
    }

    /** A host-gw lease of IPv4 alone. */
    public static LeaseValue hostGw(Ip publicIp) {
        return new LeaseValue(publicIp, Optional.empty(), HOST_GW, Optional.empty(), Optional.empty());
    }

    /**
     * Reads the JSON text.
     *
     * @param where the etcd key, for the sentence where the text is malformed
     */
    public static Decoded<LeaseValue> parse(String where, String text) {
        Optional<LeaseValue> usual = UsualLease.read(text);
        return usual.isPresent() ? Decoded.good(usual.get()) : Fields.decode(where, text, LeaseValue::read);
    }

    static LeaseValue read(Fields fields) throws Fields.Malformed {
        Ip publicIp = fields.parsed("PublicIP", "the IPv4 address of a host", LeaseValue::v4)
                .orElseThrow(() -> fields.missing("PublicIP", "the IPv4 address of a host"));
        Optional<Ip> publicIpv6 = fields.parsed("PublicIPv6", "the IPv6 address of a host, or null", LeaseValue::v6);
        if (publicIp.equals(NO_V4) && publicIpv6.isEmpty()) {
            throw fields.bad("PublicIP", publicIp.toString(), "an address of the node, as PublicIPv6 is not given either");
        }
        String type = fields.string("BackendType", "the name of a backend").orElse("");
        if (!type.equals(VXLAN)) {
            return new LeaseValue(publicIp, publicIpv6, type, Optional.empty(), Optional.empty(), fields.rest());
        }
        Optional<Vtep> vtep = vtep(fields, "BackendData");
        Optional<Vtep> vtepV6 = vtep(fields, "BackendV6Data");
        if (vtep.isEmpty() && vtepV6.isEmpty()) {
            throw fields.missing("BackendData", "an object with VNI and VtepMAC, as BackendType is vxlan");
        }
        return new LeaseValue(publicIp, publicIpv6, type, vtep, vtepV6, fields.rest());
    }

    /** The JSON text. */
    public String text() {
        return Fields.compact(json());
    }

    ObjectNode json() {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        object.put("PublicIP", publicIp.toString());
        object.put("PublicIPv6", publicIpv6.map(Ip::toString).orElse(null));
        if (!backendType.isEmpty()) {
            object.put("BackendType", backendType);
        }
        vtep.ifPresent(data -> object.set("BackendData", data.json()));
        vtepV6.ifPresent(data -> object.set("BackendV6Data", data.json()));
        extra.addTo(object);
        return object;
    }

    /** The node's underlay address of a family; empty where it has none. */
    public Optional<Ip> publicAddress(Family family) {
        return family == Family.V4 ? Optional.of(publicIp).filter(ip -> !ip.equals(NO_V4)) : publicIpv6;
    }

    /** The node's address for people: the IPv4 one, or in a network without IPv4 the IPv6 one. */
    public Ip address() {
        return publicAddress(Family.V4).or(() -> publicIpv6).orElse(publicIp);
    }

    /** The tunnel end that carries a family. */
    public Optional<Vtep> vtep(Family family) {
        return family == Family.V4 ? vtep : vtepV6;
    }

    /** Whether it is the same node's: the IPv4 addresses are equal, or where neither has one the IPv6 addresses are. */
    public boolean samePublicAddress(LeaseValue other) {
        return publicIp.equals(NO_V4) && other.publicIp.equals(NO_V4)
                ? publicIpv6.equals(other.publicIpv6)
                : publicIp.equals(other.publicIp);
    }

    @Override
    public String toString() {
        return text();
    }

    private static Optional<Ip> v4(String text) {
        return Ip.parse(text).filter(ip -> ip.isV4() && (ip.isOfHost() || ip.equals(NO_V4)));
    }

    private static Optional<Ip> v6(String text) {
        return Ip.parse(text).filter(ip -> ip.isV6() && ip.isOfHost());
    }

    private static Optional<Vtep> vtep(Fields fields, String name) throws Fields.Malformed {
        Optional<Fields> object = fields.object(name);
        return object.isEmpty() ? Optional.empty() : Optional.of(Vtep.read(object.get()));
    }
}

package io.canal.model;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Ip.Family;
import java.util.Locale;

/**
 * How packets are carried: the {@code Backend} object of the network config.
 *
 * @param type {@code vxlan} or {@code host-gw}
 * @param vni 1 to 16777215
 * @param port UDP port of vxlan; 0 in the config means the kernel's 8472: see {@link #udpPort}
 * @param mtu MTU of the underlay, 0 for that of the interface
 * @param directRouting vxlan peers on the same link are reached without encapsulation
 */
public record Backend(
        String type, int vni, int port, int mtu, boolean directRouting, boolean gbp, boolean learning, Extra extra) {

    private static final int KERNELS_PORT = 8472;

    /** vxlan with flannel's defaults. */
    public static final Backend VXLAN = new Backend(LeaseValue.VXLAN, 1, 0, 0, false, false, false, Extra.NONE);

    /** host-gw. */
    public static final Backend HOST_GW = new Backend(LeaseValue.HOST_GW, 1, 0, 0, false, false, false, Extra.NONE);

    public boolean isVxlan() {
        return type.equals(LeaseValue.VXLAN);
    }

    /** The UDP port on the wire. */
    public int udpPort() {
        return port == 0 ? KERNELS_PORT : port;
    }

    public Backend withVni(int other) {
        return new Backend(type, other, port, mtu, directRouting, gbp, learning, extra);
    }

    public Backend withPort(int other) {
        return new Backend(type, vni, other, mtu, directRouting, gbp, learning, extra);
    }

    public Backend withMtu(int other) {
        return new Backend(type, vni, port, other, directRouting, gbp, learning, extra);
    }

    public Backend withType(String other) {
        return new Backend(other, vni, port, mtu, directRouting, gbp, learning, extra);
    }

    public Backend withDirectRouting(boolean other) {
        return new Backend(type, vni, port, mtu, other, gbp, learning, extra);
    }

    /**
     * The highest VNI of a network with this family: the device is called {@code flannel.VNI}, or {@code flannel-v6.VNI} over IPv6, as
     * flannel's is, and the kernel's names have at most 15 characters. A flanneld fails to make its device, and ends.
     */
    public static int highestVni(Family family) {
        return family == Family.V4 ? 9_999_999 : 9_999;
    }

    Backend withExtra(Extra other) {
        return new Backend(type, vni, port, mtu, directRouting, gbp, learning, other);
    }

    static Backend read(Fields fields) throws Fields.Malformed {
        String expected = "vxlan or host-gw; canal does not carry flannel's other backends";
        String written = fields.string("Type", expected).orElse("");
        String type = written.toLowerCase(Locale.ROOT);
        if (!type.equals(LeaseValue.VXLAN) && !type.equals(LeaseValue.HOST_GW)) {
            throw fields.bad("Type", written, expected);
        }
        return new Backend(
                type,
                fields.integer("VNI", 1, Vtep.HIGHEST_VNI, 1),
                fields.integer("Port", 0, 65535, 0),
                mtu(fields),
                fields.bool("DirectRouting", false),
                fields.bool("GBP", false),
                fields.bool("Learning", false),
                fields.rest());
    }

    private static int mtu(Fields fields) throws Fields.Malformed {
        int mtu = fields.integer("MTU", 0, 65535, 0);
        // IPv4 asks for 576 of a path; below it there is no room for a header of each layer.
        if (mtu != 0 && mtu < 576) {
            throw fields.bad("MTU", Integer.toString(mtu), "0, or a whole number from 576 to 65535");
        }
        return mtu;
    }

    ObjectNode json() {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        object.put("Type", type);
        if (vni != 1) {
            object.put("VNI", vni);
        }
        if (port != 0) {
            object.put("Port", port);
        }
        if (mtu != 0) {
            object.put("MTU", mtu);
        }
        if (gbp) {
            object.put("GBP", true);
        }
        if (learning) {
            object.put("Learning", true);
        }
        if (directRouting) {
            object.put("DirectRouting", true);
        }
        extra.addTo(object);
        return object;
    }
}

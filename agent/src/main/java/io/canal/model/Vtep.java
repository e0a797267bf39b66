package io.canal.model;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What a vxlan lease says about its tunnel end: {@code {"VNI":1,"VtepMAC":"02:00:00:00:00:01"}}.
 *
 * @param vni 1 to 16777215; 0 where the lease does not say it (flannel before 0.14)
 */
public record Vtep(int vni, Mac mac, Extra extra) {

    /** The highest VXLAN network identifier: 24 bits. */
    public static final int HIGHEST_VNI = (1 << 24) - 1;

    private static final String MAC = "the MAC address of one device, such as 02:00:00:00:00:01";

    public Vtep {
        if (vni < 0 || vni > HIGHEST_VNI) {
            throw new IllegalArgumentException("VNI " + vni + " is not within 0 to " + HIGHEST_VNI);
        }
    }

    public Vtep(int vni, Mac mac) {
        this(vni, mac, Extra.NONE);
    }

    static Vtep read(Fields fields) throws Fields.Malformed {
        int vni = fields.integer("VNI", 0, HIGHEST_VNI, 0);
        Mac mac = fields.parsed("VtepMAC", MAC, text -> Mac.parse(text).filter(Mac::isUnicast)).orElseThrow(() -> fields.missing("VtepMAC", MAC));
        return new Vtep(vni, mac, fields.rest());
    }

    ObjectNode json() {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        if (vni != 0) {
            object.put("VNI", vni);
        }
        object.put("VtepMAC", mac.toString());
        extra.addTo(object);
        return object;
    }
}

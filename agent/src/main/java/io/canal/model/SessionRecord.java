package io.canal.model;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/**
 * That a node is alive, at {@code /canal/v1/nodes/<node id>} with a time to live of a minute.
 *
 * @param boot the kernel's boot id: another one under the same node id is a reboot, or a clone of the machine
 */
public record SessionRecord(String boot, Optional<Ip> publicIp, Optional<Ip> publicIpv6, Extra extra) {

    public SessionRecord(String boot, Optional<Ip> publicIp, Optional<Ip> publicIpv6) {
        this(boot, publicIp, publicIpv6, Extra.NONE);
    }

    /**
     * Reads the JSON text.
     *
     * @param where the etcd key, for the sentence where the text is malformed
     */
    public static Decoded<SessionRecord> parse(String where, String text) {
        return Fields.decode(where, text, fields -> new SessionRecord(
                fields.string("boot", "a boot id").filter(id -> !id.isEmpty())
                        .orElseThrow(() -> fields.missing("boot", "a boot id")),
                fields.parsed("publicIP", "an IPv4 address", ip -> Ip.parse(ip).filter(Ip::isV4)),
                fields.parsed("publicIPv6", "an IPv6 address", ip -> Ip.parse(ip).filter(Ip::isV6)),
                fields.rest()));
    }

    /** The JSON text. */
    public String text() {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        object.put("boot", boot);
        publicIp.ifPresent(ip -> object.put("publicIP", ip.toString()));
        publicIpv6.ifPresent(ip -> object.put("publicIPv6", ip.toString()));
        extra.addTo(object);
        return Fields.compact(object);
    }

    /** The session's addresses in words for people. */
    public String addresses() {
        return publicIp.or(() -> publicIpv6).map(Ip::toString).orElse("an unknown address");
    }

    @Override
    public String toString() {
        return text();
    }
}

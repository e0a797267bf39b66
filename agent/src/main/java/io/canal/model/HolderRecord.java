package io.canal.model;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;

/**
 * Who holds a subnet, at {@code /canal/v1/holders/<subnet key>}. It has no time to live: the subnet is the node's until it is
 * released, however long the node is cut off.
 *
 * @param node the node id: random, made once, kept on the node's disk
 * @param unit the Juju unit, for people
 * @param nodename the node's name in Kubernetes
 * @param since when the node got the subnet
 * @param lease the last value of the lease, so that peers still reach a node whose lease has expired
 */
public record HolderRecord(String node, String unit, String nodename, Instant since, LeaseValue lease, Extra extra) {

    public HolderRecord(String node, String unit, String nodename, Instant since, LeaseValue lease) {
        this(node, unit, nodename, since, lease, Extra.NONE);
    }

    /**
     * Reads the JSON text.
     *
     * @param where the etcd key, for the sentence where the text is malformed
     */
    public static Decoded<HolderRecord> parse(String where, String text) {
        return Fields.decode(where, text, HolderRecord::read);
    }

    /**
     * What a text that {@link #parse} refuses still says, if it says whose the subnet is: the node id. All else is taken as far as it can
     * be read; of how the node is reached nothing is ({@link LeaseValue#UNKNOWN}).
     */
    public static Optional<HolderRecord> salvage(String text) {
        return Fields.decode("", text, HolderRecord::readWhatCanBe) instanceof Decoded.Good<HolderRecord>(HolderRecord holder)
                ? Optional.of(holder) : Optional.empty();
    }

    private static HolderRecord readWhatCanBe(Fields fields) throws Fields.Malformed {
        String node = node(fields);
        String unit = fields.ifReadable("unit").orElse("");
        String nodename = fields.ifReadable("nodename").orElse("");
        Instant since = fields.ifReadable("since").flatMap(HolderRecord::instant).orElse(Instant.EPOCH);
        fields.drop("lease");
        return new HolderRecord(node, unit, nodename, since, LeaseValue.UNKNOWN, fields.rest());
    }

    private static String node(Fields fields) throws Fields.Malformed {
        return fields.string("node", "a node id").filter(id -> !id.isEmpty()).orElseThrow(() -> fields.missing("node", "a node id"));
    }

    private static HolderRecord read(Fields fields) throws Fields.Malformed {
        String node = node(fields);
        String unit = fields.string("unit", "a unit such as canal/0").orElse("");
        String nodename = fields.string("nodename", "a node name").orElse("");
        Instant since = fields.parsed("since", "a time such as 2026-01-01T00:00:00Z", HolderRecord::instant).orElse(Instant.EPOCH);
        Optional<Fields> lease = fields.object("lease");
        if (lease.isEmpty()) {
            throw fields.missing("lease", "the value of the node's lease");
        }
        return new HolderRecord(node, unit, nodename, since, LeaseValue.read(lease.get()), fields.rest());
    }

    /** The JSON text. */
    public String text() {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        object.put("node", node);
        object.put("unit", unit);
        object.put("nodename", nodename);
        object.put("since", since.toString());
        object.set("lease", lease.json());
        extra.addTo(object);
        return Fields.compact(object);
    }

    /** The same holder, reached by another value. */
    public HolderRecord withLease(LeaseValue other) {
        return new HolderRecord(node, unit, nodename, since, other, extra);
    }

    /** The holder in words for people, such as {@code canal/0 (h1, 10.10.0.1)}. */
    public String describe() {
        String address = lease.publicAddress(Ip.Family.V4).or(lease::publicIpv6).map(Ip::toString).orElse("?");
        String name = nodename.isEmpty() ? address : nodename + ", " + address;
        return (unit.isEmpty() ? "node " + node : unit) + " (" + name + ")";
    }

    @Override
    public String toString() {
        return text();
    }

    private static Optional<Instant> instant(String text) {
        try {
            return Optional.of(Instant.parse(text));
        } catch (DateTimeParseException malformed) {
            return Optional.empty();
        }
    }
}

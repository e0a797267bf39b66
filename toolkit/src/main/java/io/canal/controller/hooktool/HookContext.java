package io.canal.controller.hooktool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * One run of a hook as its tools see it. Reads give the state at the hook's start plus the hook's own writes; writes are kept
 * until the hook has ended well, except where a method says that it acts at once.
 */
public interface HookContext {

    /** A relation that the unit takes part in. */
    record Relation(int id, String endpoint, String remoteApp, List<String> units, boolean peer) {}

    /** A network device that carries addresses of a binding. */
    record Device(String name, String mac, List<Address> addresses) {}

    /** An address with its network, such as 10.0.0.5 in 10.0.0.0/24. */
    record Address(String value, String cidr) {}

    /** Where a binding lives. */
    record Network(List<Device> devices, List<String> ingress, List<String> egress) {}

    /** A status word, its text and since when it holds. */
    record StatusValue(String status, String message, Instant since) {}

    /** Ports that the unit has opened. */
    record OpenPorts(String range, List<String> endpoints) {}

    String unit();

    String modelUuid();

    boolean isLeader();

    /** All options with their values; null nodes for those without one. */
    SortedMap<String, JsonNode> settings();

    /** The relation that the hook is about. */
    Optional<Relation> hookRelation();

    /** The unit that the hook is about. */
    Optional<String> remoteUnit();

    Optional<Relation> relation(int id);

    /** The relations of an endpoint, by id. */
    List<Relation> relations(String endpoint);

    /** What a unit says on a relation; empty when it was never in it. */
    Optional<Map<String, String>> unitBag(int relation, String unit);

    /** What an application says on a relation; empty when it has no part in it. */
    Optional<Map<String, String>> appBag(int relation, String application);

    /** Writes the own unit's bag; an empty value deletes. */
    void writeUnitBag(int relation, Map<String, String> values);

    /** Writes the own application's bag; an empty value deletes. */
    void writeAppBag(int relation, Map<String, String> values);

    /** Where a binding lives; empty for one that the charm does not have. */
    Optional<Network> network(String binding);

    /** The address that others reach the unit's machine at. */
    String address();

    StatusValue unitStatus();

    /** Acts at once. */
    void setUnitStatus(String status, String message);

    StatusValue applicationStatus();

    /** The statuses of all units of the application, by name. */
    SortedMap<String, StatusValue> unitStatuses();

    /** Acts at once. */
    void setApplicationStatus(String status, String message);

    /** Acts at once. */
    void setApplicationVersion(String version);

    /** Acts at once. */
    void log(String level, String message);

    /** The other side of every relation that is no peer relation: endpoint → application or unit → status. */
    SortedMap<String, SortedMap<String, StatusValue>> goals();

    /** The unit's own key-value store. */
    SortedMap<String, String> store();

    void writeStore(String key, Optional<String> value);

    List<OpenPorts> openPorts();

    /** Checks and remembers a range; {@code endpoints} is empty for all of them. */
    void openPort(String range, List<String> endpoints) throws ToolException;

    void closePort(String range, List<String> endpoints) throws ToolException;

    /** Asks for storage, which no charm of ours has: the commit of the whole hook fails. */
    void addStorage(String name);

    /** The path of a resource's file on the unit's host, where it lies afterwards. Acts at once. */
    String resource(String name) throws ToolException;

    /** The parameters of the action that is run; empty in a hook. */
    Optional<ObjectNode> actionParams();

    void setActionResult(List<String> keys, String value);

    void failAction(String message);

    /** Acts at once. */
    void logAction(String message);
}

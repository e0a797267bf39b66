package io.canal.juju;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a charm can ask of Juju and tell it.
 *
 * <p>Writes to relations are kept back by Juju until the hook has ended well, and dropped otherwise; statuses and log lines take
 * effect at once. Each call is one hook tool, that is one process: callers ask for little. A call that Juju refuses throws
 * {@link JujuRefused}.
 */
public interface Juju {

    /** All options; an option without a value is absent or null. */
    JsonNode config();

    /** Whether this unit leads its application, good for some 30 s. */
    boolean isLeader();

    /** Ids of the relations on an endpoint, such as {@code etcd:3}. A broken one may still be listed while it breaks. */
    List<String> relationIds(String endpoint);

    /** The remote units of a relation. */
    List<String> relationUnits(String relation);

    /** What a unit has published on a relation; our own unit's writes of this hook included. */
    Map<String, String> relationData(String relation, String unit);

    /** Publishes values on a relation as this unit. An empty value removes its key. */
    void publish(String relation, Map<String, String> values);

    /** What the application of a unit has published on a relation; our own application's writes of this hook included. */
    Map<String, String> applicationData(String relation, String unit);

    /** Publishes values on a relation for all units of our application, which only its leader may. An empty value removes its key. */
    void publishForApplication(String relation, Map<String, String> values);

    /** The addresses that an endpoint is bound to; empty where Juju knows none. */
    Optional<JsonNode> network(String endpoint);

    void status(Status status);

    /** The version of the workload, shown for the whole application. */
    void workloadVersion(String version);

    void log(LogLevel level, String message);

    /** The parameters of the action that runs. */
    JsonNode actionParameters();

    /** Adds to the action's results. Keys are words of lower-case letters, digits and hyphens, joined by dots. */
    void actionResults(Map<String, String> results);

    /** Marks the action as failed, with the reason. */
    void actionFailed(String message);
}

package io.canal.juju;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Juju in memory, for tests: state in, state out.
 *
 * <p>Tests fill in what Juju knows, run a hook, and look at what it was told. After {@link #forgetUnit} every call that needs the
 * unit is refused, as in the last hooks of a teardown.
 */
public final class MemoryJuju implements Juju {

    private final ObjectNode config = Json.object();
    private final Map<String, List<String>> relations = new TreeMap<>();
    private final Map<String, List<String>> units = new TreeMap<>();
    private final Map<String, Map<String, String>> bags = new TreeMap<>();
    private final List<Status> statuses = new ArrayList<>();
    private final List<String> published = new ArrayList<>();
    private final Map<String, String> results = new TreeMap<>();
    private final ObjectNode parameters = Json.object();
    private Optional<JsonNode> network = Optional.empty();
    private Optional<String> failure = Optional.empty();
    private String version = "";
    private boolean leader;
    private boolean unitGone;
    private int calls;
    private final List<String> logged = new ArrayList<>();

    public MemoryJuju option(String name, String value) {
        config.put(name, value);
        return this;
    }

    public MemoryJuju option(String name, int value) {
        config.put(name, value);
        return this;
    }

    public MemoryJuju leader(boolean now) {
        leader = now;
        return this;
    }

    public MemoryJuju network(JsonNode document) {
        network = Optional.of(document);
        return this;
    }

    /** A relation with remote units and what they have published. */
    public MemoryJuju relation(String id, Map<String, Map<String, String>> remote) {
        String endpoint = id.substring(0, id.indexOf(':'));
        List<String> ids = relations.computeIfAbsent(endpoint, e -> new ArrayList<>());
        if (!ids.contains(id)) {
            ids.add(id);
        }
        units.put(id, List.copyOf(remote.keySet()));
        remote.forEach((unit, values) -> bags.put(id + " " + unit, new TreeMap<>(values)));
        return this;
    }

    public MemoryJuju without(String id) {
        relations.getOrDefault(id.substring(0, id.indexOf(':')), List.of()).remove(id);
        units.remove(id);
        return this;
    }

    public MemoryJuju parameter(String name, String value) {
        parameters.put(name, value);
        return this;
    }

    public MemoryJuju parameter(String name, boolean value) {
        parameters.put(name, value);
        return this;
    }

    /** From here on Juju does not know the unit any more. */
    public void forgetUnit() {
        unitGone = true;
    }

    public Status lastStatus() {
        return statuses.getLast();
    }

    public List<Status> statuses() {
        return List.copyOf(statuses);
    }

    /** What a unit or an application has on a relation. */
    public Map<String, String> bag(String relation, String unit) {
        return bags.getOrDefault(relation + " " + unit, Map.of());
    }

    /** The relations that were written to, once a write. */
    public List<String> published() {
        return List.copyOf(published);
    }

    public Map<String, String> results() {
        return Map.copyOf(results);
    }

    public Optional<String> failure() {
        return failure;
    }

    public String version() {
        return version;
    }

    /** How many hook tools that would have been. */
    public int calls() {
        return calls;
    }

    @Override
    public JsonNode config() {
        needUnit("config-get");
        return config;
    }

    @Override
    public boolean isLeader() {
        calls++;
        return leader;
    }

    @Override
    public List<String> relationIds(String endpoint) {
        calls++;
        return List.copyOf(relations.getOrDefault(endpoint, List.of()));
    }

    @Override
    public List<String> relationUnits(String relation) {
        needUnit("relation-list");
        return units.getOrDefault(relation, List.of());
    }

    @Override
    public Map<String, String> relationData(String relation, String unit) {
        needUnit("relation-get");
        return new TreeMap<>(bag(relation, unit));
    }

    @Override
    public void publish(String relation, Map<String, String> values) {
        needUnit("relation-set");
        published.add(relation);
        write(relation + " canal/0", values);
    }

    @Override
    public Map<String, String> applicationData(String relation, String unit) {
        return relationData(relation, unit.substring(0, unit.indexOf('/')));
    }

    @Override
    public void publishForApplication(String relation, Map<String, String> values) {
        needUnit("relation-set");
        if (!leader) {
            throw new JujuRefused("relation-set failed with 1: ERROR cannot write relation settings");
        }
        write(relation + " canal", values);
    }

    private void write(String name, Map<String, String> values) {
        Map<String, String> bag = bags.computeIfAbsent(name, n -> new TreeMap<>());
        values.forEach((key, value) -> {
            if (value.isEmpty()) {
                bag.remove(key);
            } else {
                bag.put(key, value);
            }
        });
    }

    @Override
    public Optional<JsonNode> network(String endpoint) {
        calls++;
        return network;
    }

    @Override
    public void status(Status status) {
        needUnit("status-set");
        statuses.add(status);
    }

    @Override
    public void workloadVersion(String text) {
        needUnit("application-version-set");
        version = text;
    }

    /** What was logged, each line behind its level. */
    public List<String> logged() {
        return List.copyOf(logged);
    }

    @Override
    public void log(LogLevel level, String message) {
        calls++;
        logged.add(level + " " + message);
    }

    @Override
    public JsonNode actionParameters() {
        calls++;
        return parameters;
    }

    @Override
    public void actionResults(Map<String, String> more) {
        calls++;
        results.putAll(more);
    }

    @Override
    public void actionFailed(String message) {
        calls++;
        failure = Optional.of(message);
    }

    private void needUnit(String tool) {
        calls++;
        if (unitGone) {
            throw new JujuRefused(tool + " failed with 1: ERROR permission denied");
        }
    }
}

package io.canal.charm;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.juju.Juju;
import io.canal.juju.JujuRefused;
import io.canal.juju.LogLevel;
import io.canal.juju.Status;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** For somebody at a node whose unit is gone: what would be logged is printed, and of the rest nothing is there. */
final class OutsideJuju implements Juju {

    @Override
    public void log(LogLevel level, String message) {
        System.err.println(level + " " + message);
    }

    @Override
    public void status(Status status) {
        System.err.println(status.message());
    }

    @Override
    public void workloadVersion(String version) {
        throw absent();
    }

    @Override
    public JsonNode config() {
        throw absent();
    }

    @Override
    public boolean isLeader() {
        return false;
    }

    @Override
    public List<String> relationIds(String endpoint) {
        return List.of();
    }

    @Override
    public List<String> relationUnits(String relation) {
        return List.of();
    }

    @Override
    public Map<String, String> relationData(String relation, String unit) {
        throw absent();
    }

    @Override
    public void publish(String relation, Map<String, String> values) {
        throw absent();
    }

    @Override
    public Map<String, String> applicationData(String relation, String unit) {
        throw absent();
    }

    @Override
    public void publishForApplication(String relation, Map<String, String> values) {
        throw absent();
    }

    @Override
    public Optional<JsonNode> network(String endpoint) {
        return Optional.empty();
    }

    @Override
    public JsonNode actionParameters() {
        throw absent();
    }

    @Override
    public void actionResults(Map<String, String> results) {
        throw absent();
    }

    @Override
    public void actionFailed(String message) {
        throw absent();
    }

    private static JujuRefused absent() {
        return new JujuRefused("there is no unit here");
    }
}

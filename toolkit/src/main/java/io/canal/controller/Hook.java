package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.text.Trees;

/**
 * One run of a unit's charm: a hook, an action or a command.
 *
 * @param relation id of the relation it is about; -1 for none
 * @param endpoint the unit's own endpoint of that relation
 * @param remoteUnit empty where the hook is about the remote application, or about no relation
 * @param departing the unit that goes away, in a departed hook
 * @param task id of the task of an action or command; empty for hooks
 */
record Hook(
        Kind kind, int relation, String endpoint, String remoteUnit, String remoteApp, String departing, String task) {

    enum Kind {
        INSTALL("install"),
        START("start"),
        CONFIG_CHANGED("config-changed"),
        UPGRADE_CHARM("upgrade-charm"),
        LEADER_ELECTED("leader-elected"),
        UPDATE_STATUS("update-status"),
        STOP("stop"),
        REMOVE("remove"),
        CREATED("relation-created"),
        JOINED("relation-joined"),
        CHANGED("relation-changed"),
        DEPARTED("relation-departed"),
        BROKEN("relation-broken"),
        ACTION("action"),
        EXEC("juju-exec");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        boolean isRelation() {
            return switch (this) {
                case CREATED, JOINED, CHANGED, DEPARTED, BROKEN -> true;
                case INSTALL, START, CONFIG_CHANGED, UPGRADE_CHARM, LEADER_ELECTED, UPDATE_STATUS, STOP, REMOVE, ACTION, EXEC -> false;
            };
        }

        boolean isTask() {
            return this == ACTION || this == EXEC;
        }
    }

    static Hook of(Kind kind) {
        return new Hook(kind, -1, "", "", "", "", "");
    }

    static Hook task(Kind kind, String task) {
        return new Hook(kind, -1, "", "", "", "", task);
    }

    /** The hook's name, such as {@code etcd-relation-changed}. */
    String name() {
        return kind.isRelation() ? endpoint + "-" + kind.word : kind.word;
    }

    /** What the status log says of it: {@code running cni-relation-joined hook for knode/0}. */
    String running() {
        return "running " + name() + " hook" + (remoteUnit.isEmpty() ? "" : " for " + remoteUnit);
    }

    JsonNode toJson() {
        ObjectNode json = Trees.object();
        json.put("kind", kind.name());
        json.put("relation", relation);
        json.put("endpoint", endpoint);
        json.put("remote-unit", remoteUnit);
        json.put("remote-app", remoteApp);
        json.put("departing", departing);
        json.put("task", task);
        return json;
    }

    static Hook of(JsonNode json) {
        return new Hook(
                Kind.valueOf(json.path("kind").asText()),
                json.path("relation").asInt(),
                json.path("endpoint").asText(),
                json.path("remote-unit").asText(),
                json.path("remote-app").asText(),
                json.path("departing").asText(),
                json.path("task").asText());
    }
}

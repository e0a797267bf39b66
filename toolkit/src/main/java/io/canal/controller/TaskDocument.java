package io.canal.controller;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.text.Trees;

/** What came of a task as the document that {@code juju run --format json} prints. */
public final class TaskDocument {

    private TaskDocument() {}

    /** The document of one task, which stands under its unit's name. */
    public static ObjectNode of(TaskResult task) {
        ObjectNode document = Trees.object();
        document.put("id", task.id());
        if (!task.log().isEmpty()) {
            document.set("log", Trees.texts(task.log()));
        }
        if (!task.message().isEmpty()) {
            document.put("message", task.message());
        }
        if (!task.results().isEmpty()) {
            document.set("results", Trees.sorted(task.results()));
        }
        document.put("status", task.status());
        ObjectNode timing = document.putObject("timing");
        timing.put("enqueued", ActionLog.time(task.enqueued()));
        task.started().ifPresent(time -> timing.put("started", ActionLog.time(time)));
        document.put("unit", task.unit());
        return document;
    }
}

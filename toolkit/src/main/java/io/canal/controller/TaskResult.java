package io.canal.controller;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What came of an action or command.
 *
 * @param status {@code completed}, {@code failed}, {@code error} (it was refused before it ran), {@code cancelled} (it was
 *     not begun), {@code aborted} (it was stopped, because its time was over)
 * @param message why it failed; empty otherwise
 * @param results what it set, with {@code return-code}, {@code stdout} and {@code stderr}
 */
public record TaskResult(
        String id,
        String unit,
        String action,
        String status,
        String message,
        ObjectNode results,
        List<String> log,
        Instant enqueued,
        Optional<Instant> started,
        Optional<Instant> completed) {

    static TaskResult of(TaskState task) {
        return new TaskResult(
                task.id,
                task.unit.toString(),
                task.action,
                task.status,
                task.message,
                task.results.deepCopy(),
                List.copyOf(task.log),
                task.enqueued,
                task.started,
                task.completed);
    }

    /** The exit code of the program; 0 where it did not run. */
    public int returnCode() {
        return results.path("return-code").asInt(0);
    }

    /** Whether it ran to its end, and did not fail. */
    public boolean isCompleted() {
        return status.equals("completed");
    }
}

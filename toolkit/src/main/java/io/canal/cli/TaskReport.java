package io.canal.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.TaskDocument;
import io.canal.controller.TaskResult;
import io.canal.text.GoJson;
import io.canal.text.GoYaml;
import io.canal.controller.text.Trees;
import java.util.List;
import java.util.Set;

/** What came of tasks, printed as {@code juju run} and {@code juju exec} print it. */
final class TaskReport {

    private static final Set<String> FRAMEWORK =
            Set.of("return-code", "stdout", "stdout-encoding", "stderr", "stderr-encoding");

    private TaskReport() {}

    /** Prints to standard output and, of failures, to standard error; returns the exit code. */
    static int print(List<TaskResult> tasks, String format) {
        List<TaskResult> late = tasks.stream().filter(TaskReport::isLate).toList();
        if (!late.isEmpty()) {
            System.err.println();
            System.err.println("ERROR timed out waiting for results from: "
                    + String.join(", ", late.stream().map(task -> "unit " + task.unit()).toList()));
            return 1;
        }
        switch (format) {
            case "json" -> System.out.println(GoJson.line(documents(tasks)));
            case "yaml" -> System.out.print(GoYaml.document(documents(tasks)));
            default -> System.out.print(tasks.size() == 1 ? plain(tasks.getFirst()) : several(tasks));
        }
        System.out.flush();
        return failures(tasks);
    }

    private static boolean isLate(TaskResult task) {
        return task.status().equals("aborted") || task.status().equals("cancelled");
    }

    private static ObjectNode documents(List<TaskResult> tasks) {
        ObjectNode documents = Trees.object();
        tasks.forEach(task -> documents.set(task.unit(), TaskDocument.of(task)));
        return documents;
    }

    /** The results of one task: what it set, then what it printed. */
    static String plain(TaskResult task) {
        StringBuilder text = new StringBuilder();
        if (!task.message().isEmpty() && !task.isCompleted()) {
            text.append("Action id ").append(task.id()).append(" failed: ").append(task.message()).append('\n');
        }
        ObjectNode own = task.results().deepCopy();
        own.remove(FRAMEWORK);
        if (!own.isEmpty()) {
            text.append(GoYaml.document(Trees.sorted(own))).append('\n');
        }
        text.append(task.results().path("stdout").asText(""));
        text.append(task.results().path("stderr").asText(""));
        return text.toString();
    }

    private static String several(List<TaskResult> tasks) {
        ObjectNode documents = Trees.object();
        for (TaskResult task : tasks) {
            ObjectNode document = documents.putObject(task.unit());
            document.put("id", task.id());
            if (!task.message().isEmpty()) {
                document.put("message", task.message());
            }
            ObjectNode own = task.results().deepCopy();
            own.remove(FRAMEWORK);
            String output = (own.isEmpty() ? "" : GoYaml.document(Trees.sorted(own)))
                    + task.results().path("stdout").asText("")
                    + task.results().path("stderr").asText("");
            document.put("output", output);
            document.put("status", task.status());
        }
        return GoYaml.document(documents);
    }

    private static int failures(List<TaskResult> tasks) {
        List<TaskResult> failed = tasks.stream().filter(task -> task.returnCode() != 0).toList();
        if (failed.isEmpty()) {
            return 0;
        }
        System.err.println("ERROR the following task" + (failed.size() == 1 ? "" : "s") + " failed:");
        failed.forEach(task -> System.err.println(" - id \"" + task.id() + "\" with return code " + task.returnCode()));
        System.err.println();
        System.err.println("use 'canal show-task' to inspect the failure");
        System.err.println();
        return 1;
    }
}

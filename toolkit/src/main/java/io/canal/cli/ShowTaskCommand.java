package io.canal.cli;

import io.canal.controller.ModelException;
import io.canal.controller.TaskResult;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Shows what came of a task. */
@Command(name = "show-task", description = "Shows what came of an action or command.", mixinStandardHelpOptions = true)
final class ShowTaskCommand implements Callable<Integer> {

    @Mixin
    private final ModelOption model = new ModelOption();

    @Parameters(paramLabel = "ID")
    private String id = "";

    @Override
    public Integer call() throws Exception {
        TaskResult task = model.view().task(id).orElseThrow(() -> new ModelException("id not found"));
        System.out.print(TaskReport.plain(task));
        return 0;
    }
}

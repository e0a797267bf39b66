package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.ModelBusyException;
import io.canal.controller.ModelException;
import io.canal.controller.ModelView;
import io.canal.controller.Settled;
import io.canal.controller.Watcher;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model a command is about: the folder of {@code --model} (or CANAL_MODEL), else the lab's. */
final class ModelOption {

    @Mixin
    private final LabOption lab = new LabOption();

    @Option(names = {"-m", "--model"}, paramLabel = "FOLDER",
            description = "Folder of the model, for hosts outside a lab (or CANAL_MODEL).")
    private @Nullable Path folder;

    /** The model's folder. */
    Path folder() {
        return Optional.ofNullable(folder)
                .or(() -> Optional.ofNullable(System.getenv("CANAL_MODEL")).filter(text -> !text.isEmpty()).map(Path::of))
                .orElseGet(lab::modelFolder);
    }

    /** Whether the model is one of its own, not a lab's. */
    private boolean isOwn() {
        return folder != null || Optional.ofNullable(System.getenv("CANAL_MODEL")).filter(text -> !text.isEmpty()).isPresent();
    }

    /** Whether the environment or an option says which model, or which lab's. */
    boolean isNamed() {
        return isOwn() || lab.isNamed();
    }

    /** Opens the model, which must be there. */
    Model open(Watcher watcher) throws IOException, ModelBusyException, ModelException {
        view();
        return Model.open(folder(), "canal", watcher);
    }

    /** Opens the model, or begins one. */
    Model openOrCreate(Watcher watcher) throws IOException, ModelBusyException {
        return Model.open(folder(), isOwn() ? folder().toAbsolutePath().getFileName().toString() : "lab", watcher);
    }

    /** The model as it lies on disk. */
    ModelView view() throws IOException, ModelException {
        return ModelView.read(folder())
                .orElseThrow(() -> new ModelException("there is no model in " + folder()
                        + (isOwn() ? "; canal add-machine and canal deploy make one" : "; canal up makes one")));
    }

    /** What fills a model that is empty. */
    String filler() {
        return isOwn() ? "canal add-machine and canal deploy fill it" : "canal up fills it";
    }

    /** Runs what a change has set off. Tells what is not as it should be, and returns the exit code for that. */
    static int settle(Model model, Duration timeout) throws IOException, InterruptedException {
        if (!model.hasWork()) {
            return 0;
        }
        Settled settled = model.settle(timeout);
        settled.blocked().forEach(text -> System.err.println("NOTE " + text));
        settled.reasons().forEach(text -> System.err.println("ERROR " + text));
        return settled.isSettled() ? 0 : 1;
    }

    /**
     * Runs what an action has set off. A unit that waits for something is told of and not waited for: whoever looks into a fault that
     * lasts has the results, and wants to go on.
     */
    static void finishBeside(Model model, Duration timeout) throws IOException, InterruptedException {
        if (model.hasWork()) {
            Settled settled = model.finishDue(timeout);
            settled.blocked().forEach(text -> System.err.println("NOTE " + text));
            settled.reasons().forEach(text -> System.err.println("NOTE " + text));
        }
    }
}

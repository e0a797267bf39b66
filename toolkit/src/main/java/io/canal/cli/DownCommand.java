package io.canal.cli;

import io.canal.lab.Lab;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Removes the lab. */
@Command(name = "down", description = "Removes the lab and all that it made on this machine.", mixinStandardHelpOptions = true)
final class DownCommand implements Callable<Integer> {

    @Mixin
    private final LabOption lab = new LabOption();

    @Option(names = "--purge", description = "The cached tree of the hosts too, where no other lab needs it.")
    private boolean purge;

    @Override
    public Integer call() {
        Progress progress = Progress.toStandardOutput();
        progress.step("lab", () -> {
            boolean there = Lab.remove(lab.places(), lab.lab());
            Lab.removeLeftovers(lab.places());
            return there ? lab.lab() + " removed" : "there is no " + lab.lab();
        });
        if (purge) {
            progress.step("cache", () -> Lab.purge(lab.places()) ? "removed" : "kept, another lab uses it");
        }
        return 0;
    }
}

package io.canal.controller.testing;

import io.canal.controller.Model;
import io.canal.controller.Watcher;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A process of its own that settles a model: something that a test can kill. */
public final class SettlingProcess {

    private SettlingProcess() {}

    /** Settles the model in the folder of the first argument. */
    public static void main(String[] args) throws Exception {
        try (Model model = Model.open(Path.of(args[0]), "test", Watcher.NONE)) {
            model.settle(Duration.ofMinutes(2));
        }
    }

    /** Starts such a process. */
    public static Process start(Path model) throws IOException {
        return new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SettlingProcess.class.getName(),
                        model.toString()))
                .inheritIO()
                .start();
    }
}

package io.canal.agent;

import io.canal.model.Decoded;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The command line.
 *
 * @param root the folder that stands for {@code /}
 * @param home the program's folder, with {@code templates/}
 * @param config another path of {@code agent.yaml}
 */
record Arguments(Mode mode, Path root, Path home, Optional<Path> config) {

    /** What is to be done. */
    enum Mode {
        /** Be the agent until a signal ends it. */
        RUN,
        /** Walk through a start without etcd, kernel or root, and end: for the AOT cache. */
        TRAIN,
        /** Give up the subnet, remove everything of canal's from the node, and end. */
        LEAVE
    }

    private static final String USAGE = "[--root DIR] [--home DIR] [--config FILE] [--train | --leave]";

    static Decoded<Arguments> parse(String... args) {
        Mode mode = Mode.RUN;
        Path root = Path.of("/");
        Path home = Path.of(System.getProperty("canal.home", ""));
        Optional<Path> config = Optional.empty();
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--train" -> mode = Mode.TRAIN;
                case "--leave" -> mode = Mode.LEAVE;
                case "--root", "--home", "--config" -> {
                    if (i + 1 == args.length || args[i + 1].isEmpty()) {
                        return Decoded.bad("command line", args[i], "", "a path after it; the arguments are " + USAGE);
                    }
                    Path path;
                    try {
                        path = Path.of(args[i + 1]).toAbsolutePath();
                    } catch (InvalidPathException malformed) {
                        return Decoded.bad("command line", args[i], args[i + 1], "a path");
                    }
                    switch (args[i]) {
                        case "--root" -> root = path;
                        case "--home" -> home = path;
                        default -> config = Optional.of(path);
                    }
                    i++;
                }
                default -> {
                    return Decoded.bad("command line", "", args[i], "one of the arguments " + USAGE);
                }
            }
        }
        return Decoded.good(new Arguments(mode, root, home.toAbsolutePath(), config));
    }
}

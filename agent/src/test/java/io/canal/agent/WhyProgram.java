package io.canal.agent;

import java.nio.file.Path;
import java.util.Arrays;

/** {@code calicoctl} as a program of its own, on a node whose root is a folder. */
final class WhyProgram {

    private WhyProgram() {}

    /** @param arguments the root, then the words of the command */
    public static void main(String[] arguments) {
        System.exit(io.canal.ctl.Main.run(Arrays.asList(arguments).subList(1, arguments.length), Path.of(arguments[0]), System.out, System.out));
    }
}

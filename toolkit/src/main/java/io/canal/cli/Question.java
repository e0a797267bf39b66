package io.canal.cli;

import java.io.Console;
import java.util.Locale;

/** Asks at the terminal before something is taken away. */
final class Question {

    private Question() {}

    /** Whether the user agrees. Without a terminal nobody is asked, and nobody is against it. */
    static boolean isConfirmed(String what) {
        Console console = System.console();
        if (console == null || !console.isTerminal()) {
            return true;
        }
        String answer = console.readLine("%s Continue [y/N]? ", what);
        return answer != null && answer.strip().toLowerCase(Locale.ROOT).startsWith("y");
    }
}

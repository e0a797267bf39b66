package io.canal.kernel.testing;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The processes that this one has started for its purposes: none outlives it, though it be ended by a signal. */
public final class Spawned {

    private static final Set<Process> ALIVE = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> ALIVE.forEach(Process::destroyForcibly)));
    }

    private Spawned() {}

    /** Ends the process with this one, if it has not ended before. */
    public static Process with(Process process) {
        ALIVE.add(process);
        process.onExit().thenRun(() -> ALIVE.remove(process));
        return process;
    }
}

package io.canal.charm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** The agent as a process of the machine. */
interface AgentProcess {

    /** The program folder that the running agent was started from; empty where none runs. */
    Optional<Path> runningFrom() throws IOException;

    /**
     * Runs the agent's program once, in the foreground, to give up this node without a daemon.
     *
     * @param home the program to run
     * @return what it printed; empty where it went well
     */
    Optional<String> leave(Path home) throws IOException;
}

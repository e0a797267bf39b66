package io.canal.bench;

import java.io.IOException;

/** What enforces policy on the node of a bench: canal's agent, or another program beside which it is measured. */
interface Guard extends AutoCloseable {

    /** In figures. */
    String title();

    /** It is to enforce by this dataplane from its next start on. */
    void use(Dataplane dataplane) throws IOException;

    /** Starts it; it is not ready yet. */
    void launch() throws IOException;

    /** Waits until it says that all is known and enforced. */
    void awaitReady() throws IOException;

    /** Ends it as kill -9 does; what it made stays. */
    void kill();

    /** Ends it as kill -9 does, and removes what it made, so that the next start finds an empty kernel. */
    void reset();

    /** Its resident memory, in MB of 1,000,000 bytes. */
    double residentMegabytes() throws IOException;

    @Override
    void close();
}

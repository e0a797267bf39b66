package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.Host;
import io.canal.lab.Lab;
import io.canal.lab.LabName;
import io.canal.lab.Pause;
import io.canal.lab.Places;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * A lab that test classes share, one after another: to bring it up takes as long as many of their tests. The first class that wants it
 * makes it. One lab stands at a time, so a class that wants another one ends it; and where a test has failed nobody knows what it left, so
 * the next class gets a new one.
 */
abstract class OneLab implements BeforeAllCallback, AfterAllCallback, TestWatcher {

    /** Whether the lab outlives the tests, for somebody who writes them. */
    static final boolean KEEP = Boolean.getBoolean("story.keep");

    private static final Namespace ALL = Namespace.create(OneLab.class);
    private static final Duration IN_ORDER_WITHIN = Duration.ofSeconds(90);
    private static final Duration ENDED_WITHIN = Duration.ofSeconds(30);

    private final LabName name;

    OneLab(LabName name) {
        this.name = name;
    }

    /** Brings the lab up. */
    abstract void make() throws IOException, InterruptedException;

    @Override
    public final void beforeAll(ExtensionContext context) throws IOException, InterruptedException {
        assertTrue(Pause.until(ENDED_WITHIN, () -> Threads.astray().isEmpty()), () -> "threads of this JVM in other network namespaces: " + Threads.astray());
        Standing standing = standing(context);
        if (name.equals(standing.name)) {
            awaitOrder();
            return;
        }
        standing.close();
        if (!KEEP) {
            Lab.remove(Places.usual(), name);
        }
        standing.name = name;
        make();
    }

    /** What a class may expect of a lab that others have used: hosts that are up, with nftables as the packet filter. */
    private void awaitOrder() {
        for (Host host : Lab.hostsOf(Places.usual(), name)) {
            assertTrue(Pause.until(IN_ORDER_WITHIN, () -> host.isUp() && PacketFilters.of(host).equals(List.of("nftables"))),
                    () -> "packet filters of " + host + ": " + PacketFilters.of(host));
        }
    }

    @Override
    public final void testFailed(ExtensionContext context, Throwable cause) {
        standing(context).spoilt = true;
    }

    @Override
    public final void afterAll(ExtensionContext context) {
        Standing standing = standing(context);
        if (standing.spoilt || context.getExecutionException().isPresent()) {
            standing.close();
        }
    }

    private static Standing standing(ExtensionContext context) {
        return context.getRoot().getStore(ALL).getOrComputeIfAbsent(Standing.class);
    }

    /** The lab that stands, if any. JUnit closes it after the last class. */
    static final class Standing implements AutoCloseable {

        private @Nullable LabName name;
        private boolean spoilt;

        @Override
        public void close() {
            if (name != null && !KEEP) {
                Lab.remove(Places.usual(), name);
            }
            name = null;
            spoilt = false;
        }
    }
}

package io.canal.agent;

import io.canal.reconcile.Applied;
import io.canal.reconcile.ApplyLoop;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits for passes of the loop, but not for ever. */
final class Passes {

    private static final Logger log = LoggerFactory.getLogger(Passes.class);
    private static final Duration WITHIN = Duration.ofSeconds(5);

    private final ApplyLoop loop;

    Passes(ApplyLoop loop) {
        this.loop = loop;
    }

    /**
     * Waits a little for the first pass, so that sockets are not there before the rules. One that takes long, with iptables on a slow
     * machine, is no reason to begin anew: requests wait for passes of their own.
     *
     * @param ended told when it has ended
     */
    void first(Runnable ended) throws IOException {
        CompletionStage<Applied> first = loop.applied(loop.write(() -> {}));
        try {
            within(first);
        } catch (LatePass late) {
            log.warn("{}; the agent goes on", late.getMessage());
        }
        var unused = first.thenRun(ended);
    }

    /** Waits for a pass that sees all that was written up to now. */
    Applied pass() throws IOException {
        return within(loop.applied(loop.write(() -> {})));
    }

    /** A pass that did not end in time; it may end yet. */
    private static final class LatePass extends IOException {
        LatePass(TimeoutException late) {
            super("the kernel was not brought up to date within " + WITHIN.toSeconds() + " s", late);
        }
    }

    private static Applied within(CompletionStage<Applied> pass) throws IOException {
        try {
            return pass.toCompletableFuture().get(WITHIN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException late) {
            throw new LatePass(late);
        } catch (ExecutionException closed) {
            throw new IOException("the agent is ending", closed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
    }
}

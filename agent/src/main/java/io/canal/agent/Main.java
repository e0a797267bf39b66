package io.canal.agent;

import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.NodePaths;
import io.canal.reconcile.Clock;
import io.canal.store.EtcdStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node agent's program. */
public final class Main {

    /** Threads without which the agent is only a shell of itself. */
    private static final Set<String> VITAL = Set.of("main", "apply", "lease", "etcd", "uplink", "host addresses", "files", "route-events",
            "nftables-monitor", "accept agent.sock", "accept cni.sock", "spool", "publisher", "safety net");

    /** An agent that ends sooner than this would be started again and again, as fast as systemd can: that is 10 ms after each end. */
    private static final Duration YOUNG = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final long BEGAN = System.nanoTime();

    private static final int FAILED = 1;
    private static final int MISUSE = 2;

    private Main() {}

    public static void main(String[] args) {
        Logging.begin();
        int code = switch (Arguments.parse(args)) {
            case Good<Arguments>(Arguments arguments) -> perform(arguments);
            case Bad<Arguments>(var problem) -> {
                System.err.println(problem.sentence());
                yield MISUSE;
            }
        };
        if (code != 0) {
            System.exit(code);
        }
    }

    private static int perform(Arguments arguments) {
        Logger log = LoggerFactory.getLogger(Main.class);
        try {
            switch (arguments.mode()) {
                case RUN -> run(arguments);
                case TRAIN -> Training.run(arguments.home());
                case LEAVE -> Leaving.run(arguments);
            }
            return 0;
        } catch (IOException failure) {
            log.error("{}", failure.getMessage());
            if (arguments.mode() == Arguments.Mode.RUN) {
                pause();
            }
            return FAILED;
        }
    }

    /** A vital thread has ended by what nobody expected: systemd starts the agent anew, and packets flow on meanwhile. */
    private static void ended(Thread thread, Throwable defect) {
        LoggerFactory.getLogger(Main.class).error("thread {} has ended; this is a defect of canal", thread.getName(), defect);
        if (isVital(thread.getName())) {
            pause();
            Runtime.getRuntime().halt(FAILED);
        }
    }

    static boolean isVital(String thread) {
        return VITAL.contains(thread);
    }

    /** Gives the machine its time, and the log one sentence a second, where each start fails alike. */
    private static void pause() {
        if (System.nanoTime() - BEGAN < YOUNG.toNanos()) {
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    private static void run(Arguments arguments) throws IOException {
        Thread.setDefaultUncaughtExceptionHandler(Main::ended);
        Path stateDir = new NodePaths(arguments.root()).stateDir();
        // A server that was verified before takes no curve of Java's.
        if (!Files.exists(EtcdLink.verified(stateDir))) {
            EtcdStore.warmUp();
        }
        Agent agent = new Agent(arguments, config -> EtcdLink.store(config.etcd(), stateDir, Clock.system()), Clock.system());
        CountDownLatch end = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> {
            agent.close();
            end.countDown();
        }));
        agent.start();
        try {
            end.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

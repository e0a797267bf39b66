package io.canal.agent;

import io.canal.model.Decoded;
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

    /** An agent that ends sooner than this would be started again and again, as fast as systemd can. */
    private static final Duration YOUNG = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final long BEGAN = System.nanoTime();

    private static final int FAILED = 1;
    private static final int MISUSE = 2;
    /** Not one of those before: the unit has systemd pause after them. */
    private static final int DEFECT = 4;

    private Main() {}

    public static void main(String[] args) {
        Decoded<Arguments> given = Arguments.parse(args);
        if (given instanceof Good<Arguments>(Arguments arguments) && arguments.mode() == Arguments.Mode.RUN) {
            prepare(arguments);
        }
        Logging.begin();
        int code = switch (given) {
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
    private static final class Ended implements Thread.UncaughtExceptionHandler {

        @Override
        public void uncaughtException(Thread thread, Throwable defect) {
            LoggerFactory.getLogger(Main.class).error("thread {} has ended; this is a defect of canal", thread.getName(), defect);
            if (isVital(thread.getName())) {
                pause();
                Runtime.getRuntime().halt(DEFECT);
            }
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

    /** Before anything else, as the way to etcd is what a start waits for longest. */
    static void prepare(Arguments arguments) {
        // A server that was verified before speaks TLS, and takes no curve of Java's.
        if (Files.exists(EtcdLink.verified(new NodePaths(arguments.root()).stateDir()))) {
            EtcdStore.loadTls();
        } else {
            EtcdStore.warmUp();
        }
    }

    private static void run(Arguments arguments) throws IOException {
        Thread.setDefaultUncaughtExceptionHandler(new Ended());
        Agent agent = agent(arguments);
        CountDownLatch end = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Stop(agent, end));
        agent.start();
        try {
            end.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The agent, as it runs on a node; not started yet. */
    static Agent agent(Arguments arguments) throws IOException {
        Path stateDir = new NodePaths(arguments.root()).stateDir();
        return new Agent(arguments, config -> EtcdLink.store(config.etcd(), stateDir, Clock.system()), Clock.system());
    }

    /** Ends the agent when the process is told to end. A class, as the training does not come by a lambda in its place. */
    private static final class Stop extends Thread {

        private final Agent agent;
        private final CountDownLatch end;

        Stop(Agent agent, CountDownLatch end) {
            super("stop");
            this.agent = agent;
            this.end = end;
        }

        @Override
        public void run() {
            agent.close();
            end.countDown();
        }
    }
}

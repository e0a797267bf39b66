package io.canal.agent;

import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.reconcile.Clock;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node agent's program. */
public final class Main {

    private Main() {}

    public static void main(String[] args) {
        Logging.begin();
        int code = switch (Arguments.parse(args)) {
            case Good<Arguments>(Arguments arguments) -> perform(arguments);
            case Bad<Arguments>(var problem) -> {
                System.err.println(problem.sentence());
                yield 2;
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
            return 1;
        }
    }

    private static void run(Arguments arguments) throws IOException {
        Agent agent = new Agent(arguments, config -> EtcdLink.store(config.etcd(), Clock.system()), Clock.system());
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

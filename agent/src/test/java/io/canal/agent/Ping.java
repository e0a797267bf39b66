package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.TestNode.Pod;
import io.canal.kernel.testing.TestNamespaces;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A stream of pings, 200 a second, from one pod to another. */
final class Ping implements AutoCloseable {

    private static final Pattern LOSS = Pattern.compile("(\\d+) packets transmitted, (\\d+) received");

    private static final Duration EVERY = Duration.ofMillis(5);

    private final Process process;
    private String told = "";

    Ping(Pod from, Pod to) throws Exception {
        this(from, to.address());
    }

    Ping(Pod from, String address) throws Exception {
        TestNamespaces.run(from.namespace(), "ping", "-c", "1", "-W", "2", address);
        process = TestNamespaces.start(from.namespace(), "ping", "-q", "-i", "0.005", "-W", "1", address);
        Thread.sleep(200);
    }

    /** Ends it; the time for which nothing came through. */
    Duration gap() throws Exception {
        return EVERY.multipliedBy(lost());
    }

    void assertNothingLost() throws Exception {
        // The last one may still have been under way.
        assertTrue(lost() <= 1, told);
    }

    private int lost() throws Exception {
        // ping prints its counts at SIGINT.
        new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start().waitFor();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        Matcher matcher = LOSS.matcher(text);
        assertTrue(matcher.find(), text);
        int sent = Integer.parseInt(matcher.group(1));
        int received = Integer.parseInt(matcher.group(2));
        assertTrue(sent > 50, text);
        told = text;
        return sent - received;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}

package io.canal.controller;

import io.canal.controller.hooktool.CallerFiles;
import io.canal.controller.hooktool.HookTools;
import io.canal.controller.hooktool.ToolException;
import io.canal.controller.hooktool.ToolReply;
import io.canal.ssh.Connection;
import io.canal.ssh.Endpoint;
import io.canal.ssh.Output;
import io.canal.ssh.RemoteProgram;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One host while a command runs: an SSH connection and {@code canal-unit --serve} at its other end, which runs one hook at a
 * time. When we go away, or the network does, the host kills the hook that runs.
 */
final class HostSession implements AutoCloseable {

    /** What a hook needs to be started. */
    record Order(String socket, String folder, String context, List<String> argv, Map<String, String> environment) {}

    /** How a hook ended. */
    sealed interface End {

        /** It exited. */
        record Exited(int code) implements End {}

        /** A signal ended it. */
        record Signalled(int signal) implements End {}

        /** There is no such program. */
        record Missing() implements End {}

        /** It could not be started. */
        record Broken(String reason) implements End {}
    }

    /** What the host says of itself when a session begins. */
    record Hello(
            String bootId, String hostname, String arch, String base, String hardware, List<MachineState.Address> addresses) {}

    /** Who answers the tools of a hook and hears what it prints. */
    interface Listener {

        ToolReply tool(String name, List<String> args, CallerFiles files);

        void stdout(byte[] bytes);

        void stderr(byte[] bytes);

        void waitingForLock();
    }

    private static final String PROTOCOL = "1";
    private static final String MACHINE_LOCK = "/run/lock/canal-machine.lock";
    private static final Duration PING_EVERY = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final int NO_SUCH_PROGRAM = 127;
    /** Not a hook's tool: the node agent calls it. */
    private static final String JUJU_EXEC = "juju-exec";
    private static final String PUT_PROGRAM = "set -eu; to=$1; shift; rm -rf \"$to.new\"; mkdir -p \"$to.new\"; "
            + "cat >\"$to.new/canal-unit\"; chmod 755 \"$to.new/canal-unit\"; "
            + "for tool; do ln -s canal-unit \"$to.new/$tool\"; done; rm -rf \"$to\"; mv -T \"$to.new\" \"$to\"";

    private final Connection connection;
    private final Consumer<String> nudged;
    private final RemoteProgram serve;
    private final CompletableFuture<Hello> hello = new CompletableFuture<>();
    private final Map<Integer, BlockingQueue<Frame>> calls = new ConcurrentHashMap<>();
    private final ByteArrayOutputStream complaints = new ByteArrayOutputStream();
    /** Frames come as soon as the program on the host runs, before we can answer. */
    private final CountDownLatch begun = new CountDownLatch(1);
    private final Frame.Decoder decoder = new Frame.Decoder();
    private volatile @Nullable CompletableFuture<End> running;
    private volatile @Nullable Listener listener;
    private volatile boolean ended;

    private HostSession(Connection connection, UnitProgram program, Consumer<String> nudged) throws IOException {
        this.connection = connection;
        this.nudged = nudged;
        this.serve = connection.start(List.of(program.folder() + "/canal-unit", "--serve"), new FromHost(), complaints);
        begun.countDown();
    }

    /**
     * Connects to a host and puts canal-unit there if it is not there yet.
     *
     * @param nudged hears the tag of each unit whose status is to be asked anew; on a thread of its own
     */
    static HostSession open(Endpoint endpoint, UnitProgram program, Consumer<String> nudged) throws IOException, InterruptedException {
        Connection connection = Connection.open(endpoint);
        try {
            HostSession session = new HostSession(connection, program, nudged);
            try {
                session.hello();
            } catch (IOException e) {
                if (!session.ended || session.serve.waitFor() != NO_SUCH_PROGRAM) {
                    throw e;
                }
                put(connection, program);
                session = new HostSession(connection, program, nudged);
                session.hello();
            }
            session.keepAlive();
            return session;
        } catch (IOException | InterruptedException e) {
            connection.close();
            throw e;
        }
    }

    private static void put(Connection connection, UnitProgram program) throws IOException, InterruptedException {
        List<String> argv = new ArrayList<>(List.of("sh", "-c", PUT_PROGRAM, "sh", program.folder()));
        argv.addAll(HookTools.NAMES);
        argv.add(JUJU_EXEC);
        Output output = connection.run(argv, new ByteArrayInputStream(program.bytes()));
        if (output.code() != 0) {
            throw new IOException("host " + connection.endpoint() + " does not take " + program.folder() + ": "
                    + output.stderr().strip());
        }
    }

    private void keepAlive() {
        Thread.ofVirtual().name("ping " + connection.endpoint().name()).start(() -> {
            try {
                while (!ended) {
                    Thread.sleep(PING_EVERY);
                    send(Frame.of(Frame.Type.PING, 0));
                }
            } catch (IOException | InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** What the host said of itself. */
    Hello hello() throws IOException, InterruptedException {
        try {
            return hello.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException("canal-unit on host " + connection.endpoint() + " did not answer within "
                    + PATIENCE.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getCause() == null ? e.getMessage() : e.getCause().getMessage()), e);
        }
    }

    Connection connection() {
        return connection;
    }

    boolean isOpen() {
        return !ended && connection.isOpen();
    }

    /** Runs a hook to its end. Interrupting the thread kills the hook. */
    End run(Order order, Listener who) throws IOException, InterruptedException {
        CompletableFuture<End> end = new CompletableFuture<>();
        listener = who;
        running = end;
        List<String> fields = new ArrayList<>(
                List.of(order.socket(), MACHINE_LOCK, order.folder(), order.context(), Integer.toString(order.argv().size())));
        fields.addAll(order.argv());
        order.environment().forEach((name, value) -> fields.add(name + "=" + value));
        try {
            send(Frame.of(Frame.Type.RUN, 0, fields.toArray(String[]::new)));
            if (ended) {
                throw broken();
            }
            return end.get();
        } catch (ExecutionException e) {
            throw broken();
        } catch (InterruptedException e) {
            close();
            throw e;
        } finally {
            running = null;
            listener = null;
        }
    }

    private IOException broken() {
        String said = complaints.toString(StandardCharsets.UTF_8).strip();
        return new IOException("the connection to host " + connection.endpoint() + " broke" + (said.isEmpty() ? "" : ": " + said));
    }

    private void send(Frame frame) throws IOException {
        OutputStream stdin = serve.stdin();
        synchronized (stdin) {
            stdin.write(frame.encode());
            stdin.flush();
        }
    }

    private void received(Frame frame) {
        CompletableFuture<End> end = running;
        Listener who = listener;
        switch (frame.type()) {
            case HELLO -> greeted(frame);
            case CALL -> {
                BlockingQueue<Frame> answers = new LinkedBlockingQueue<>();
                calls.put(frame.id(), answers);
                Thread.ofVirtual().name("tool " + frame.text(2)).start(() -> answer(frame, who, answers));
            }
            case TAKEN, FAILED, GONE -> {
                BlockingQueue<Frame> answers = calls.get(frame.id());
                if (answers != null) {
                    answers.add(frame);
                }
            }
            case OUT -> {
                if (who != null) {
                    who.stdout(frame.bytes(0));
                }
            }
            case ERR -> {
                if (who != null) {
                    who.stderr(frame.bytes(0));
                }
            }
            case WAITING -> {
                if (who != null) {
                    who.waitingForLock();
                }
            }
            case EXITED -> {
                int number = Integer.parseInt(frame.text(1));
                complete(end, frame.text(0).equals("exit") ? new End.Exited(number) : new End.Signalled(number));
            }
            case MISSING -> complete(end, new End.Missing());
            case BROKEN -> complete(end, new End.Broken(frame.text(0)));
            case NUDGED -> Thread.ofVirtual().name("nudge " + frame.text(0)).start(() -> nudged(frame.text(0), frame.text(1)));
            case BEGAN -> {
            }
            case RUN, STOP, PING, HEARD, REPLY, READ_FILE, READ_STDIN, WRITE_FILE ->
                throw new IllegalArgumentException("frame " + frame.type() + " goes the other way");
        }
    }

    /** The host keeps a nudge until it has come to something: a controller that dies before leaves it to the next. */
    private void nudged(String tag, String name) {
        nudged.accept(tag);
        try {
            begun.await();
            send(Frame.of(Frame.Type.HEARD, 0, name));
        } catch (IOException e) {
            // The host is gone, and tells the next session again.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void complete(@Nullable CompletableFuture<End> end, End how) {
        if (end != null) {
            end.complete(how);
        }
    }

    private void greeted(Frame frame) {
        if (!frame.text(0).equals(PROTOCOL)) {
            hello.completeExceptionally(new IOException("canal-unit on host " + connection.endpoint() + " speaks protocol "
                    + frame.text(0) + ", expected " + PROTOCOL));
            return;
        }
        List<MachineState.Address> addresses = new ArrayList<>();
        for (int i = 8; i + 3 < frame.fields().size(); i += 4) {
            addresses.add(new MachineState.Address(
                    frame.text(i), frame.text(i + 1), frame.text(i + 2), Integer.parseInt(frame.text(i + 3))));
        }
        String arch = switch (frame.text(3)) {
            case "x86_64" -> "amd64";
            case "aarch64" -> "arm64";
            default -> frame.text(3);
        };
        hello.complete(new Hello(
                frame.text(1),
                frame.text(2),
                arch,
                frame.text(4) + "@" + frame.text(5),
                "arch=" + arch + " cores=" + frame.text(6) + " mem=" + frame.text(7) + "M",
                addresses));
    }

    private void answer(Frame call, @Nullable Listener who, BlockingQueue<Frame> answers) {
        try {
            List<String> args = new ArrayList<>();
            for (int i = 3; i < call.fields().size(); i++) {
                args.add(call.text(i));
            }
            ToolReply reply = who == null
                    ? new ToolReply(1, "", "ERROR bad request: no hook is running\n")
                    : who.tool(call.text(2), args, new Caller(call.id(), answers));
            send(Frame.of(Frame.Type.REPLY, call.id(), Integer.toString(reply.code()), reply.stdout(), reply.stderr()));
        } catch (IOException e) {
            // The host is gone, and so is the tool that waits.
        } finally {
            calls.remove(call.id());
        }
    }

    /** The files of a tool's process: each question is a frame to it and a frame back. */
    private final class Caller implements CallerFiles {

        private final int id;
        private final BlockingQueue<Frame> answers;

        Caller(int id, BlockingQueue<Frame> answers) {
            this.id = id;
            this.answers = answers;
        }

        @Override
        public byte[] read(String path) throws ToolException {
            return ask(Frame.of(Frame.Type.READ_FILE, id, path));
        }

        @Override
        public byte[] readStdin() throws ToolException {
            return ask(Frame.of(Frame.Type.READ_STDIN, id));
        }

        @Override
        public void write(String path, byte[] content) throws ToolException {
            ask(new Frame(Frame.Type.WRITE_FILE, id, List.of(path.getBytes(StandardCharsets.UTF_8), content)));
        }

        private byte[] ask(Frame question) throws ToolException {
            try {
                send(question);
                Frame answer = answers.take();
                if (answer.type() == Frame.Type.TAKEN) {
                    return answer.bytes(0);
                }
                throw ToolException.failure(answer.type() == Frame.Type.FAILED ? answer.text(0) : "the tool went away");
            } catch (IOException e) {
                throw ToolException.failure("the host went away");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw ToolException.failure("interrupted");
            }
        }
    }

    private void ended() {
        ended = true;
        hello.completeExceptionally(broken());
        CompletableFuture<End> end = running;
        if (end != null) {
            end.completeExceptionally(new IOException("the connection ended"));
        }
        calls.forEach((id, answers) -> answers.add(Frame.of(Frame.Type.GONE, id)));
    }

    /** What canal-unit writes, as it comes in on the connection's thread. */
    private final class FromHost extends OutputStream {

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            decoder.add(bytes, offset, length).forEach(HostSession.this::received);
        }

        @Override
        public void close() {
            ended();
        }
    }

    @Override
    public void close() {
        ended = true;
        serve.close();
        connection.close();
    }
}

package io.canal.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/** Asks the agent of this node, one request a connection. */
public final class ControlClient {

    private final Path socket;

    /** @param socket the control socket, see {@link io.canal.model.NodePaths#controlSocket} */
    public ControlClient(Path socket) {
        this.socket = socket;
    }

    /** The agent's status. */
    public Decoded<AgentStatus> status(Duration deadline) {
        return switch (call(Op.STATUS, Json.object(), deadline)) {
            case Reply.Done(ObjectNode body) -> AgentStatus.decode(socket.toString(), body);
            case Reply.Refused(String sentence) -> Decoded.bad(socket.toString(), "", sentence, "the agent's status");
            case Reply.Unreachable(String sentence) -> Decoded.bad(socket.toString(), "", sentence, "a running agent");
        };
    }

    /**
     * Has the agent do something.
     *
     * @param op one of {@link Op}
     * @param arguments the operation's own fields; not changed
     * @param deadline how long to wait for the reply
     */
    public Reply call(String op, ObjectNode arguments, Duration deadline) {
        ObjectNode request = Json.object().put("v", Op.VERSION).put("op", op);
        request.setAll(arguments);
        String text;
        try {
            text = exchange(Json.compact(request), System.nanoTime() + deadline.toNanos());
        } catch (TimedOut late) {
            return new Reply.Unreachable("The agent at " + socket + " did not answer " + op + " within " + deadline.toMillis() + " ms.");
        } catch (IOException failure) {
            return new Reply.Unreachable("No agent answers at " + socket + " (" + failure.getMessage() + ").");
        }
        return switch (Json.object(socket.toString(), text)) {
            case Decoded.Bad<ObjectNode>(var problem) -> new Reply.Unreachable("The agent's reply is malformed: " + problem.sentence() + ".");
            case Decoded.Good<ObjectNode>(ObjectNode body) when body.path("ok").asBoolean() -> new Reply.Done(body);
            case Decoded.Good<ObjectNode>(ObjectNode body) -> new Reply.Refused(body.path("error").asText("The agent gave no reason."));
        };
    }

    private String exchange(String request, long until) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX); Selector selector = Selector.open()) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_WRITE);
            ByteBuffer frame = Frames.encode(request);
            while (frame.hasRemaining()) {
                await(selector, until);
                channel.write(frame);
            }
            key.interestOps(SelectionKey.OP_READ);
            ByteBuffer head = ByteBuffer.allocate(4);
            fill(channel, selector, head, until);
            ByteBuffer body = ByteBuffer.allocate(Frames.length(head.flip()));
            fill(channel, selector, body, until);
            return StandardCharsets.UTF_8.decode(body.flip()).toString();
        }
    }

    private static void fill(SocketChannel channel, Selector selector, ByteBuffer buffer, long until) throws IOException {
        while (buffer.hasRemaining()) {
            await(selector, until);
            if (channel.read(buffer) < 0) {
                throw new EOFException("it closed the connection without a reply");
            }
        }
    }

    private static void await(Selector selector, long until) throws IOException {
        long left = (until - System.nanoTime()) / 1_000_000;
        if (left <= 0 || selector.select(left) == 0) {
            throw new TimedOut();
        }
        selector.selectedKeys().clear();
    }

    private static final class TimedOut extends IOException {
        private static final long serialVersionUID = 1;
    }
}

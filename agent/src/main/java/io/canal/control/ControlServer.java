package io.canal.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import io.canal.model.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The agent's side of the control socket: a table of operations by name. */
public final class ControlServer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(ControlServer.class);

    /** One operation. Called from many threads. */
    public interface Operation {

        /** Does what {@code request} asks for, and gives the reply's own fields. */
        ObjectNode perform(ObjectNode request) throws Refusal;
    }

    /** An operation was not carried out; the message is a sentence for who asked. */
    public static final class Refusal extends Exception {

        private static final long serialVersionUID = 1;

        public Refusal(String sentence) {
            super(sentence);
        }
    }

    private final Map<String, Operation> operations;
    private final FrameServer server;

    private ControlServer(Map<String, Operation> operations, Path path) throws IOException {
        this.operations = Map.copyOf(operations);
        this.server = FrameServer.listen(path, this::answer);
    }

    public static ControlServer listen(Path path, Map<String, Operation> operations) throws IOException {
        return new ControlServer(operations, path);
    }

    /** What it listens with. */
    public FrameServer frames() {
        return server;
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    private String answer(String text) {
        return Json.compact(switch (Json.object("request", text)) {
            case Bad<ObjectNode>(Problem problem) -> refused(problem.sentence());
            case Good<ObjectNode>(ObjectNode request) -> answer(request);
        });
    }

    private ObjectNode answer(ObjectNode request) {
        int version = request.path("v").asInt(0);
        if (version != Op.VERSION) {
            return refused(new Problem("request", "v", request.path("v").asText(), String.valueOf(Op.VERSION)).sentence());
        }
        String op = request.path("op").asText();
        Operation operation = operations.get(op);
        if (operation == null) {
            return refused(new Problem("request", "op", op, "one of " + String.join(", ", new TreeSet<>(operations.keySet()))).sentence());
        }
        try {
            return (ObjectNode) Json.object().put("v", Op.VERSION).put("ok", true).setAll(operation.perform(request));
        } catch (Refusal refusal) {
            return refused(String.valueOf(refusal.getMessage()));
        } catch (RuntimeException defect) {
            log.error("operation {} failed; this is a defect of canal", op, defect);
            return refused("The agent could not do it, by a defect of its own: " + defect);
        }
    }

    private static ObjectNode refused(String sentence) {
        return Json.object().put("v", Op.VERSION).put("ok", false).put("error", sentence);
    }

    /** The value that was decoded, or a refusal with what is wrong with it. */
    public static <T> T orRefuse(Decoded<T> decoded) throws Refusal {
        return switch (decoded) {
            case Good<T>(T value) -> value;
            case Bad<T>(Problem problem) -> throw new Refusal(problem.sentence());
        };
    }
}

package io.canal.controller;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.canal.controller.charm.ActionSpec;
import io.canal.controller.charm.Charm;
import io.canal.controller.charm.CharmException;
import io.canal.controller.hooktool.CallerFiles;
import io.canal.controller.hooktool.HookTools;
import io.canal.controller.hooktool.ToolException;
import io.canal.controller.hooktool.ToolReply;
import io.canal.controller.text.Trees;
import io.canal.ssh.Output;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;

/** Runs one hook of one unit on its host: puts the charm there, gives the hook its environment and tools, says how it ended. */
final class UnitRunner {

    /** How a run ended: what is to be committed, and what a task gets to hear. */
    record Outcome(boolean success, int code, String reason, RunContext context, ObjectNode output) {}

    private static final String PREPARE = "set -eu; mkdir -p \"$1/charm\" \"$1/resources\"; ln -sfn \"$2\" \"$3\"";
    private static final String EXPAND = "set -eu; umask 022; tar -xf - --no-same-owner -C \"$1/charm\"";
    private static final String DELETE = "set -eu; cd \"$1/charm\"; xargs -0 rm -rf --";
    private static final String PUT_FILE = "set -eu; umask 077; cat >\"$1.new\"; mv -f \"$1.new\" \"$1\"";

    private final HostSession session;
    private final UnitProgram program;
    private final CharmStore charms;
    private final Path resources;

    UnitRunner(HostSession session, UnitProgram program, CharmStore charms, Path resources) {
        this.session = session;
        this.program = program;
        this.charms = charms;
        this.resources = resources;
    }

    /** Makes the unit's folder and the link to the tools. */
    void prepare(UnitName unit) throws IOException, InterruptedException {
        require(session.connection().run(List.of("sh", "-c", PREPARE, "sh", HookEnvironment.unitFolder(unit),
                program.folder(), HookEnvironment.tools(unit))), "make the folder of " + unit);
    }

    /** Lays a charm over the unit's one: what only the old charm had goes, what hooks made stays. */
    void putCharm(UnitName unit, Charm charm, Optional<Charm> before) throws IOException, InterruptedException {
        String folder = HookEnvironment.unitFolder(unit);
        try (InputStream tar = Files.newInputStream(charms.tar(charm))) {
            require(session.connection().run(List.of("sh", "-c", EXPAND, "sh", folder), tar), "expand the charm of " + unit);
        }
        if (before.isEmpty()) {
            return;
        }
        Set<String> gone = new TreeSet<>(before.get().archive().members());
        gone.removeAll(charm.archive().members());
        if (!gone.isEmpty()) {
            byte[] names = (String.join("\0", gone) + "\0").getBytes(StandardCharsets.UTF_8);
            require(session.connection().run(List.of("sh", "-c", DELETE, "sh", folder), new ByteArrayInputStream(names)),
                    "remove what the old charm of " + unit + " had");
        }
    }

    /** Takes away all that a unit had. */
    void erase(UnitName unit) throws IOException, InterruptedException {
        require(session.connection().run(List.of(
                "rm", "-rf", "--", HookEnvironment.unitFolder(unit), HookEnvironment.tools(unit))), "remove " + unit);
    }

    /** Puts a resource's file beside the charm and returns its path. */
    String putResource(UnitName unit, String filename, String digest) throws IOException, InterruptedException {
        String path = HookEnvironment.unitFolder(unit) + "/resources/" + filename;
        try (InputStream in = Files.newInputStream(resources.resolve(digest))) {
            require(session.connection().run(List.of("sh", "-c", PUT_FILE, "sh", path), in), "put resource " + filename);
        }
        return path;
    }

    private void require(Output output, String what) throws IOException {
        if (output.code() != 0) {
            throw new IOException("host " + session.connection().endpoint() + " could not " + what + ": "
                    + output.stderr().strip());
        }
    }

    /**
     * Runs a hook, an action or a command to its end.
     *
     * @throws IOException when the host went away: then the hook was killed there and nothing is to be committed
     */
    Outcome run(ModelState seen, UnitName unit, Hook hook, Charm charm, RunContext.Live live)
            throws IOException, InterruptedException {
        RunContext context = new RunContext(seen, unit, hook, charm, live);
        Optional<TaskState> task = seen.task(hook.task());
        if (hook.kind() == Hook.Kind.ACTION && task.isPresent()) {
            Optional<String> refusal = complete(charm, task.get());
            if (refusal.isPresent()) {
                return new Outcome(false, 0, refusal.get(), context, Trees.object());
            }
        }
        Listener listener = new Listener(context, live, hook.kind().isTask());
        HostSession.End end = session.run(order(seen, unit, hook, charm, task), listener);
        listener.finish();
        return switch (end) {
            case HostSession.End.Exited exited -> new Outcome(
                    exited.code() == 0, exited.code(),
                    exited.code() == 0 ? "" : "exit status " + exited.code(), context, listener.output());
            case HostSession.End.Signalled signalled -> new Outcome(
                    false, 128 + signalled.signal(), "signal: " + signalled.signal(), context, listener.output());
            case HostSession.End.Missing missing -> {
                if (hook.kind().isTask()) {
                    yield new Outcome(false, 0, "action not implemented on unit \"" + unit + "\"", context, Trees.object());
                }
                live.log("DEBUG", "skipped \"" + hook.name() + "\" hook (missing)");
                yield new Outcome(true, 0, "", context, Trees.object());
            }
            case HostSession.End.Broken broken -> new Outcome(false, 126, broken.reason(), context, Trees.object());
        };
    }

    /** Puts defaults into an action's parameters and checks them; says what is wrong with them. */
    private static Optional<String> complete(Charm charm, TaskState task) {
        ActionSpec action = charm.actions().get(task.action);
        try {
            if (action == null) {
                return Optional.of("cannot run \"" + task.action + "\" action: not defined");
            }
            ObjectNode whole = action.complete(task.params);
            task.params.setAll(whole);
            return Optional.empty();
        } catch (CharmException e) {
            return Optional.of("cannot run \"" + task.action + "\" action: " + e.getMessage());
        }
    }

    private static HostSession.Order order(
            ModelState seen, UnitName unit, Hook hook, Charm charm, Optional<TaskState> task) {
        String context = unit + "-" + contextName(hook, task) + "-" + random();
        Map<String, String> environment = HookEnvironment.of(seen, seen.unit(unit), hook, context);
        String folder = HookEnvironment.charmFolder(unit);
        List<String> argv;
        if (hook.kind() == Hook.Kind.EXEC) {
            argv = List.of("/bin/bash", "-c", CommandWords.line(task.map(command -> command.command).orElse(List.of())));
        } else if (charm.hasDispatch()) {
            argv = List.of(folder + "/dispatch");
        } else {
            argv = List.of(folder + "/" + environment.get("JUJU_DISPATCH_PATH"));
        }
        return new HostSession.Order(HookEnvironment.socket(unit), folder, context, argv, environment);
    }

    private static String contextName(Hook hook, Optional<TaskState> task) {
        return task.map(named -> named.action).orElseGet(hook::name);
    }

    private static String random() {
        byte[] bytes = new byte[16];
        ThreadLocalRandom.current().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** Answers the hook's tools and keeps what it prints: a hook's output is logged, a task's is its result. */
    private static final class Listener implements HostSession.Listener {

        private final HookTools tools;
        private final RunContext.Live live;
        private final boolean keep;
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final ByteArrayOutputStream err = new ByteArrayOutputStream();
        private final LineLog outLines;
        private final LineLog errLines;

        Listener(RunContext context, RunContext.Live live, boolean keep) {
            this.tools = new HookTools(context);
            this.live = live;
            this.keep = keep;
            this.outLines = new LineLog(line -> live.log("DEBUG", line));
            this.errLines = new LineLog(line -> live.log("WARNING", line));
        }

        @Override
        public ToolReply tool(String name, List<String> args, CallerFiles files) {
            return tools.call(name, args, files);
        }

        @Override
        public void stdout(byte[] bytes) {
            if (keep) {
                out.writeBytes(bytes);
            } else {
                outLines.add(bytes);
            }
        }

        @Override
        public void stderr(byte[] bytes) {
            if (keep) {
                err.writeBytes(bytes);
            } else {
                errLines.add(bytes);
            }
        }

        @Override
        public void waitingForLock() {
            live.log("INFO", "waiting for the machine lock, which another process holds");
        }

        void finish() {
            outLines.finish();
            errLines.finish();
        }

        ObjectNode output() {
            ObjectNode output = Trees.object();
            put(output, "stdout", out.toByteArray());
            put(output, "stderr", err.toByteArray());
            return output;
        }

        private static void put(ObjectNode output, String name, byte[] bytes) {
            if (bytes.length == 0) {
                return;
            }
            try {
                output.set(name, TextNode.valueOf(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString()));
            } catch (CharacterCodingException e) {
                output.put(name, Base64.getEncoder().encodeToString(bytes));
                output.put(name + "-encoding", "base64");
            }
        }
    }

    /** A resource that cannot be had, in the words of the tool. */
    static ToolException noResource(String reason) {
        return ToolException.failure("could not download resource: " + reason);
    }
}

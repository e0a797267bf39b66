package io.canal.ctl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Problem;
import io.canal.model.calico.Kind;
import io.canal.policy.kubernetes.Converted;
import io.canal.policy.kubernetes.NetworkPolicies;
import io.canal.policy.validation.FieldProblem;
import io.canal.policy.validation.Validation;
import io.canal.reconcile.Clock;
import io.canal.store.EtcdStore;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.logging.LogManager;

/** {@code calicoctl} on a node, and {@code canal get} and its like anywhere. */
public final class Main {

    private Main() {}

    /** Runs one command and exits. */
    public static void main(String[] arguments) {
        int code = run(List.of(arguments));
        System.out.flush();
        // Not by returning: a client's threads may still be at work, and nobody needs them any more.
        System.exit(code);
    }

    /** Runs one command in this process; the exit code. */
    public static int run(List<String> arguments) {
        return run(arguments, System.out, System.err);
    }

    /** As {@link #run(List)}, for a caller who has a word of his own to what it prints. */
    public static int run(List<String> arguments, PrintStream out, PrintStream err) {
        Clock clock = Clock.system();
        Surroundings world = new Surroundings(System.getenv(), Path.of("/"), Path.of(System.getProperty("canal.folder", "")), System.in, out, err,
                settings -> new EtcdStore(settings, clock), clock, UUID::randomUUID);
        return commandLine(world).run(arguments);
    }

    /**
     * Runs one command for somebody who reads what it prints; the exit code.
     *
     * @param root the folder that stands for {@code /}: without variables, its files say where etcd is
     */
    public static int run(List<String> arguments, Path root, PrintStream out, PrintStream err) {
        Clock clock = Clock.system();
        return commandLine(new Surroundings(Map.of(), root, root, InputStream.nullInputStream(), out, err, settings -> new EtcdStore(settings, clock),
                clock, UUID::randomUUID)).run(arguments);
    }

    static CommandLine commandLine(Surroundings world) {
        // What the libraries say of lost connections is in the one sentence that the user gets.
        LogManager.getLogManager().reset();
        return new CommandLine(world, Main::complaint, Main::convert);
    }

    private static Optional<String> complaint(Kind kind, ObjectNode resource) {
        List<FieldProblem> problems = Validation.check(kind, resource);
        return problems.isEmpty() ? Optional.empty() : Optional.of(FieldProblem.print(problems));
    }

    /** What could only be converted in part is refused: the API server would not have taken it either. */
    private static ObjectNode convert(ObjectNode policy) throws Refused {
        return switch (NetworkPolicies.convert(NetworkPolicies.defaulted(policy))) {
            case Decoded.Bad<Converted>(Problem problem) -> throw new Refused(problem.sentence());
            case Decoded.Good<Converted>(Converted converted) -> {
                if (!converted.notes().isEmpty()) {
                    throw new Refused(converted.notes().getFirst().sentence());
                }
                if (!policy.path("metadata").has("namespace") && converted.policy().get("metadata") instanceof ObjectNode metadata) {
                    // The command line may say which.
                    metadata.remove("namespace");
                }
                yield converted.policy();
            }
        };
    }
}

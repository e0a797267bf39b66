package io.canal.ctl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.calico.Kind;
import io.canal.policy.validation.FieldProblem;
import io.canal.policy.validation.Validation;
import io.canal.reconcile.Clock;
import io.canal.store.EtcdStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

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
        Clock clock = Clock.system();
        Surroundings world = new Surroundings(System.getenv(), Path.of("/"), Path.of(System.getProperty("canal.folder", "")), System.in, System.out, System.err,
                settings -> new EtcdStore(settings, clock), clock, UUID::randomUUID);
        return commandLine(world).run(arguments);
    }

    static CommandLine commandLine(Surroundings world) {
        return new CommandLine(world, Main::complaint, Main::convert);
    }

    private static Optional<String> complaint(Kind kind, ObjectNode resource) {
        List<FieldProblem> problems = Validation.check(kind, resource);
        return problems.isEmpty() ? Optional.empty() : Optional.of(FieldProblem.print(problems));
    }

    private static ObjectNode convert(ObjectNode policy) throws Refused {
        throw new Refused("unknown resource type (NetworkPolicy) and/or version (networking.k8s.io/v1)");
    }
}

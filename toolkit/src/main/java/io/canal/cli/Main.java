package io.canal.cli;

import io.canal.controller.ModelBusyException;
import io.canal.controller.ModelException;
import io.canal.controller.charm.CharmException;
import io.canal.lab.LabException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** {@code canal}: the toolkit's command line. */
@Command(
        name = "canal",
        description = "Pod network and network policy for Kubernetes nodes: the charm canal, without Juju.",
        footer = "%nCalico's resources, as with calicoctl: get, apply, create, replace, patch, delete, label, validate.",
        mixinStandardHelpOptions = true,
        version = "canal 1.0",
        subcommands = {
            UpCommand.class,
            DownCommand.class,
            LabCommand.class,
            AttackTestCommand.class,
            StatusCommand.class,
            RunCommand.class,
            ShowPoliciesCommand.class,
            ExecCommand.class,
            ConfigCommand.class,
            SshCommand.class,
            DeployCommand.class,
            RefreshCommand.class,
            IntegrateCommand.class,
            RemoveRelationCommand.class,
            RemoveApplicationCommand.class,
            AddMachineCommand.class,
            AddUnitCommand.class,
            RemoveUnitCommand.class,
            RemoveMachineCommand.class,
            ResolvedCommand.class,
            ShowTaskCommand.class,
            DebugLogCommand.class,
            StatusLogCommand.class,
        })
public final class Main implements Runnable {

    /** Words that are a sentence for the user; anything else that is thrown is a defect of ours. */
    private static final Set<Class<? extends Exception>> SENTENCES = Set.of(
            ModelException.class,
            ModelBusyException.class,
            CharmException.class,
            LabException.class,
            UsageException.class);

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            spec.commandLine().usage(System.out);
        }
    }

    /** Runs the command line and exits with its code: 2 for a command line that is wrong, 1 for a command that failed. */
    public static void main(String[] args) {
        System.exit(run(args));
    }

    /** Runs the command line in this process; its exit code. */
    static int run(String... args) {
        if (args.length == 0 || !PolicyCommands.NAMES.contains(args[0])) {
            return commandLine().execute(args);
        }
        try {
            return PolicyCommands.run(List.of(args));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return failed(interrupted);
        } catch (IOException | ModelException | RuntimeException failure) {
            return failed(failure);
        }
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setStopAtPositional(false)
                // An argument that begins with @ is one, of programs that exec, ssh and lab pod exec run as well.
                .setExpandAtFiles(false)
                .setParameterExceptionHandler(Main::badArguments)
                .setExecutionExceptionHandler((exception, commandLine, parsed) -> failed(exception));
    }

    private static int badArguments(ParameterException exception, String[] args) {
        System.err.println("ERROR " + unknownCommand(exception).orElseGet(() -> words(exception)));
        return 2;
    }

    /** Picocli's, which has one word twice. */
    private static String words(ParameterException exception) {
        return String.valueOf(exception.getMessage()).replace("option option", "option");
    }

    /** Of a word that stands where a command is expected: which there are. */
    private static Optional<String> unknownCommand(ParameterException exception) {
        CommandSpec at = exception.getCommandLine().getCommandSpec();
        return exception instanceof UnmatchedArgumentException unmatched && !at.subcommands().isEmpty()
                ? unmatched.getUnmatched().stream().findFirst().filter(word -> !word.startsWith("-"))
                        .map(word -> at.qualifiedName() + " has no command \"" + word + "\", expected one of " + String.join(", ", at.subcommands().keySet()))
                : Optional.empty();
    }

    private static int failed(Exception exception) {
        if (SENTENCES.contains(exception.getClass()) || exception instanceof IOException || exception instanceof UncheckedIOException) {
            System.err.println("ERROR " + Sentences.of(exception));
        } else {
            exception.printStackTrace(System.err);
        }
        return exception instanceof UsageException ? 2 : 1;
    }
}

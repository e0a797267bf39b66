package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.ModelException;
import io.canal.controller.ModelView;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Forgets hosts. */
@Command(name = "remove-machine", description = "Forgets hosts on which no unit is left.", mixinStandardHelpOptions = true)
final class RemoveMachineCommand implements Callable<Integer> {

    @Mixin
    private final Removal removal = new Removal();

    @Option(names = "--force", description = "With the units on them, without their last hooks: of a host that is gone. What is on it stays.")
    private boolean force;

    @Parameters(paramLabel = "MACHINE", arity = "1..*")
    private List<String> machines = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        return removal.of("remove-machine", machines, "all that is known of them", RemoveMachineCommand::check, (model, machine) -> {
            if (force) {
                forget(model, machine);
            }
            model.removeMachine(machine);
            System.out.println("will remove machine " + machine);
        });
    }

    private static void check(Model model, String machine) throws ModelException {
        if (!model.view().machines().contains(machine)) {
            throw new ModelException("machine \"" + machine + "\" not found");
        }
    }

    private static void forget(Model open, String machine) throws Exception {
        List<String> principals = open.view().units().stream()
                .filter(unit -> unit.machine().equals(machine) && unit.principal().isEmpty())
                .map(ModelView.Unit::name)
                .toList();
        for (String unit : principals) {
            open.forceRemoveUnit(unit);
            System.out.println("- will remove unit " + unit);
        }
    }
}

package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.ModelException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Removes units. */
@Command(name = "remove-unit", description = "Removes units and their subordinates, their last hooks first.",
        mixinStandardHelpOptions = true)
final class RemoveUnitCommand implements Callable<Integer> {

    @Mixin
    private final Removal removal = new Removal();

    @Option(names = "--force", description = "Forgets them without their last hooks: of a host that is gone. What is on it stays.")
    private boolean force;

    @Parameters(paramLabel = "UNIT", arity = "1..*")
    private List<String> units = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        return removal.of("remove-unit", units, "subordinates", RemoveUnitCommand::check, (model, unit) -> {
            if (force) {
                model.forceRemoveUnit(unit);
            } else {
                model.removeUnit(unit);
            }
            System.out.println("will remove unit " + unit);
        });
    }

    private static void check(Model model, String unit) throws ModelException {
        if (model.view().unit(unit).isEmpty()) {
            throw new ModelException("unit \"" + unit + "\" not found");
        }
    }
}

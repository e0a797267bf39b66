package io.canal.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Removes units. */
@Command(name = "remove-unit", description = "Removes units and their subordinates, their last hooks first.",
        mixinStandardHelpOptions = true)
final class RemoveUnitCommand implements Callable<Integer> {

    @Mixin
    private final Removal removal = new Removal();

    @Parameters(paramLabel = "UNIT", arity = "1..*")
    private List<String> units = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        return removal.of("remove-unit", units, "subordinates", (model, unit) -> {
            model.removeUnit(unit);
            System.out.println("will remove unit " + unit);
        });
    }
}

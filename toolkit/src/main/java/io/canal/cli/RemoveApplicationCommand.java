package io.canal.cli;

import io.canal.controller.Model;
import io.canal.controller.ModelException;
import io.canal.controller.ModelView;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Removes applications. */
@Command(name = "remove-application", description = "Removes applications with all their units, the units' last hooks first.",
        mixinStandardHelpOptions = true)
final class RemoveApplicationCommand implements Callable<Integer> {

    @Mixin
    private final Removal removal = new Removal();

    @Parameters(paramLabel = "APPLICATION", arity = "1..*")
    private List<String> applications = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        return removal.of("remove-application", applications, "all units", RemoveApplicationCommand::check, RemoveApplicationCommand::remove);
    }

    private static void check(Model model, String application) throws ModelException {
        if (!model.view().applications().contains(application)) {
            throw new ModelException("application \"" + application + "\" not found");
        }
    }

    private static void remove(Model model, String application) throws Exception {
        ModelView before = model.view();
        model.removeApplication(application);
        System.out.println("will remove application " + application);
        before.units().stream()
                .filter(unit -> unit.application().equals(application))
                .forEach(unit -> System.out.println("- will remove unit " + unit.name()));
    }
}

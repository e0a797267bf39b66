package io.canal.cli;

import io.canal.lab.LabException;
import io.canal.lab.attack.AttackReport;
import io.canal.lab.attack.AttackTest;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Attacks a lab. */
@Command(name = "attack-test", description = "Attacks the lab: what a pod or a stranger may try, with real packets. A line for each attack; 1 where one got through.",
        mixinStandardHelpOptions = true)
final class AttackTestCommand implements Callable<Integer> {

    @Mixin
    private final LabOption lab = new LabOption();

    @Option(names = "--only", paramLabel = "NUMBER", split = ",", description = "Only these attacks.")
    private List<Integer> only = new ArrayList<>();

    @Option(names = "--format", paramLabel = "tabular|json", defaultValue = "tabular")
    private String format = "tabular";

    @Override
    public Integer call() throws UsageException {
        if (!List.of("tabular", "json").contains(format)) {
            throw new UsageException("--format is \"" + format + "\", expected tabular or json.");
        }
        Set<Integer> numbers = AttackTest.numbers();
        for (int number : only) {
            if (!numbers.contains(number)) {
                throw new UsageException("--only is " + number + ", expected some of " + String.join(", ", numbers.stream().map(String::valueOf).toList()) + ".");
            }
        }
        if (lab.hosts().stream().noneMatch(host -> host.isUp())) {
            throw new LabException("The hosts of lab " + lab.lab() + " are not up; canal up switches them on.");
        }
        boolean lines = format.equals("tabular");
        AttackReport report = AttackTest.run(lab.pods(), lab.hosts(), lab.outside(), only.isEmpty() ? numbers : new TreeSet<>(only), entry -> {
            if (lines) {
                System.out.println(entry.text());
            }
        });
        if (!lines) {
            System.out.println(report.json());
        }
        return report.holds() ? 0 : 1;
    }
}

package io.canal.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import io.canal.lab.LabException;
import io.canal.lab.fault.Fault;
import io.canal.lab.fault.Scene;
import io.canal.lab.pod.Namespaces;
import io.canal.lab.pod.Pod;
import io.canal.lab.pod.PodSpec;
import io.canal.lab.pod.Pods;
import io.canal.lab.proof.Proof;
import io.canal.lab.proof.ProofTable;
import io.canal.model.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What only a lab has: pods without containers, namespaces without Kubernetes, and faults on demand. */
@Command(name = "lab", description = "Pods, namespaces and faults of the lab.", mixinStandardHelpOptions = true,
        subcommands = {LabCommand.NamespaceCommand.class, LabCommand.PodCommand.class, LabCommand.PodsCommand.class,
            LabCommand.ProofCommand.class, LabCommand.BreakCommand.class, LabCommand.RebootCommand.class})
final class LabCommand implements Runnable {

    private static final Pattern LABEL = Pattern.compile("((?:[a-z0-9][-a-z0-9.]{0,251}[a-z0-9]/)?(?:[A-Za-z0-9]|[A-Za-z0-9][-A-Za-z0-9_.]{0,61}[A-Za-z0-9]))"
            + "=((?:[A-Za-z0-9]|[A-Za-z0-9][-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)");

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        throw incomplete(spec);
    }

    private static RuntimeException incomplete(@Nullable CommandSpec spec) {
        if (spec == null) {
            return new LabException("A command is missing.");
        }
        return new ParameterException(spec.commandLine(), spec.qualifiedName() + " lacks a command: one of "
                + String.join(", ", spec.subcommands().keySet()) + ".");
    }

    static Map<String, String> labels(List<String> written) {
        Map<String, String> labels = new TreeMap<>();
        for (String label : written) {
            Matcher parts = LABEL.matcher(label);
            if (!parts.matches()) {
                throw new LabException("--label is \"" + label + "\", expected KEY=VALUE as Kubernetes takes it: at most 63 letters, digits, dots,"
                        + " hyphens and underscores, with a letter or a digit at both ends.");
            }
            String before = labels.put(parts.group(1), parts.group(2));
            if (before != null && !before.equals(parts.group(2))) {
                throw new LabException("--label " + parts.group(1) + " is given as " + before + " and as " + parts.group(2) + ".");
            }
        }
        return labels;
    }

    /** Namespaces. */
    @Command(name = "namespace", description = "Namespaces, as Kubernetes' controllers would make them.", mixinStandardHelpOptions = true,
            subcommands = NamespaceAdd.class)
    static final class NamespaceCommand implements Runnable {

        @Spec
        private @Nullable CommandSpec spec;

        @Override
        public void run() {
            throw incomplete(spec);
        }
    }

    /** Makes a namespace. */
    @Command(name = "add", description = "Makes a namespace, or gives it other labels.", mixinStandardHelpOptions = true)
    static final class NamespaceAdd implements Callable<Integer> {

        @Mixin
        private final LabOption lab = new LabOption();

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Option(names = "--label", paramLabel = "KEY=VALUE")
        private List<String> labels = new ArrayList<>();

        @Override
        public Integer call() {
            new Namespaces(lab.etcd()).put(name, labels(labels));
            return 0;
        }
    }

    /** One pod. */
    @Command(name = "pod", description = "Pods: network namespaces, attached as a container runtime attaches them.",
            mixinStandardHelpOptions = true, subcommands = {PodAdd.class, PodExec.class, PodRemove.class})
    static final class PodCommand implements Runnable {

        @Spec
        private @Nullable CommandSpec spec;

        @Override
        public void run() {
            throw incomplete(spec);
        }
    }

    /** Makes a pod. */
    @Command(name = "add", description = "Makes a pod, and prints its address.", mixinStandardHelpOptions = true)
    static final class PodAdd implements Callable<Integer> {

        @Mixin
        private final LabOption lab = new LabOption();

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Option(names = "--host", paramLabel = "HOST", required = true)
        private String host = "";

        @Option(names = "--namespace", paramLabel = "NAMESPACE", defaultValue = "default")
        private String namespace = "default";

        @Option(names = "--label", paramLabel = "KEY=VALUE")
        private List<String> labels = new ArrayList<>();

        @Option(names = "--port", paramLabel = "NAME:PORT/PROTOCOL", description = "A port with a name, such as http:8080/TCP.")
        private List<String> ports = new ArrayList<>();

        @Option(names = "--host-port", paramLabel = "HOSTPORT:PORT/PROTOCOL", description = "A port of the host that leads to the pod.")
        private List<String> hostPorts = new ArrayList<>();

        @Override
        public Integer call() {
            PodSpec spec = new PodSpec(namespace, name, labels(labels), ports.stream().map(PodSpec.NamedPort::parse).toList(),
                    hostPorts.stream().map(PodSpec.HostPort::parse).toList());
            Pod pod = lab.pods().add(spec, lab.host(host));
            System.out.println(String.join(" ", pod.addresses()));
            return 0;
        }
    }

    /** Runs a program in a pod. */
    @Command(name = "exec", description = "Runs a program in a pod.", mixinStandardHelpOptions = true)
    static final class PodExec implements Callable<Integer> {

        @Mixin
        private final LabOption lab = new LabOption();

        @Parameters(paramLabel = "NAME", index = "0")
        private String name = "";

        @Parameters(paramLabel = "COMMAND", index = "1..*", arity = "1..*")
        private List<String> command = new ArrayList<>();

        @Override
        public Integer call() {
            Pods pods = lab.pods();
            return pods.program(pods.named(name), command).attached();
        }
    }

    /** Removes a pod. */
    @Command(name = "rm", description = "Removes a pod.", mixinStandardHelpOptions = true)
    static final class PodRemove implements Callable<Integer> {

        @Mixin
        private final LabOption lab = new LabOption();

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Override
        public Integer call() {
            Pods pods = lab.pods();
            pods.remove(pods.named(name));
            return 0;
        }
    }

    /** Lists pods. */
    @Command(name = "pods", description = "Lists the pods.", mixinStandardHelpOptions = true)
    static final class PodsCommand implements Callable<Integer> {

        @Mixin
        private final LabOption lab = new LabOption();

        @Option(names = "--format", paramLabel = "tabular|json", defaultValue = "tabular")
        private String format = "tabular";

        @Override
        public Integer call() {
            Pods pods = lab.pods();
            List<Pod> all = pods.all().stream().filter(pods::lives).toList();
            switch (format) {
                case "json" -> {
                    ArrayNode list = Json.object().putArray("pods");
                    all.forEach(pod -> list.add(pod.shown()));
                    System.out.println(Json.compact(list));
                }
                case "tabular" -> {
                    System.out.printf("%-16s  %-20s  %-4s  %-16s  %s%n", "Namespace", "Name", "Host", "Address", "Labels");
                    all.forEach(pod -> System.out.printf("%-16s  %-20s  %-4s  %-16s  %s%n", pod.namespace(), pod.name(), pod.host(),
                            String.join(",", pod.addresses()), new TreeMap<>(pod.spec().labels()).entrySet().stream()
                                    .map(Map.Entry::toString).collect(Collectors.joining(","))));
                }
                default -> throw new LabException("--format is \"" + format + "\", expected tabular or json.");
            }
            return 0;
        }
    }

    /** Tries whether pods reach each other. */
    @Command(name = "proof", description = "Tries whether a pod on each host reaches one on each other, as canal up does at its end.",
            mixinStandardHelpOptions = true)
    static final class ProofCommand implements Callable<Integer> {

        @Mixin
        private final LabOption lab = new LabOption();

        @Override
        public Integer call() {
            ProofTable table = new Proof(lab.pods(), lab.hosts()).run();
            System.out.println(table.text());
            table.failures().forEach(System.err::println);
            return table.holds() ? 0 : 1;
        }
    }

    /** Makes a fault. */
    @Command(name = "break", description = "Makes a fault on a host.", mixinStandardHelpOptions = true)
    static final class BreakCommand implements Callable<Integer> {

        @Mixin
        private final LabOption lab = new LabOption();

        @Parameters(paramLabel = "FAULT", arity = "0..1", description = "One of those that --list explains.")
        private @Nullable String fault;

        @Option(names = "--host", paramLabel = "HOST")
        private @Nullable String host;

        @Option(names = "--end", description = "Takes the fault away, where only its maker can.")
        private boolean end;

        @Option(names = "--list", description = "Explains all faults.")
        private boolean list;

        @Override
        public Integer call() {
            if (list) {
                for (Fault one : Fault.values()) {
                    System.out.printf("%-22s%s%s%n", one, one.explanation(), one.needsEnd() ? " (lasts until --end)" : "");
                }
                return 0;
            }
            if (fault == null || host == null) {
                throw new LabException("canal lab break needs FAULT --host HOST; canal lab break --list explains the faults.");
            }
            Scene scene = new Scene(lab.host(host), lab.hosts());
            System.out.println(end ? Fault.named(fault).end(scene) : Fault.named(fault).make(scene));
            return 0;
        }
    }

    /** Reboots a host. */
    @Command(name = "reboot", description = "Reboots a host: its disk stays, its kernel's state and its pods go.",
            mixinStandardHelpOptions = true)
    static final class RebootCommand implements Callable<Integer> {

        @Mixin
        private final LabOption lab = new LabOption();

        @Parameters(paramLabel = "HOST")
        private String host = "";

        @Override
        public Integer call() {
            lab.host(host).reboot();
            return 0;
        }
    }
}

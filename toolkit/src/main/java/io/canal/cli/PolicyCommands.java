package io.canal.cli;

import io.canal.controller.MachineSpec;
import io.canal.controller.ModelException;
import io.canal.controller.ModelView;
import io.canal.ctl.CommandLine;
import io.canal.lab.LabName;
import io.canal.lab.Places;
import io.canal.model.NodePaths;
import io.canal.ssh.Connection;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * {@code canal get}, {@code canal apply} and the other commands for Calico's resources. Where calicoctl's variables or its file say
 * where etcd is, they work from here; else they run on a host of the model, whose etcd they then are about.
 */
final class PolicyCommands {

    static final Set<String> NAMES = names();

    private static final String PROGRAM = "/opt/canal/current/bin/calicoctl";

    private PolicyCommands() {}

    private static Set<String> names() {
        Set<String> names = new TreeSet<>(CommandLine.COMMANDS);
        names.remove("version");
        return Set.copyOf(names);
    }

    /** Runs one command; the exit code. */
    static int run(List<String> given) throws IOException, InterruptedException, ModelException {
        List<String> words = new ArrayList<>(given);
        Optional<Path> model = take(words, "--model", "-m").map(Path::of)
                .or(() -> take(words, "--lab", "--lab").map(name -> Places.usual().part(new LabName(name), "model")));
        if (words.getFirst().equals("validate") || model.isEmpty() && knowsEtcd(words)) {
            return io.canal.ctl.Main.run(words);
        }
        // Else that of CANAL_MODEL, else the lab's.
        Optional<ModelView> view = ModelView.read(model.orElseGet(() -> new ModelOption().folder()));
        if (view.isEmpty() && (model.isPresent() || new ModelOption().isNamed())) {
            // Not what this machine's own settings say: a name that is wrong must not lead to another cluster.
            throw new ModelException("there is no model in " + model.orElseGet(() -> new ModelOption().folder()));
        }
        if (view.isEmpty()) {
            return withoutModel(words);
        }
        List<String> argv = new ArrayList<>(List.of(PROGRAM));
        InputStream input;
        try {
            input = withoutFiles(words, argv);
        } catch (IOException | UncheckedIOException unreadable) {
            System.err.println("failed to execute command: " + Sentences.of(unreadable));
            return 1;
        }
        return onHost(view.get(), argv, input, System.out, System.err);
    }

    /** By this machine's own settings; where they say of no etcd, the lab might have had one. */
    private static int withoutModel(List<String> words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = io.canal.ctl.Main.run(words, new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        System.out.print(out.toString(StandardCharsets.UTF_8));
        System.err.print(err.toString(StandardCharsets.UTF_8));
        boolean lacksEtcd = (out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8)).contains("ETCD_ENDPOINTS");
        if (code != 0 && lacksEtcd && !Files.exists(new NodePaths(Path.of("/")).agentYaml())) {
            System.err.println("There is no lab either; canal up makes one, and then these commands ask its etcd.");
        }
        return code;
    }

    private static boolean knowsEtcd(List<String> words) {
        return words.stream().anyMatch(word -> word.equals("-c") || word.startsWith("--config"))
                || Stream.of("ETCD_ENDPOINTS", "CALICO_ETCD_ENDPOINTS", "DATASTORE_TYPE").anyMatch(name -> System.getenv(name) != null)
                || Files.exists(Path.of("/etc/calico/calicoctl.cfg"));
    }

    /** Takes an option of the toolkit's out of the words. */
    private static Optional<String> take(List<String> words, String name, String letter) {
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (word.startsWith(name + "=")) {
                words.remove(i);
                return Optional.of(word.substring(name.length() + 1));
            }
            if ((word.equals(name) || word.equals(letter)) && i + 1 < words.size()) {
                words.remove(i);
                return Optional.of(words.remove(i));
            }
        }
        return Optional.empty();
    }

    /** Whether etcd says that it has no policy of that name: NAMESPACE/NAME, or NAME of a global one. False where it cannot be asked. */
    static boolean isAbsent(ModelView view, String policy) throws IOException, InterruptedException, ModelException {
        int slash = policy.indexOf('/');
        List<String> argv = slash < 0 ? List.of(PROGRAM, "get", "gnp", policy)
                : List.of(PROGRAM, "get", "np", policy.substring(slash + 1), "-n", policy.substring(0, slash));
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        int code = onHost(view, argv, InputStream.nullInputStream(), OutputStream.nullOutputStream(), said);
        return code != 0 && said.toString(StandardCharsets.UTF_8).contains("resource does not exist");
    }

    private static int onHost(ModelView view, List<String> argv, InputStream input, OutputStream out, OutputStream err)
            throws IOException, InterruptedException, ModelException {
        ModelView.Unit unit = view.units().stream()
                .filter(one -> one.application().equals("canal") && !one.dying())
                .findFirst()
                .orElseThrow(() -> new ModelException("the model has no unit of canal on whose host the command could run; set ETCD_ENDPOINTS"));
        MachineSpec machine = view.machine(unit.machine()).orElseThrow(() -> new ModelException("machine \"" + unit.machine() + "\" not found"));
        try (Connection connection = Connection.open(machine.endpoint())) {
            return connection.run(argv, input, out, err);
        }
    }

    /** Copies the words; what {@code --filename} names is read here, and comes to standard input over there. */
    private static InputStream withoutFiles(List<String> words, List<String> argv) throws IOException {
        InputStream input = InputStream.nullInputStream();
        boolean recursive = words.contains("-R") || words.contains("--recursive");
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            Optional<String> file = Optional.empty();
            if ((word.equals("-f") || word.equals("--filename")) && i + 1 < words.size()) {
                file = Optional.of(words.get(++i));
            } else if (word.startsWith("--filename=")) {
                file = Optional.of(word.substring("--filename=".length()));
            } else if (word.startsWith("-f") && word.length() > 2) {
                file = Optional.of(word.substring(2));
            }
            if (file.isEmpty()) {
                argv.add(word);
            } else {
                argv.addAll(List.of("-f", "-"));
                input = file.get().equals("-") ? System.in : new ByteArrayInputStream(read(Path.of(file.get()), recursive));
            }
        }
        return input;
    }

    private static byte[] read(Path path, boolean recursive) throws IOException {
        if (!Files.isDirectory(path)) {
            return Files.readAllBytes(path);
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (Stream<Path> files = Files.walk(path, recursive ? Integer.MAX_VALUE : 1)) {
            for (Path file : files.filter(Files::isRegularFile).filter(one -> one.toString().matches(".*\\.(yaml|yml|json)")).sorted().toList()) {
                all.writeBytes(Files.readAllBytes(file));
                all.writeBytes("\n---\n".getBytes(StandardCharsets.UTF_8));
            }
        }
        return all.toByteArray();
    }
}

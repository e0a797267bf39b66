package io.canal.pack;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Makes the charm: {@code canal_<arch>.charm}.
 *
 * <p>Run by Maven in the package phase, from source. Every part is made anew only if what it is made from has changed: a change of
 * code costs the training run and the zip file, not the runtime.
 *
 * <pre>java Pack.java REPOSITORY TARGET VERSION JAR CLASS-PATH</pre>
 */
public final class Pack {

    private Pack() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length != 5) {
            throw new IllegalArgumentException("usage: java Pack.java REPOSITORY TARGET VERSION JAR CLASS-PATH");
        }
        Path repository = Path.of(arguments[0]).toRealPath();
        Path target = Path.of(arguments[1]).toAbsolutePath();
        String version = arguments[2].replace("-SNAPSHOT", "");
        // The class path also has the folder that the jar was made from.
        List<Path> jars = Stream.of((arguments[3] + ":" + arguments[4]).split(":"))
                .map(Path::of)
                .filter(path -> path.toString().endsWith(".jar"))
                .toList();
        Path client = repository.resolve("agent/target/native/calico");
        if (!Files.isExecutable(client)) {
            throw new IOException(client + " is missing: the CNI client is built with the agent (mvn -pl agent,charm package)");
        }
        try {
            Program program = new Program(target.resolve("program"), target.resolve("pack"));
            program.build(jars, repository.resolve("templates"), client, version);
            String arch = arch();
            Path charm = target.resolve("canal_" + arch + ".charm");
            CharmFile.write(charm, members(repository, arch), program.folder());
            System.out.println(charm.getFileName() + ": " + Files.size(charm) / 1024 / 1024 + " MiB, program " + program.digest());
        } catch (IOException failure) {
            // A failed build must not leave an older charm that looks like this one.
            Files.deleteIfExists(target.resolve("canal_" + arch() + ".charm"));
            throw failure;
        }
    }

    /** What is at the charm's root, by name: files and folders of the repository, and the manifest with the architecture. */
    private static Map<String, Object> members(Path repository, String arch) throws IOException {
        Map<String, Object> members = new TreeMap<>();
        for (String name : List.of("metadata.yaml", "config.yaml", "actions.yaml", "icon.svg", "README.md", "dispatch", "hooks", "actions")) {
            members.put(name, repository.resolve(name));
        }
        List<String> manifest = new ArrayList<>();
        for (String line : Files.readAllLines(repository.resolve("manifest.yaml"))) {
            manifest.add(line);
            if (line.strip().startsWith("channel:")) {
                manifest.add("    architectures: [" + arch + "]");
            }
        }
        members.put("manifest.yaml", (String.join("\n", manifest) + "\n").getBytes(StandardCharsets.UTF_8));
        return members;
    }

    /** The architecture in Debian's and Juju's words. */
    private static String arch() {
        String java = System.getProperty("os.arch");
        return switch (java) {
            case "aarch64" -> "arm64";
            case "ppc64le" -> "ppc64el";
            default -> java;
        };
    }
}

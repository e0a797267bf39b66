package io.canal.agent;

import io.canal.dataplane.file.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The file in which the names of departed units wait until what they held is released: the agent's, and that of a hook which the
 * agent does not answer.
 */
public final class DepartedFile {

    private final Path file;

    /** @param stateDir the agent's folder of state */
    public DepartedFile(Path stateDir) {
        this.file = stateDir.resolve("departed-units");
    }

    /** Adds a unit, for the agent to find. */
    public void add(String unit) throws IOException {
        Set<String> units = read();
        if (units.add(unit)) {
            write(units);
        }
    }

    Set<String> read() throws IOException {
        try {
            return Files.readAllLines(file).stream().filter(line -> !line.isBlank()).collect(Collectors.toCollection(TreeSet::new));
        } catch (NoSuchFileException none) {
            return new TreeSet<>();
        }
    }

    void write(Set<String> units) throws IOException {
        if (units.isEmpty()) {
            Files.deleteIfExists(file);
        } else {
            AtomicFile.write(file, String.join("\n", units) + "\n", AtomicFile.SECRET);
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}

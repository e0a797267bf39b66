package io.canal.kernel.iptables;

import io.canal.model.PacketCount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** iptables of one family in one back end, in the calling thread's network namespace. */
public final class Iptables {

    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final String LOCK_SECONDS = "20";
    private static final List<Path> FOLDERS = List.of(Path.of("/usr/sbin"), Path.of("/sbin"), Path.of("/usr/local/sbin"), Path.of("/usr/bin"));

    private static final Pattern LINE = Pattern.compile("line:? ([0-9]{1,8})");

    private final IptablesBackend backend;
    private final boolean v6;
    private final LongConsumer writing;

    public Iptables(IptablesBackend backend, boolean v6) {
        this(backend, v6, _ -> { });
    }

    /** @param writing is told the process that is about to change rules; in the NFT back end its number is the port that it does it by */
    public Iptables(IptablesBackend backend, boolean v6, LongConsumer writing) {
        this.backend = backend;
        this.v6 = v6;
        this.writing = writing;
    }

    /** Whether the programs of this back end are installed. */
    public static boolean installed(IptablesBackend backend) {
        return FOLDERS.stream().anyMatch(folder -> Files.isExecutable(folder.resolve(backend.program(false, "restore"))));
    }

    /** Whether the kernel of this namespace has IPv6; where it was started without, ip6tables fails. */
    public static boolean hasV6() {
        return Files.exists(Path.of("/proc/thread-self/net/if_inet6"));
    }

    /**
     * The tables that ip_tables (legacy) has in this namespace. Only these may be asked for: a question for another one makes it.
     */
    public static Set<String> legacyTables(boolean v6) {
        Path names = Path.of("/proc/thread-self/net/" + (v6 ? "ip6_tables_names" : "ip_tables_names"));
        try {
            return new HashSet<>(Files.readAllLines(names));
        } catch (IOException absent) {
            // The module is not loaded.
            return Set.of();
        }
    }

    /** All tables that there are; none is made by asking. */
    public Map<String, SavedTable> save() throws IptablesException {
        if (backend == IptablesBackend.LEGACY && legacyTables(v6).isEmpty()) {
            return Map.of();
        }
        return SavedTable.parse(Program.run(List.of(backend.program(v6, "save")), "", DEADLINE));
    }

    /** All tables that there are, and what each rule of each chain has counted, in order, by table and chain. */
    public record Counted(Map<String, SavedTable> tables, Map<String, Map<String, List<PacketCount>>> counts) {}

    /** As {@link #save}, with what the rules have counted. */
    public Counted saveCounted() throws IptablesException {
        if (backend == IptablesBackend.LEGACY && legacyTables(v6).isEmpty()) {
            return new Counted(Map.of(), Map.of());
        }
        String saved = Program.run(List.of(backend.program(v6, "save"), "-c"), "", DEADLINE);
        return new Counted(SavedTable.parse(SavedCounts.without(saved)), SavedCounts.parse(saved));
    }

    /** Applies the text; what it does not name stays. Each table is changed as a whole or not at all. */
    public void restore(String text) throws IptablesException {
        List<String> command = backend == IptablesBackend.LEGACY
                ? List.of(backend.program(v6, "restore"), "--noflush", "--wait", LOCK_SECONDS)
                : List.of(backend.program(v6, "restore"), "--noflush");
        try {
            Program.run(command, text, DEADLINE, writing);
        } catch (IptablesException failure) {
            throw new IptablesException(failure, lineOf(text, failure));
        }
    }

    /** The line that the program complains of, which it names by its number only. */
    private static String lineOf(String text, IptablesException failure) {
        Matcher number = LINE.matcher(String.valueOf(failure.getMessage()));
        String[] lines = text.split("\n");
        int line = number.find() ? Integer.parseInt(number.group(1)) : 0;
        return line > 0 && line <= lines.length ? lines[line - 1] : "";
    }
}

package io.canal.cli;

import io.canal.controller.ModelLogs;
import io.canal.controller.ModelLogs.Line;
import io.canal.controller.ModelView;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows what units and their hooks said, as {@code juju debug-log} does. */
@Command(name = "debug-log", description = "Shows what units and their hooks said, and goes on with what they say from now on.",
        mixinStandardHelpOptions = true)
final class DebugLogCommand implements Callable<Integer> {

    private static final List<String> LEVELS = List.of("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL");
    private static final long LOOK_EVERY_MS = 300;

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--replay", description = "From the begin, not only the last lines.")
    private boolean replay;

    @Option(names = {"-n", "--lines"}, defaultValue = "10", description = "How many of the last lines (default: ${DEFAULT-VALUE}).")
    private int lines = 10;

    @Option(names = "--limit", description = "Only that many lines, and no more after them.")
    private int limit;

    @Option(names = {"-i", "--include"}, paramLabel = "UNIT", description = "Only of this unit, or of all units of this application.")
    private List<String> include = new ArrayList<>();

    @Option(names = {"-x", "--exclude"}, paramLabel = "UNIT", description = "Not of this unit, nor of any of this application.")
    private List<String> exclude = new ArrayList<>();

    @Option(names = {"-l", "--level"}, defaultValue = "INFO", paramLabel = "LEVEL",
            description = "The least of TRACE, DEBUG, INFO, WARNING, ERROR, CRITICAL to show (default: ${DEFAULT-VALUE}; what hooks print is DEBUG).")
    private String level = "INFO";

    @Option(names = "--date", description = "With the day.")
    private boolean date;

    @Option(names = "--no-tail", description = "Ends after what is there.")
    private boolean noTail;

    @Override
    public Integer call() throws Exception {
        if (!LEVELS.contains(level.toUpperCase(Locale.ROOT))) {
            throw new UsageException("level value \"" + level + "\" is not one of \"" + String.join("\", \"", LEVELS) + "\"");
        }
        if (lines < 0 || limit < 0) {
            throw new UsageException((lines < 0 ? "--lines is " + lines : "--limit is " + limit) + ", expected a number that is not negative");
        }
        warnOfUnknown(model.view());
        try (Tail tail = new Tail(ModelLogs.logFile(model.folder()))) {
            List<Line> there = chosen(tail.next());
            int most = limit > 0 ? limit : replay ? there.size() : lines;
            // With a limit Juju gives the first lines of a replay, and the last ones otherwise.
            List<Line> shown = replay
                    ? there.subList(0, Math.min(most, there.size()))
                    : there.subList(Math.max(0, there.size() - most), there.size());
            shown.forEach(this::print);
            System.out.flush();
            if (shown.isEmpty()) {
                System.err.println("NOTE nothing was said that is to be shown" + (noTail || limit > 0 ? "" : "; what is said from now on follows"));
            }
            while (!noTail && limit == 0) {
                Thread.sleep(LOOK_EVERY_MS);
                chosen(tail.next()).forEach(this::print);
                System.out.flush();
            }
        }
        return 0;
    }

    /** They may come yet; until then there is nothing to see. */
    private void warnOfUnknown(ModelView view) {
        for (String name : include) {
            String wanted = name.startsWith("unit-") ? name.substring(5).replaceFirst("-(\\d+)$", "/$1") : name;
            boolean known = name.endsWith("*") || view.applications().contains(wanted) || view.unit(wanted).isPresent();
            if (!known) {
                System.err.println("NOTE the model has no unit or application \"" + wanted + "\" now");
            }
        }
    }

    private List<Line> chosen(String text) {
        return ModelLogs.lines(text).stream()
                .filter(line -> LEVELS.indexOf(line.level()) >= LEVELS.indexOf(level.toUpperCase(Locale.ROOT)))
                .filter(line -> include.isEmpty() || include.stream().anyMatch(name -> isOf(line, name)))
                .filter(line -> exclude.stream().noneMatch(name -> isOf(line, name)))
                .toList();
    }

    /** Whether a line is of {@code canal}, {@code canal/0} or {@code unit-canal-0}; an asterisk at the end stands for anything. */
    private static boolean isOf(Line line, String name) {
        String tag = name.startsWith("unit-") ? name : "unit-" + name.replace('/', '-');
        if (tag.endsWith("*")) {
            return line.unit().startsWith(tag.substring(0, tag.length() - 1));
        }
        return line.unit().equals(tag) || line.unit().matches(Pattern.quote(tag) + "-\\d+");
    }

    private void print(Line line) {
        System.out.println(line.unit() + ": " + (date ? line.date() + " " : "") + line.time() + " " + line.level() + " " + line.module()
                + " " + line.message());
    }

    /** The whole lines that a file has got since it was looked at last. */
    private static final class Tail implements AutoCloseable {

        private final Path path;
        private @Nullable RandomAccessFile file;
        private long seen;

        Tail(Path path) {
            this.path = path;
        }

        String next() throws IOException {
            if (file == null && Files.notExists(path)) {
                return "";
            }
            if (file == null) {
                file = new RandomAccessFile(path.toFile(), "r");
            }
            byte[] bytes = new byte[(int) Math.min(file.length() - seen, Integer.MAX_VALUE - 8)];
            file.seek(seen);
            file.readFully(bytes);
            int whole = bytes.length;
            while (whole > 0 && bytes[whole - 1] != '\n') {
                whole--;
            }
            seen += whole;
            return new String(bytes, 0, whole, StandardCharsets.UTF_8);
        }

        @Override
        public void close() throws IOException {
            if (file != null) {
                file.close();
            }
        }
    }
}

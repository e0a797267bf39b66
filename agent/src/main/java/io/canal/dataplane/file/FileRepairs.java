package io.canal.dataplane.file;

import io.canal.reconcile.Repair;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What others did to a file, in words. */
final class FileRepairs {

    private static final Repair.Kind FILES = new Repair.Kind("file", "files");
    /** More of a line than this is not needed to see what it was. */
    private static final int MOST = 80;

    private FileRepairs() {}

    /** @param found what the file said; empty if there was none */
    static Repair of(Path path, Optional<String> found, String now) {
        if (found.isEmpty()) {
            return Repair.removed(FILES, path.toString());
        }
        List<String> before = found.get().lines().map(FileRepairs::shown).filter(line -> !line.isEmpty()).toList();
        List<String> after = now.lines().map(FileRepairs::shown).filter(line -> !line.isEmpty()).toList();
        int same = 0;
        while (same < before.size() && same < after.size() && before.get(same).equals(after.get(same))) {
            same++;
        }
        return Repair.changed(FILES, path.toString(), at(before, same), at(after, same));
    }

    private static String at(List<String> lines, int index) {
        return index < lines.size() ? lines.get(index) : "the end";
    }

    private static String shown(String line) {
        String text = line.replaceAll("\\p{Cntrl}", " ").strip().replaceFirst(",$", "");
        return text.length() > MOST ? text.substring(0, MOST) + "…" : text;
    }
}

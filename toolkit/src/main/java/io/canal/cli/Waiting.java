package io.canal.cli;

import io.canal.controller.Watcher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Says on standard error what a command waits for, once that takes some seconds. */
final class Waiting implements Watcher {

    private static final Pattern OF_A_UNIT = Pattern.compile("([a-z][a-z0-9-]*/\\d+) (.*)");
    private static final String HOOK = "still has hooks to run: ";
    private static final int FEW = 3;

    private final String remark;
    private String told = "";

    Waiting() {
        this("");
    }

    /** @param remark what stands behind each line, such as how not to wait */
    Waiting(String remark) {
        this.remark = remark;
    }

    @Override
    public void waiting(String reasons) {
        String line = brief(reasons);
        // That it is fewer units than before is no news.
        String kind = line.replaceAll("\\d+ units|[a-z][a-z0-9-]*/\\d+(, )?", "");
        if (!kind.equals(told)) {
            told = kind;
            System.err.println("waiting: " + line + remark);
        }
    }

    /** The same in a short line: what several units wait for is told once. */
    static String brief(String reasons) {
        Map<String, List<String>> units = new LinkedHashMap<>();
        List<String> others = new ArrayList<>();
        for (String reason : reasons.split("; ")) {
            Matcher parts = OF_A_UNIT.matcher(reason);
            if (parts.matches()) {
                units.computeIfAbsent(parts.group(2), _ -> new ArrayList<>()).add(parts.group(1));
            } else {
                others.add(reason);
            }
        }
        List<String> lines = new ArrayList<>();
        units.forEach((what, names) -> {
            String which = names.size() > FEW ? names.size() + " units" : String.join(", ", names);
            lines.add(what.startsWith(HOOK) ? what.substring(HOOK.length()) + " of " + which : which + " " + (names.size() > 1 ? what.replaceFirst("^is ", "are ") : what));
        });
        lines.addAll(others);
        return String.join("; ", lines);
    }
}

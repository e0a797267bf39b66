package io.canal.cli;

import io.canal.controller.testing.RecordedCalls;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Recorded commands of Juju's client: what was called, both outputs, the exit code. */
record Transcript(List<String> argv, String stdout, String stderr, int code) {

    static List<Transcript> read(String file) throws IOException {
        List<Transcript> all = new ArrayList<>();
        List<String> argv = List.of();
        StringBuilder out = new StringBuilder();
        StringBuilder err = new StringBuilder();
        StringBuilder at = out;
        for (String line : RecordedCalls.resource("cli/" + file).split("\n", -1)) {
            if (line.startsWith("$ juju ")) {
                argv = List.of(line.substring("$ juju ".length()).replace("\\,", ",").split(" "));
                out.setLength(0);
                err.setLength(0);
            } else if (line.equals("--- stdout")) {
                at = out;
            } else if (line.equals("--- stderr")) {
                at = err;
            } else if (line.startsWith("--- rc ")) {
                all.add(new Transcript(argv, out.toString(), err.toString(), Integer.parseInt(line.substring("--- rc ".length()))));
            } else if (!line.isEmpty() || at.length() > 0 || argv.size() == 3) {
                at.append(line).append('\n');
            }
        }
        return all;
    }

    @Override
    public String toString() {
        return String.join(" ", argv);
    }
}

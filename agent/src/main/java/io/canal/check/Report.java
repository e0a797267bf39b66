package io.canal.check;

import io.canal.control.Finding;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the examination of a node came to.
 *
 * @param witnesses what each of the six says, in words
 * @param problems empty where all is consistent
 */
public record Report(Map<Witness, String> witnesses, List<Finding> problems) {

    /** More than this in one result only hides what matters. */
    private static final int MOST = 100;

    public Report {
        witnesses = new EnumMap<>(witnesses);
        problems = List.copyOf(problems);
    }

    public boolean isConsistent() {
        return problems.isEmpty();
    }

    /** As an action's results: {@code consistent}, {@code witnesses.*}, {@code problems.<n>.*}. */
    public Map<String, String> results() {
        Map<String, String> results = new TreeMap<>();
        results.put("consistent", Boolean.toString(isConsistent()));
        witnesses.forEach((witness, words) -> results.put("witnesses." + witness.word(), words));
        for (int i = 0; i < Math.min(problems.size(), MOST); i++) {
            Finding problem = problems.get(i);
            String at = "problems." + i + ".";
            results.put(at + "what", problem.what());
            results.put(at + "where", problem.where());
            results.put(at + "expected", problem.expected());
            results.put(at + "found", problem.found());
            results.put(at + "repair", problem.repair());
        }
        if (problems.size() > MOST) {
            results.put("problems-left-out", Integer.toString(problems.size() - MOST));
        }
        return results;
    }
}

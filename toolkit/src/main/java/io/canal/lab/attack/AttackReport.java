package io.canal.lab.attack;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What came of attacks. */
public final class AttackReport {

    private final List<Entry> entries = new ArrayList<>();

    AttackReport() {}

    void add(Entry entry) {
        entries.add(entry);
    }

    /** One attack with all that was tried. */
    public static final class Entry {

        private final Attack attack;
        private final List<Finding> findings;

        Entry(Attack attack, List<Finding> findings) {
            this.attack = attack;
            this.findings = List.copyOf(findings);
        }

        public int number() {
            return attack.number();
        }

        private List<Finding> bad() {
            return findings.stream().filter(finding -> finding.end() != Finding.End.STOPPED).toList();
        }

        /** Whether all that was tried was stopped, and what had to pass did. */
        public boolean holds() {
            return !findings.isEmpty() && bad().isEmpty();
        }

        private String result() {
            if (holds()) {
                return "ok";
            }
            return findings.stream().anyMatch(finding -> finding.end() == Finding.End.OPEN) ? "OPEN" : "UNPROVEN";
        }

        /** A line, and one more for each thing that did not end well. */
        public String text() {
            StringBuilder text = new StringBuilder(String.format("%2d  %-62s  %-66s  %s (%d tries)", attack.number(), attack.tried(), attack.stoppedBy(), result(),
                    findings.size()));
            bad().forEach(finding -> text.append(String.format("%n      %s: %s: %s", finding.end() == Finding.End.OPEN ? "OPEN" : "UNPROVEN", finding.tried(), finding.detail())));
            return text.toString();
        }

        private ObjectNode json() {
            ObjectNode json = Json.object().put("number", attack.number()).put("tried", attack.tried()).put("stopped-by", attack.stoppedBy()).put("result", result());
            ArrayNode tries = json.putArray("tries");
            findings.forEach(finding -> {
                ObjectNode one = tries.addObject().put("tried", finding.tried()).put("end", finding.end().name().toLowerCase(Locale.ROOT));
                if (!finding.detail().isEmpty()) {
                    one.put("detail", finding.detail());
                }
            });
            return json;
        }
    }

    /** Whether no attack got through, and each is proven to have been stopped. */
    public boolean holds() {
        return !entries.isEmpty() && entries.stream().allMatch(Entry::holds);
    }

    /** The attacks that were made. */
    public List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** All of it as a JSON document. */
    public String json() {
        ObjectNode json = Json.object().put("holds", holds());
        ArrayNode attacks = json.putArray("attacks");
        entries.forEach(entry -> attacks.add(entry.json()));
        return Json.pretty(json);
    }
}

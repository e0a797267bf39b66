package io.canal.lab.proof;

import io.canal.lab.pod.Pod;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a proof found: a row for each pod that sent and each of its addresses, a column for each pod that it sent to, in that family. */
public record ProofTable(List<Pod> ends, List<Proof.Pair> pairs) {

    public ProofTable {
        ends = List.copyOf(ends);
        pairs = List.copyOf(pairs);
    }

    /** Whether every pair could talk. */
    public boolean holds() {
        return failures().isEmpty();
    }

    /** What went wrong, a sentence a pair. */
    public List<String> failures() {
        return pairs.stream().filter(pair -> pair.failure().isPresent())
                .map(pair -> pair.from().host() + " (" + pair.from().address() + ") to " + pair.to().host() + " (" + pair.address()
                        + "): " + pair.failure().get() + ".").toList();
    }

    /** The table as text. */
    public String text() {
        StringBuilder text = new StringBuilder(String.format("%-22s", "Pod to pod"));
        ends.forEach(to -> text.append(String.format("  %-8s", to.host())));
        for (Pod from : ends) {
            for (String address : from.addresses()) {
                text.append(String.format("%n%-4s %-17s", from.host(), address));
                ends.forEach(to -> text.append(String.format("  %-8s", cell(from, to, address.contains(":")))));
            }
        }
        return text.toString().replaceAll("(?m) +$", "");
    }

    private String cell(Pod from, Pod to, boolean v6) {
        Optional<Proof.Pair> pair = pairs.stream()
                .filter(one -> one.from().equals(from) && one.to().equals(to) && one.address().contains(":") == v6).findFirst();
        return pair.map(found -> found.failure().isPresent() ? "FAIL" : String.format(Locale.ROOT, "%.2f ms", found.millis())).orElse("-");
    }
}

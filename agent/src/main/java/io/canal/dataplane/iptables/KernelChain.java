package io.canal.dataplane.iptables;

import java.util.List;
import java.util.stream.Stream;

/** Our lines in a kernel chain: at its beginning, and anywhere behind; or all {@code behind} those of others. */
record KernelChain(List<String> first, List<String> last, boolean behind) {

    static final KernelChain NONE = new KernelChain(List.of(), List.of(), false);

    boolean isEmpty() {
        return first.isEmpty() && last.isEmpty();
    }

    Stream<String> lines() {
        return Stream.concat(first.stream(), last.stream());
    }

    boolean has(String line) {
        return lines().anyMatch(ours -> same(ours, line));
    }

    /** Whether the chain is as it should be; where nothing may be removed, it may have more of ours. */
    boolean isIn(List<String> is, boolean exactly) {
        if (behind) {
            return isBehind(is, exactly);
        }
        if (is.size() < first.size()) {
            return false;
        }
        for (int i = 0; i < first.size(); i++) {
            if (!same(first.get(i), is.get(i))) {
                return false;
            }
        }
        List<String> rest = is.subList(first.size(), is.size()).stream().filter(Ownership::ownsRule).toList();
        if (!exactly) {
            return holds(rest, last);
        }
        if (rest.size() != last.size()) {
            return false;
        }
        for (int i = 0; i < rest.size(); i++) {
            if (!same(last.get(i), rest.get(i))) {
                return false;
            }
        }
        return true;
    }

    private boolean isBehind(List<String> is, boolean exactly) {
        List<String> wanted = lines().toList();
        int others = is.size() - wanted.size();
        if (!exactly) {
            return holds(is.stream().filter(Ownership::ownsRule).toList(), wanted);
        }
        return others >= 0 && is.subList(0, others).stream().noneMatch(Ownership::ownsRule) && holds(is.subList(others, is.size()), wanted);
    }

    /** Whether all of {@code wanted} is in {@code seen}, in order. */
    static boolean holds(List<String> seen, List<String> wanted) {
        int at = 0;
        for (String line : seen) {
            if (at < wanted.size() && same(wanted.get(at), line)) {
                at++;
            }
        }
        return at == wanted.size();
    }

    /** One rule, though perhaps spelled otherwise: the tag stands for all of it. */
    private static boolean same(String wanted, String is) {
        return wanted.equals(is) || Ownership.tag(wanted).isPresent() && Ownership.tag(wanted).equals(Ownership.tag(is));
    }
}

package io.canal.kernel.netlink;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** Requests that go together, each with what follows when it is done. One that is refused does not keep the others back. */
public final class RtnlBatch {

    private final List<Step> steps = new ArrayList<>();

    /** A request; for a removal, that there is nothing to remove is as good as done. */
    private record Step(NetlinkMessage request, boolean removal, Supplier<String> what, Runnable done) {}

    /** Adds a request that makes or changes something; {@code what} names it where it is refused. */
    public void set(NetlinkMessage request, Supplier<String> what, Runnable done) {
        steps.add(new Step(request, false, what, done));
    }

    /** Adds a request that removes something. */
    public void remove(NetlinkMessage request, Supplier<String> what, Runnable done) {
        steps.add(new Step(request, true, what, done));
    }

    public boolean isEmpty() {
        return steps.isEmpty();
    }

    /**
     * Performs all, and runs what follows each that was done.
     *
     * @return the refusals by what was asked for; empty where all was done
     * @throws KernelException if the outcome is unknown
     */
    public Map<String, Refusal> apply(Rtnl rtnl) throws KernelException {
        if (steps.isEmpty()) {
            return Map.of();
        }
        Map<String, Refusal> refused = new HashMap<>();
        Set<Integer> undone = new HashSet<>();
        for (Refusal refusal : rtnl.apply(steps.stream().map(Step::request).toList())) {
            Step step = steps.get(refusal.index());
            if (!step.removal || !isAbsence(refusal.errno())) {
                refused.put(step.what.get(), refusal);
                undone.add(refusal.index());
            }
        }
        for (int i = 0; i < steps.size(); i++) {
            if (!undone.contains(i)) {
                steps.get(i).done.run();
            }
        }
        steps.clear();
        return refused;
    }

    /** Some refusals in one sentence; the rest is counted. */
    public static String sentence(Map<String, Refusal> refused) {
        List<String> some = refused.entrySet().stream().limit(3).map(entry -> entry.getKey() + ": " + entry.getValue().reason()).toList();
        String more = refused.size() > some.size() ? "; and " + (refused.size() - some.size()) + " more" : "";
        return String.join("; ", some) + more;
    }

    private static boolean isAbsence(int errno) {
        return errno == Errno.ENOENT || errno == Errno.ESRCH || errno == Errno.ENODEV || errno == Errno.EADDRNOTAVAIL;
    }
}

package io.canal.agent;

import io.canal.reconcile.ApplyLoop;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Holds the {@link LocalFacts}: who learns something changes them, the stages of one pass all see the same. */
final class Facts {

    private LocalFacts latest;
    private LocalFacts inPass;
    private Consumer<Runnable> loop = Runnable::run;

    Facts(LocalFacts first) {
        latest = first;
        inPass = first;
    }

    /** From now on changes reach the stages through the loop. */
    synchronized void feed(ApplyLoop applyLoop) {
        loop = applyLoop::write;
    }

    /** The facts as they were last learnt. */
    synchronized LocalFacts latest() {
        return latest;
    }

    /** The facts that the present pass works from; for the apply loop's thread. */
    LocalFacts inPass() {
        return inPass;
    }

    /** Something was learnt; a pass follows if it is news. */
    synchronized LocalFacts change(UnaryOperator<LocalFacts> change) {
        LocalFacts changed = change.apply(latest);
        if (!changed.equals(latest)) {
            latest = changed;
            loop.accept(() -> inPass = changed);
        }
        return changed;
    }
}

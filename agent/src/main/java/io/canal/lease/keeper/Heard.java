package io.canal.lease.keeper;

import io.canal.lease.Row;
import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.SubnetKey;
import io.canal.store.Store.Extent;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** What the feeds have told of the network, for threads other than the keeper's. */
final class Heard {

    /** Who waits longer than this for the feeds reads from etcd by himself. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final NetworkView view;
    private final Consumer<Runnable> keeper;
    private final CompletableFuture<Boolean> begun = new CompletableFuture<>();

    /** @param keeper has something done on the thread that the view belongs to */
    Heard(NetworkView view, Consumer<Runnable> keeper) {
        this.view = view;
        this.keeper = keeper;
    }

    /** On the keeper's thread: something was heard. */
    void look() {
        if (!begun.isDone() && view.subnetsToldOrLost()) {
            begun.complete(true);
        }
    }

    /** Waits, but not for long, until the feeds have told the subnets once, or cannot. */
    void await() {
        var unused = answer(begun);
    }

    /** All leases, if the feed has told what etcd has now. */
    Optional<Map<SubnetKey, Row<LeaseValue>>> leases(Extent now) {
        return ask(() -> view.leasesAt(now));
    }

    /** All holders; as {@link #leases}. */
    Optional<Map<SubnetKey, Row<HolderRecord>>> holders(Extent now) {
        return ask(() -> view.holdersAt(now));
    }

    /** What is known on the keeper's thread; empty where it does not answer in time. */
    <T> Optional<T> ask(Supplier<Optional<T>> question) {
        CompletableFuture<Optional<T>> asked = new CompletableFuture<>();
        keeper.accept(() -> asked.complete(question.get()));
        return answer(asked).flatMap(known -> known);
    }

    private static <T> Optional<T> answer(CompletableFuture<T> asked) {
        try {
            return Optional.of(asked.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException | ExecutionException late) {
            return Optional.empty();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}

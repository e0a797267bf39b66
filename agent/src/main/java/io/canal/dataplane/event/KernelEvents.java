package io.canal.dataplane.event;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.RtnlEvent;
import io.canal.kernel.netlink.RtnlMonitor;
import io.canal.reconcile.ApplyLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Listens to the route family and tells the stages, leaving out what canal itself did through the stages' socket. */
public final class KernelEvents implements AutoCloseable {

    private final RtnlMonitor monitor;

    private record Telling(Hears stage, RtnlEvent event) {}

    private KernelEvents(RtnlMonitor monitor) {
        this.monitor = monitor;
    }

    /**
     * Listens in the calling thread's network namespace from now on.
     *
     * @param ownPort the socket through which the stages act
     * @param others told of all events too, but of our own routes and neighbours, on the listener's thread
     * @param missed told, on that thread too, that the kernel dropped some, after the stages have been
     */
    public static KernelEvents open(ApplyLoop loop, List<? extends Hears> stages, int ownPort, Consumer<List<RtnlEvent>> others, Runnable missed)
            throws KernelException {
        return new KernelEvents(RtnlMonitor.open(ownPort, events -> {
            List<Telling> tellings = new ArrayList<>();
            for (RtnlEvent event : events) {
                if (event.sender() == ownPort) {
                    continue;
                }
                for (Hears stage : stages) {
                    if (stage.concerns(event)) {
                        tellings.add(new Telling(stage, event));
                    }
                }
            }
            if (!tellings.isEmpty()) {
                loop.write(() -> tellings.forEach(telling -> telling.stage.heard(telling.event)));
            }
            others.accept(events);
        }, () -> {
            stages.forEach(stage -> loop.distrust(stage.name()));
            missed.run();
        }));
    }

    @Override
    public void close() {
        monitor.close();
    }
}

package io.canal.dataplane.fdb;

import io.canal.dataplane.event.Hears;
import io.canal.dataplane.link.Tunnels;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.FdbEntry;
import io.canal.kernel.netlink.Neighbour;
import io.canal.kernel.netlink.Refusal;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netlink.RtnlBatch;
import io.canal.kernel.netlink.RtnlEvent;
import io.canal.model.Ip.Family;
import io.canal.model.Ip;
import io.canal.network.FarEnd;
import io.canal.network.Wanted;
import io.canal.reconcile.Delta;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Repair;
import io.canal.reconcile.Stage;
import io.canal.reconcile.StageFailed;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Keeps the forwarding entries that say at which underlay address the far end of a tunnel is. */
public final class FdbStage implements Hears, Wanted<FarEnd, Ip> {

    private static final Repair.Kind REPAIRS = new Repair.Kind("forwarding", "forwarding entries");

    private final Rtnl rtnl;
    private final Tunnels tunnels;
    /** An entry without an address is one that sends elsewhere than ours do. */
    private final Delta<FarEnd, Optional<Ip>> delta = new Delta<>();
    private boolean suspect = true;
    private long incarnation = -1;

    public FdbStage(Rtnl rtnl, Tunnels tunnels) {
        this.rtnl = rtnl;
        this.tunnels = tunnels;
    }

    @Override
    public String name() {
        return "fdb";
    }

    @Override
    public void want(FarEnd key, Ip value) {
        delta.want(key, Optional.of(value));
    }

    @Override
    public void unwant(FarEnd key) {
        delta.unwant(key);
    }

    @Override
    public void run(Pass pass) throws StageFailed {
        if (tunnels.states().isEmpty()) {
            return;
        }
        try {
            if (suspect || incarnation != tunnels.incarnation()) {
                observe();
            }
            if (!delta.settled()) {
                set();
            }
        } catch (KernelException failure) {
            throw new StageFailed(String.valueOf(failure.getMessage()), failure);
        }
    }

    @Override
    public void distrust() {
        suspect = true;
    }

    @Override
    public List<Repair> takeRepairs() {
        return delta.takeRepairs(REPAIRS, end -> "forwarding entry " + end.mac(), destination -> destination.map(Ip::toString).orElse("several destinations"));
    }

    @Override
    public boolean concerns(RtnlEvent event) {
        return event instanceof RtnlEvent.FdbChanged changed && tunnels.family(changed.entry().link()).isPresent();
    }

    @Override
    public void heard(RtnlEvent event) {
        if (event instanceof RtnlEvent.FdbChanged(FdbEntry entry, boolean gone, int sender)) {
            Optional<Family> family = tunnels.family(entry.link());
            if (family.isEmpty()) {
                return;
            }
            Optional<Ip> believed = delta.seen(new FarEnd(family.get(), entry.mac()));
            boolean permanent = !gone && isPermanent(entry);
            boolean asBelieved = permanent ? destination(entry).equals(believed) : believed == null;
            suspect |= !asBelieved;
        }
    }

    @Override
    public void removeAll() throws StageFailed {
        List.copyOf(delta.allWanted().keySet()).forEach(delta::unwant);
        suspect = true;
        Pass last = new Pass(0, true);
        run(last);
        removals().run(last);
    }

    /** The other half, to be run after the routes: what leads to a far end goes before it does. */
    public Stage removals() {
        return new Stage() {
            @Override
            public String name() {
                return "fdb removal";
            }

            @Override
            public void run(Pass pass) throws StageFailed {
                if (pass.mayRemove() && !tunnels.states().isEmpty() && !delta.settled()) {
                    remove();
                }
            }
        };
    }

    private void observe() throws KernelException {
        long at = tunnels.incarnation();
        Map<FarEnd, Optional<Ip>> seen = new HashMap<>();
        for (Family family : Family.values()) {
            int link = tunnels.index(family);
            if (link != 0) {
                for (FdbEntry entry : rtnl.forwarding(link)) {
                    if (isPermanent(entry)) {
                        // A MAC with two destinations is none of ours.
                        seen.merge(new FarEnd(family, entry.mac()), destination(entry), (one, other) -> Optional.empty());
                    }
                }
            }
        }
        delta.sawOnly(seen);
        if (incarnation != at) {
            delta.excuse();
        }
        suspect = false;
        incarnation = at;
    }

    private void set() throws KernelException, StageFailed {
        RtnlBatch batch = new RtnlBatch();
        delta.toSet().forEach((end, destination) -> {
            int link = tunnels.index(end.tunnel());
            if (link != 0) {
                Ip address = destination.orElseThrow();
                if (Optional.empty().equals(delta.seen(end))) {
                    // Its other destinations and properties would survive a replacement.
                    batch.remove(FdbEntry.permanent(link, end.mac(), address).delete(), () -> "removal of forwarding entry " + end.mac(), () -> delta.gone(end));
                }
                batch.set(FdbEntry.permanent(link, end.mac(), address).replace(), () -> "forwarding entry " + end.mac() + " to " + address,
                        () -> delta.saw(end, destination));
            }
        });
        carryOut(batch);
    }

    private void remove() throws StageFailed {
        RtnlBatch batch = new RtnlBatch();
        for (FarEnd end : delta.toRemove()) {
            FdbEntry stale = new FdbEntry(tunnels.index(end.tunnel()), end.mac(), Optional.empty(), 0, false);
            batch.remove(stale.delete(), () -> "removal of forwarding entry " + end.mac(), () -> delta.gone(end));
        }
        try {
            carryOut(batch);
        } catch (KernelException failure) {
            throw new StageFailed(String.valueOf(failure.getMessage()), failure);
        }
    }

    private void carryOut(RtnlBatch batch) throws KernelException, StageFailed {
        Map<String, Refusal> refused = batch.apply(rtnl);
        if (!refused.isEmpty()) {
            throw new StageFailed(RtnlBatch.sentence(refused));
        }
    }

    private static boolean isPermanent(FdbEntry entry) {
        return (entry.state() & Neighbour.PERMANENT) != 0;
    }

    private static Optional<Ip> destination(FdbEntry entry) {
        return entry.more() ? Optional.empty() : entry.destination();
    }
}

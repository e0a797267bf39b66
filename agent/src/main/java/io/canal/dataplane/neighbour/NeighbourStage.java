package io.canal.dataplane.neighbour;

import io.canal.dataplane.event.Hears;
import io.canal.dataplane.link.Tunnels;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Neighbour;
import io.canal.kernel.netlink.Refusal;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netlink.RtnlBatch;
import io.canal.kernel.netlink.RtnlEvent;
import io.canal.model.Ip.Family;
import io.canal.model.Ip;
import io.canal.model.Mac;
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

/** Keeps the neighbour entries that say which MAC is behind a peer's address in the tunnel of its family. */
public final class NeighbourStage implements Hears, Wanted<Ip, Mac> {

    private static final Repair.Kind REPAIRS = new Repair.Kind("neighbour", "neighbour entries");

    private final Rtnl rtnl;
    private final Tunnels tunnels;
    private final Delta<Ip, Mac> delta = new Delta<>();
    private boolean suspect = true;
    private long incarnation = -1;

    public NeighbourStage(Rtnl rtnl, Tunnels tunnels) {
        this.rtnl = rtnl;
        this.tunnels = tunnels;
    }

    @Override
    public String name() {
        return "neighbour";
    }

    @Override
    public void want(Ip key, Mac value) {
        delta.want(key, value);
    }

    @Override
    public void unwant(Ip key) {
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
        return delta.takeRepairs(REPAIRS, address -> "neighbour entry " + address, Mac::toString);
    }

    @Override
    public boolean concerns(RtnlEvent event) {
        return event instanceof RtnlEvent.NeighbourChanged changed && tunnels.family(changed.neighbour().link()).isPresent();
    }

    @Override
    public void heard(RtnlEvent event) {
        if (event instanceof RtnlEvent.NeighbourChanged(Neighbour neighbour, boolean gone, int sender)) {
            Mac believed = delta.seen(neighbour.address());
            boolean permanent = !gone && neighbour.state() == Neighbour.PERMANENT;
            boolean asBelieved = permanent ? neighbour.mac().filter(mac -> mac.equals(believed)).isPresent() : believed == null;
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

    /** The other half, to be run after the routes: what leads to a neighbour goes before it does. */
    public Stage removals() {
        return new Stage() {
            @Override
            public String name() {
                return "neighbour removal";
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
        Map<Ip, Mac> seen = new HashMap<>();
        for (Family family : Family.values()) {
            int link = tunnels.index(family);
            if (link != 0) {
                for (Neighbour neighbour : rtnl.neighbours(family, link)) {
                    if (neighbour.state() == Neighbour.PERMANENT) {
                        seen.put(neighbour.address(), neighbour.mac().orElse(new Mac(0)));
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
        for (Map.Entry<Ip, Mac> entry : delta.toSet().entrySet()) {
            Ip address = entry.getKey();
            Mac mac = entry.getValue();
            int link = tunnels.index(address.family());
            if (link != 0) {
                batch.set(Neighbour.permanent(link, address, mac).replace(), () -> "neighbour " + address + " at " + mac, () -> delta.saw(address, mac));
            }
        }
        carryOut(batch);
    }

    private void remove() throws StageFailed {
        RtnlBatch batch = new RtnlBatch();
        for (Ip address : delta.toRemove()) {
            Neighbour stale = new Neighbour(tunnels.index(address.family()), address, Optional.empty(), 0);
            batch.remove(stale.delete(), () -> "removal of neighbour " + address, () -> delta.gone(address));
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
}

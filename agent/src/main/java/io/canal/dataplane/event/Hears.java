package io.canal.dataplane.event;

import io.canal.kernel.netlink.RtnlEvent;
import io.canal.reconcile.Stage;

/** A stage that wants to know when others change its objects. */
public interface Hears extends Stage {

    /** Whether the event may be about an object of this stage; asked for every event, on the listener's thread, so it is quick. */
    boolean concerns(RtnlEvent event);

    /**
     * An event that concerned the stage, told on the loop's thread. Where it says other than what the stage believes, the stage
     * looks anew in the pass that follows; where it says what the stage did itself, nothing follows.
     */
    void heard(RtnlEvent event);
}

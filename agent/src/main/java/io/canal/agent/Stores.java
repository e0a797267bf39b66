package io.canal.agent;

import io.canal.config.AgentConfig;
import io.canal.store.Store;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes the store that a configuration names. The first one can be begun ahead, so that it connects while the rest of the agent is made. */
final class Stores {

    private record Ahead(AgentConfig config, Store store) {}

    private final Function<AgentConfig, Store> maker;
    private @Nullable Ahead ahead;

    Stores(Function<AgentConfig, Store> maker) {
        this.maker = maker;
    }

    /** The next {@link #of} will ask for this, if nothing changes meanwhile. */
    synchronized void begin(AgentConfig config) {
        if (config.etcd().known()) {
            ahead = new Ahead(config, maker.apply(config));
        }
    }

    synchronized Store of(AgentConfig config) {
        Ahead begun = ahead;
        ahead = null;
        if (begun != null && begun.config.equals(config)) {
            return begun.store;
        }
        if (begun != null) {
            begun.store.close();
        }
        return maker.apply(config);
    }
}

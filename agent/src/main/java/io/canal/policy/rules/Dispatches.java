package io.canal.policy.rules;

import static io.canal.policy.rules.Verdicts.rule;

import io.canal.policy.EndpointId;
import io.canal.policy.EndpointPolicies;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Match;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Way;
import java.util.ArrayList;
import java.util.List;

/** The chains that lead to those of endpoints, by the packet's interface. */
final class Dispatches {

    static final String WORKLOAD_PREFIX = "cali";

    static final ChainName FROM_WORKLOAD = ChainName.filter("cali-from-wl-dispatch");
    static final ChainName TO_WORKLOAD = ChainName.filter("cali-to-wl-dispatch");

    /** A dispatch to host endpoints; {@code prefix} begins the names of the chains that it leads to. */
    enum ToHostEndpoints {
        RAW_FROM(Layer.RAW, "cali-from-host-endpoint", Way.IN, "cali-fh-"),
        RAW_TO(Layer.RAW, "cali-to-host-endpoint", Way.OUT, "cali-th-"),
        MANGLE_FROM(Layer.MANGLE, "cali-from-host-endpoint", Way.IN, "cali-fh-"),
        MANGLE_TO(Layer.MANGLE, "cali-to-host-endpoint", Way.OUT, "cali-th-"),
        FILTER_FROM(Layer.FILTER, "cali-from-host-endpoint", Way.IN, "cali-fh-"),
        FILTER_TO(Layer.FILTER, "cali-to-host-endpoint", Way.OUT, "cali-th-"),
        FORWARD_FROM(Layer.FILTER, "cali-from-hep-forward", Way.IN, "cali-fhfw-"),
        FORWARD_TO(Layer.FILTER, "cali-to-hep-forward", Way.OUT, "cali-thfw-");

        private final ChainName chain;
        private final Way way;
        private final String prefix;

        ToHostEndpoints(Layer layer, String name, Way way, String prefix) {
            chain = new ChainName(layer, name);
            this.way = way;
            this.prefix = prefix;
        }

        ChainName chain() {
            return chain;
        }

        Way way() {
            return way;
        }

        /** Whether {@code endpoint} has a chain for this. */
        boolean takes(EndpointPolicies.Host endpoint) {
            return switch (this) {
                case RAW_FROM, RAW_TO -> isUntracked(endpoint);
                case MANGLE_FROM -> !endpoint.preDnat().isEmpty();
                case MANGLE_TO, FILTER_FROM, FILTER_TO, FORWARD_FROM, FORWARD_TO -> true;
            };
        }

        /** The endpoint's chain that this leads to. */
        ChainName target(EndpointId.Host endpoint) {
            return Names.endpoint(chain.layer(), prefix, chainPart(endpoint));
        }

        /** @param all whether packets of interfaces without an entry go to the endpoint of all interfaces */
        Chain.Dispatch dispatch(boolean all) {
            List<Rule> end = new ArrayList<>();
            if (all) {
                if (this == MANGLE_TO) {
                    end.add(rule(new Action.Return(), workload(Way.OUT)).comment("Skip egress WHEP policy for traffic to local workload"));
                }
                end.add(rule(new Action.Goto(target(new EndpointId.Host(EndpointId.Host.ALL)))));
            }
            return new Chain.Dispatch(chain, way, end);
        }
    }

    private Dispatches() {}

    /** Whether the endpoint has untracked policies; that of all interfaces cannot. */
    static boolean isUntracked(EndpointPolicies.Host endpoint) {
        return !endpoint.untracked().isEmpty() && !endpoint.id().isAll();
    }

    static Chain.Dispatch workloads(ChainName name, Way way, Verdicts verdicts) {
        return new Chain.Dispatch(name, way, List.of(rule(verdicts.deny(Layer.FILTER)).comment(Chain.Dispatch.UNKNOWN)));
    }

    static Match workload(Way way) {
        return new Match.Interface(way, WORKLOAD_PREFIX, true, false);
    }

    /** What the name of a host endpoint's chain has after its prefix. */
    static String chainPart(EndpointId.Host endpoint) {
        return endpoint.isAll() ? "any-interface-at-all" : endpoint.interfaceName();
    }
}

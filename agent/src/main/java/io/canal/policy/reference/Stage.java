package io.canal.policy.reference;

import java.util.List;

/**
 * What happened at one point of a packet's way.
 *
 * @param endpoint whose policies were asked: a pod's namespace and name, or a host endpoint's name
 * @param outcome what came of it
 */
public record Stage(Point point, String endpoint, List<Step> steps, Outcome outcome) {

    /** Where policies are asked, in the order of a packet's way. */
    public enum Point {
        UNTRACKED_INGRESS("before connection tracking, coming in"),
        PRE_DNAT("before addresses are translated"),
        HOST_FORWARD_INGRESS("passing through the node, coming in"),
        POD_EGRESS("egress of the pod"),
        POD_TO_HOST("from a pod to its node"),
        HOST_INGRESS("ingress of the node"),
        POD_INGRESS("ingress of the pod"),
        HOST_FORWARD_EGRESS("passing through the node, going out"),
        UNTRACKED_EGRESS("before connection tracking, going out"),
        HOST_EGRESS("egress of the node");

        private final String title;

        Point(String title) {
            this.title = title;
        }

        public String title() {
            return title;
        }
    }

    /** What a point makes of a packet. */
    public enum Outcome {
        ALLOWED,
        DENIED,
        /** Nothing was decided: what comes behind decides. */
        UNDECIDED
    }

    public Stage {
        steps = List.copyOf(steps);
    }
}

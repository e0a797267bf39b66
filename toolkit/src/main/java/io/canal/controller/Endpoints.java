package io.canal.controller;

import io.canal.controller.charm.EndpointSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Finds the two endpoints that a user means to relate. */
final class Endpoints {

    /** Two endpoints that fit each other. */
    record Pair(List<RelationState.End> ends, boolean container) {}

    private Endpoints() {}

    static Pair match(ModelState state, CharmStore charms, String one, String other) throws IOException, ModelException {
        List<Pair> pairs = new ArrayList<>();
        for (RelationState.End left : candidates(state, charms, one)) {
            for (RelationState.End right : candidates(state, charms, other)) {
                boolean fit = left.interfaceName().equals(right.interfaceName())
                        && (left.role() == EndpointSpec.Role.PROVIDES && right.role() == EndpointSpec.Role.REQUIRES
                                || left.role() == EndpointSpec.Role.REQUIRES && right.role() == EndpointSpec.Role.PROVIDES);
                if (fit && !left.application().equals(right.application())) {
                    boolean container = isContainer(state, charms, left) || isContainer(state, charms, right);
                    pairs.add(new Pair(List.of(left, right), container));
                }
            }
        }
        if (pairs.isEmpty()) {
            throw new ModelException("no relations found between \"" + one + "\" and \"" + other + "\"");
        }
        if (pairs.size() > 1) {
            throw new ModelException("ambiguous relation: \"" + one + " " + other + "\" could refer to "
                    + String.join("; ", pairs.stream().map(pair -> "\"" + pair.ends().get(0) + " " + pair.ends().get(1) + "\"").toList()));
        }
        return pairs.getFirst();
    }

    private static boolean isContainer(ModelState state, CharmStore charms, RelationState.End end) throws IOException {
        EndpointSpec spec = charms.get(state.application(end.application()).digest).endpoints().get(end.endpoint());
        return spec != null && spec.container();
    }

    private static List<RelationState.End> candidates(ModelState state, CharmStore charms, String text)
            throws IOException, ModelException {
        String[] parts = text.split(":", 2);
        ApplicationState application = state.applications.get(parts[0]);
        if (application == null) {
            throw new ModelException("application \"" + parts[0] + "\" not found");
        }
        List<RelationState.End> ends = new ArrayList<>();
        for (EndpointSpec spec : charms.get(application.digest).endpoints().values()) {
            if (parts.length == 1 ? !spec.name().equals("juju-info") : spec.name().equals(parts[1])) {
                ends.add(new RelationState.End(parts[0], spec.name(), spec.role(), spec.interfaceName()));
            }
        }
        if (ends.isEmpty()) {
            throw new ModelException("application \"" + parts[0] + "\" has no \"" + (parts.length == 1 ? "" : parts[1]) + "\" relation");
        }
        return ends;
    }
}

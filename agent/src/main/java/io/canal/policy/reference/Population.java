package io.canal.policy.reference;

import io.canal.model.Ip;
import io.canal.policy.Labelled;
import io.canal.policy.ScopedProfile;
import io.canal.policy.selector.Selector;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Who is selected by a selector. */
final class Population {

    private final List<Labelled> all;
    private final Map<String, Map<String, String>> profileLabels = new HashMap<>();
    private final Map<Selector, List<Labelled>> selected = new HashMap<>();

    Population(List<Labelled> all, List<ScopedProfile> profiles) {
        this.all = all;
        profiles.forEach(profile -> profileLabels.put(profile.name(), profile.labelsToApply()));
    }

    boolean selects(Selector selector, Labelled one) {
        return selector.matches(one.inheriting(profileLabels::get));
    }

    /** Whether anything that is selected has this address. */
    boolean selects(Selector selector, Ip address) {
        return selected(selector).stream().anyMatch(one -> one.holds(address));
    }

    /** Whether anything that is selected and has this address has the port under this name. */
    boolean names(Selector selector, Ip address, int protocol, int port, String name) {
        return selected(selector).stream().anyMatch(one -> one.holds(address) && one.ports().stream().anyMatch(
                declared -> declared.name().equals(name) && declared.protocol().number() == protocol && declared.port() == port));
    }

    private List<Labelled> selected(Selector selector) {
        return selected.computeIfAbsent(selector, wanted -> all.stream().filter(one -> selects(wanted, one)).toList());
    }
}

package io.canal.controller;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** What a hook has written so far: committed when it exits 0, dropped when it does not. */
final class HookWrites {

    final Map<Integer, Map<String, String>> unitBags = new TreeMap<>();
    final Map<Integer, Map<String, String>> appBags = new TreeMap<>();
    final Map<String, Optional<String>> store = new TreeMap<>();
    /** Storage that was asked for: there is none, and the commit fails. */
    final List<String> storage = new ArrayList<>();
    /** All open ports as they should be; empty when the hook did not touch them. */
    Optional<Map<PortRange, TreeSet<String>>> ports = Optional.empty();

    /** Why nothing of this can be committed, in Juju's words; empty when it can. */
    Optional<String> refusal(UnitName unit) {
        return storage.stream().findFirst().map(name -> "preparing storage additions: preparing storage add \"" + name + "\" for unit \""
                + unit + "\": storage name not supported");
    }
}

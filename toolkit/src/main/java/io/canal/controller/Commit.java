package io.canal.controller;

import io.canal.controller.charm.EndpointSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What becomes of the state when a hook begins, ends well or fails. Pure. */
final class Commit {

    private static final Duration FIRST_RETRY = Duration.ofSeconds(5);
    private static final Duration LAST_RETRY = Duration.ofMinutes(5);

    private Commit() {}

    /** A unit enters a relation's scope before its relation-created hook: its bag is there for the hook to read and write. */
    static void begun(ModelState state, UnitState unit, Hook hook, Instant now) {
        unit.agent = new Status("executing", hook.kind().isTask() ? "running action " + taskName(state, hook) : hook.running(), now);
        switch (hook.kind()) {
            case INSTALL -> unit.workload = new Status("maintenance", "installing charm software", now);
            case STOP -> unit.workload = new Status("maintenance", "stopping charm software", now);
            case REMOVE -> unit.workload = new Status("maintenance", "cleaning up prior to charm deletion", now);
            case CREATED -> {
                RelationState relation = state.relation(hook.relation());
                MachineState machine = state.machine(unit.machine);
                if (!relation.unitBags.containsKey(unit.name)) {
                    String address = machine.spec.address();
                    relation.unitBags.put(unit.name, Bag.EMPTY.with(Map.of(
                            "ingress-address", address,
                            "egress-subnets", address + (address.contains(":") ? "/128" : "/32"))));
                }
            }
            case ACTION, EXEC -> state.task(hook.task()).ifPresent(task -> {
                task.status = "running";
                task.started = Optional.of(now);
            });
            // At its begin: what is told while it runs may come too late for it.
            case UPDATE_STATUS -> {
                unit.wantsUpdateStatus = false;
                unit.nudged = false;
            }
            case START, CONFIG_CHANGED, UPGRADE_CHARM, LEADER_ELECTED, JOINED, CHANGED, DEPARTED, BROKEN -> {
            }
        }
    }

    private static String taskName(ModelState state, Hook hook) {
        return state.task(hook.task()).map(task -> task.action).orElse("");
    }

    /**
     * The hook exited 0.
     *
     * @param seen the state as it was when the hook began: what the unit knows now
     */
    static void succeeded(ModelState state, ModelState seen, UnitState unit, Hook hook, Instant now) {
        unit.failed = Optional.empty();
        unit.agent = new Status("idle", "", now);
        switch (hook.kind()) {
            case INSTALL -> {
                unit.installed = true;
                unit.charmSeen = unit.charmOnHost;
            }
            case UPGRADE_CHARM -> {
                unit.charmSeen = unit.charmOnHost;
                unit.configSeen = "";
            }
            case CONFIG_CHANGED -> unit.configSeen = Resolver.fingerprint(seen, unit);
            case START -> {
                unit.started = true;
                unit.bootSeen = seen.machine(unit.machine).bootId;
                if (unit.workload.message().equals("installing charm software")) {
                    unit.workload = new Status("unknown", "", now);
                }
            }
            case LEADER_ELECTED -> unit.leaderSeen = true;
            case STOP -> unit.stopped = true;
            case REMOVE -> remove(state, unit);
            case CREATED -> {
                unit.membership(hook.relation()).created = true;
                RelationState relation = state.relation(hook.relation());
                if (relation.container && !unit.dying) {
                    attach(state, unit, relation, now);
                }
            }
            case JOINED -> {
                UnitName remote = UnitName.of(hook.remoteUnit());
                Membership membership = unit.membership(hook.relation());
                membership.joined.put(remote, 0L);
                membership.changedNext = Optional.of(remote);
            }
            case CHANGED -> changed(seen, unit, hook);
            case DEPARTED -> {
                UnitName remote = UnitName.of(hook.remoteUnit());
                Membership membership = unit.membership(hook.relation());
                membership.joined.remove(remote);
                if (membership.changedNext.filter(remote::equals).isPresent()) {
                    membership.changedNext = Optional.empty();
                }
            }
            case BROKEN -> unit.membership(hook.relation()).broken = true;
            case UPDATE_STATUS, ACTION, EXEC -> {
            }
        }
        tidy(state);
    }

    private static void changed(ModelState seen, UnitState unit, Hook hook) {
        RelationState relation = seen.relation(hook.relation());
        Membership membership = unit.membership(hook.relation());
        if (hook.remoteUnit().isEmpty()) {
            membership.appSeen = relation.appBag(hook.remoteApp()).version();
            return;
        }
        UnitName remote = UnitName.of(hook.remoteUnit());
        membership.joined.put(remote, relation.unitBag(remote).version());
        if (membership.changedNext.filter(remote::equals).isPresent()) {
            membership.changedNext = Optional.empty();
        }
    }

    /** A failed hook keeps everything as it was and is repeated; the wait doubles from 5 s to 5 min. */
    static void failed(UnitState unit, Hook hook, Instant now) {
        int attempts = unit.failed.filter(failure -> failure.hook().equals(hook)).map(UnitState.Failed::attempts).orElse(0) + 1;
        Duration wait = FIRST_RETRY.multipliedBy(1L << Math.min(attempts - 1, 6));
        Instant retryAt = now.plus(wait.compareTo(LAST_RETRY) > 0 ? LAST_RETRY : wait);
        unit.failed = Optional.of(new UnitState.Failed(hook, attempts, retryAt));
        unit.agent = new Status("idle", "", now);
    }

    /** A principal has entered a container-scoped relation: it gets its unit of the subordinate. */
    private static void attach(ModelState state, UnitState principal, RelationState relation, Instant now) {
        RelationState.End remote = relation.remote(principal.name.application());
        ApplicationState subordinate = state.application(remote.application());
        boolean isPrincipal = principal.principal.isEmpty();
        boolean there = state.unitsOf(remote.application()).stream()
                .anyMatch(unit -> unit.principal.filter(principal.name::equals).isPresent());
        if (!isPrincipal || there || remote.role() != EndpointSpec.Role.REQUIRES) {
            return;
        }
        UnitName name = new UnitName(subordinate.name, subordinate.nextUnit++);
        state.units.put(name, new UnitState(name, principal.machine, Optional.of(principal.name), now));
    }

    static void remove(ModelState state, UnitState unit) {
        state.units.remove(unit.name);
        for (TaskState task : state.tasks) {
            if (task.unit.equals(unit.name) && !task.isOver()) {
                task.status = "cancelled";
                task.completed = task.started.or(() -> Optional.of(task.enqueued));
            }
        }
    }

    /** Forgets relations that everybody has broken and applications whose last unit has gone. */
    static void tidy(ModelState state) {
        List<RelationState> dying = state.relations.values().stream().filter(relation -> relation.dying).toList();
        for (RelationState relation : dying) {
            boolean done = state.units.values().stream()
                    .map(unit -> unit.relations.get(relation.id))
                    .noneMatch(membership -> membership != null && membership.created && !membership.broken);
            if (done) {
                state.relations.remove(relation.id);
                state.units.values().forEach(unit -> unit.relations.remove(relation.id));
            }
        }
        for (ApplicationState application : List.copyOf(state.applications.values())) {
            if (application.dying && state.unitsOf(application.name).isEmpty()
                    && state.relationsOf(application.name).stream().allMatch(RelationState::isPeer)) {
                state.applications.remove(application.name);
                state.relations.values().removeIf(relation -> relation.concerns(application.name));
            }
        }
    }

    /** Puts a hook's buffered writes into the state. */
    static void writes(ModelState state, UnitState unit, HookWrites writes) {
        writes.unitBags.forEach((id, values) -> {
            RelationState relation = state.relations.get(id);
            if (relation != null) {
                relation.unitBags.put(unit.name, relation.unitBag(unit.name).with(values));
            }
        });
        writes.appBags.forEach((id, values) -> {
            RelationState relation = state.relations.get(id);
            if (relation != null) {
                String application = unit.name.application();
                relation.appBags.put(application, relation.appBag(application).with(values));
            }
        });
        writes.store.forEach((key, value) -> {
            if (value.isPresent()) {
                unit.store.put(key, value.get());
            } else {
                unit.store.remove(key);
            }
        });
        if (writes.ports.isPresent()) {
            unit.ports.clear();
            unit.ports.putAll(new TreeMap<>(writes.ports.get()));
        }
    }
}

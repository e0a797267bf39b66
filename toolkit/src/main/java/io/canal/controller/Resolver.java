package io.canal.controller;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which hook of a unit runs next: Juju's order, as a pure function of the state.
 *
 * <p>A reboot first; then relation-created and leader-elected; then actions and commands, which run even while a hook is
 * failing; then the failed hook again; then install, upgrade-charm, config-changed, start, the relations (those with peers
 * last) and update-status. A unit that goes away breaks its relations, stops and is removed.
 */
final class Resolver {

    private Resolver() {}

    static Optional<Hook> next(ModelState state, UnitState unit, Instant now) {
        if (rebooted(state, unit)) {
            return Optional.of(Hook.of(Hook.Kind.START));
        }
        Optional<Hook> task = task(state, unit);
        if (unit.failed.isPresent()) {
            return task.or(() -> unit.failed
                    .filter(failure -> !failure.retryAt().isAfter(now))
                    .map(UnitState.Failed::hook));
        }
        if (unit.installed && !unit.dying) {
            Optional<Hook> created = created(state, unit);
            if (created.isPresent()) {
                return created;
            }
            if (!unit.leaderSeen && state.isLeader(unit.name)) {
                return Optional.of(Hook.of(Hook.Kind.LEADER_ELECTED));
            }
        }
        return task.or(() -> idle(state, unit));
    }

    /** Whether something is left to do for the unit, now or, as a retry, later. */
    static boolean isQuiet(ModelState state, UnitState unit, Instant now) {
        return unit.failed.isEmpty()
                && next(state, unit, now).filter(hook -> hook.kind() != Hook.Kind.UPDATE_STATUS || unit.wantsUpdateStatus).isEmpty();
    }

    /** The units of which a hook is to run now. */
    static List<UnitName> due(ModelState state, Instant now) {
        return state.units.values().stream().filter(unit -> next(state, unit, now).isPresent()).map(unit -> unit.name).toList();
    }

    private static boolean rebooted(ModelState state, UnitState unit) {
        MachineState machine = state.machine(unit.machine);
        return unit.started
                && !unit.dying
                && unit.failed.isEmpty()
                && !machine.bootId.isEmpty()
                && !unit.bootSeen.equals(machine.bootId);
    }

    private static Optional<Hook> task(ModelState state, UnitState unit) {
        if (!unit.started && unit.failed.isEmpty()) {
            return Optional.empty();
        }
        return state.tasks.stream()
                .filter(task -> task.unit.equals(unit.name) && task.status.equals("pending"))
                .findFirst()
                .map(task -> Hook.task(task.command.isEmpty() ? Hook.Kind.ACTION : Hook.Kind.EXEC, task.id));
    }

    private static Optional<Hook> created(ModelState state, UnitState unit) {
        return state.relationsOf(unit.name.application()).stream()
                .filter(relation -> !relation.dying)
                .filter(relation -> !unit.relations.containsKey(relation.id) || !unit.relations.get(relation.id).created)
                .findFirst()
                .map(relation -> about(Hook.Kind.CREATED, relation, unit, ""));
    }

    private static Optional<Hook> idle(ModelState state, UnitState unit) {
        ApplicationState application = state.application(unit.name.application());
        if (!unit.dying) {
            if (!unit.installed) {
                return Optional.of(Hook.of(Hook.Kind.INSTALL));
            }
            if (!unit.charmSeen.equals(application.digest)) {
                return Optional.of(Hook.of(Hook.Kind.UPGRADE_CHARM));
            }
            if (!unit.configSeen.equals(fingerprint(state, unit))) {
                return Optional.of(Hook.of(Hook.Kind.CONFIG_CHANGED));
            }
            if (!unit.started) {
                return Optional.of(Hook.of(Hook.Kind.START));
            }
        }
        List<RelationState> relations = state.relationsOf(unit.name.application()).stream()
                .sorted(Comparator.comparing(RelationState::isPeer))
                .toList();
        for (RelationState relation : relations) {
            Optional<Hook> hook = relation(state, unit, relation);
            if (hook.isPresent()) {
                return hook;
            }
        }
        if (unit.dying) {
            return leaving(state, unit);
        }
        return unit.wantsUpdateStatus || unit.nudged ? Optional.of(Hook.of(Hook.Kind.UPDATE_STATUS)) : Optional.empty();
    }

    private static Optional<Hook> leaving(ModelState state, UnitState unit) {
        boolean alone = state.units.values().stream()
                .noneMatch(other -> other.principal.filter(unit.name::equals).isPresent());
        if (!alone) {
            return Optional.empty();
        }
        return Optional.of(Hook.of(unit.stopped || !unit.installed ? Hook.Kind.REMOVE : Hook.Kind.STOP));
    }

    private static Optional<Hook> relation(ModelState state, UnitState unit, RelationState relation) {
        Membership membership = unit.relations.get(relation.id);
        if (membership == null || !membership.created || membership.broken) {
            return Optional.empty();
        }
        List<UnitName> remotes = unit.dying ? List.of() : state.remotes(relation, unit.name);
        if (membership.changedNext.isPresent() && remotes.contains(membership.changedNext.get())) {
            return Optional.of(about(Hook.Kind.CHANGED, relation, unit, membership.changedNext.get().toString()));
        }
        for (UnitName joined : membership.joined.keySet()) {
            if (!remotes.contains(joined)) {
                Hook hook = about(Hook.Kind.DEPARTED, relation, unit, joined.toString());
                return Optional.of(new Hook(hook.kind(), hook.relation(), hook.endpoint(), hook.remoteUnit(),
                        hook.remoteApp(), (unit.dying ? unit.name : joined).toString(), ""));
            }
        }
        if (unit.dying || relation.dying) {
            return relation.isPeer() ? Optional.empty() : Optional.of(about(Hook.Kind.BROKEN, relation, unit, ""));
        }
        String remoteApp = relation.remote(unit.name.application()).application();
        if (relation.appBag(remoteApp).version() > membership.appSeen) {
            return Optional.of(about(Hook.Kind.CHANGED, relation, unit, ""));
        }
        for (UnitName remote : remotes) {
            if (!membership.joined.containsKey(remote)) {
                return Optional.of(about(Hook.Kind.JOINED, relation, unit, remote.toString()));
            }
        }
        for (Map.Entry<UnitName, Long> seen : membership.joined.entrySet()) {
            if (relation.unitBag(seen.getKey()).version() > seen.getValue()) {
                return Optional.of(about(Hook.Kind.CHANGED, relation, unit, seen.getKey().toString()));
            }
        }
        return Optional.empty();
    }

    private static Hook about(Hook.Kind kind, RelationState relation, UnitState unit, String remoteUnit) {
        String application = unit.name.application();
        return new Hook(kind, relation.id, relation.local(application).endpoint(), remoteUnit,
                relation.remote(application).application(), "", "");
    }

    /** What config-changed tells a unit about: its options and its machine's addresses. */
    static String fingerprint(ModelState state, UnitState unit) {
        MachineState machine = state.machine(unit.machine);
        return "settings " + state.application(unit.name.application()).settings
                + " address " + machine.spec.address();
    }
}

package io.canal.charm;

import io.canal.agent.DepartedFile;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.juju.Event;
import io.canal.juju.Event.Relation;
import io.canal.juju.HookContext;
import io.canal.juju.Juju;
import io.canal.juju.LogLevel;
import io.canal.model.Json;
import java.io.IOException;
import java.time.Duration;

/** Which hook does what. */
record Charm(HookContext context, Juju juju, Machine machine) {

    /** Runs the hook or action of the context; the exit code. */
    int run() throws IOException {
        switch (context.event()) {
            case Event.Life life -> run(life);
            case Relation relation -> run(relation);
            case Event.Action(String name) -> {
                return new Actions(context, juju, machine).run(name);
            }
            case Event.Unknown(String path) -> juju.log(LogLevel.DEBUG, "nothing to do for " + path);
        }
        return 0;
    }

    private void run(Event.Life life) throws IOException {
        switch (life) {
            case INSTALL -> install();
            case UPGRADE_CHARM -> {
                install();
                converge();
            }
            case CONFIG_CHANGED -> {
                new AgentConfiguration(machine.templates(), machine.node()).expectChange();
                converge();
            }
            case START, LEADER_ELECTED, UPDATE_STATUS -> converge();
            case STOP, REMOVE -> departure().run();
        }
    }

    private void run(Relation relation) throws IOException {
        boolean weGo = relation.departing().filter(context.unit()::equals).isPresent();
        if (relation.step() == Relation.Step.DEPARTED && weGo) {
            departure().note();
            return;
        }
        switch (relation.endpoint()) {
            case "etcd" -> {
                if (relation.step() == Relation.Step.BROKEN && departure().isNoted()) {
                    departure().run();
                } else {
                    converge();
                }
            }
            case "cni" -> {
                switch (relation.step()) {
                    case CREATED, JOINED, CHANGED -> {
                        principals().note(relation);
                        // Juju 4 tells us of every principal of the model.
                        if (relation.remoteUnit().isEmpty() || relation.remoteUnit().filter(context::isPrincipal).isPresent()) {
                            converge();
                        }
                    }
                    case DEPARTED -> {}
                    case BROKEN -> {
                        if (departure().isNoted() || principals().contain(relation)) {
                            departure().run();
                        }
                    }
                }
            }
            case "peer" -> {
                if (relation.step() == Relation.Step.DEPARTED && relation.departing().isPresent() && !departure().isNoted()) {
                    release(relation.departing().get());
                }
            }
            default -> juju.log(LogLevel.DEBUG, "nothing to do for the relation " + relation.endpoint());
        }
    }

    private void install() throws IOException {
        // A second unit on the machine installs nothing; it does when the first one leaves.
        if (machine.owner(context).claim().isEmpty()) {
            new Installation(context, juju, machine).run();
        }
    }

    private void converge() throws IOException {
        if (!departure().isNoted()) {
            new Convergence(context, juju, machine).run();
        }
    }

    /** The leader's agent gives back the subnet of a unit that has left, once that node's session has ended. */
    private void release(String unit) throws IOException {
        if (!juju.isLeader()) {
            return;
        }
        switch (machine.agent().ask(Op.UNIT_GONE, Json.object().put("unit", unit), Duration.ofSeconds(4))) {
            case Reply.Done _ -> {}
            case Reply.Refused(String sentence) -> juju.log(LogLevel.WARNING, "the subnet of " + unit + " was not released: " + sentence);
            case Reply.Unreachable(String sentence) -> {
                // Juju tells of a departure once.
                new DepartedFile(machine.node().stateDir()).add(unit);
                juju.log(LogLevel.WARNING, "the subnet of " + unit + " waits for its release until the agent of this node runs: " + sentence);
            }
        }
    }

    private PrincipalRelations principals() {
        return new PrincipalRelations(context, juju);
    }

    private Departure departure() {
        return new Departure(context, juju, machine);
    }
}

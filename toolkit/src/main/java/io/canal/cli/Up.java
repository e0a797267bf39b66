package io.canal.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.charm.OptionCheck;
import io.canal.controller.MachineSpec;
import io.canal.controller.Model;
import io.canal.controller.ModelView;
import io.canal.controller.Settled;
import io.canal.controller.Watcher;
import io.canal.controller.charm.Charm;
import io.canal.controller.charm.CharmException;
import io.canal.controller.charm.Option;
import io.canal.lab.Host;
import io.canal.lab.Lab;
import io.canal.lab.LabException;
import io.canal.lab.pod.Pods;
import io.canal.lab.proof.Proof;
import io.canal.lab.proof.ProofTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** What {@code canal up} does: hosts, the three applications of a cluster's network on them, and the proof that it works. */
final class Up {

    private static final int USUAL_HOSTS = 3;
    private static final int FULL_ETCD = 3;
    private static final int SSH = 22;

    private final LabOption where;
    private final Optional<Integer> hostsWanted;
    private final Optional<Integer> etcdWanted;
    private final Map<String, String> options;
    private final Duration patience;

    Up(LabOption where, Optional<Integer> hosts, Optional<Integer> etcd, Map<String, String> options, Duration patience) {
        this.where = where;
        this.hostsWanted = hosts;
        this.etcdWanted = etcd;
        this.options = Map.copyOf(options);
        this.patience = patience;
    }

    /** How large the lab is to be. */
    record Size(int hosts, int etcd) {}

    /** Returns whether all is as it should be. */
    boolean run(Progress progress) throws Exception {
        Path charm = charm();
        check(Charm.read(charm));
        try (Lab lab = Lab.open(where.places(), where.lab())) {
            Size size = size(ModelView.read(where.modelFolder()));
            if (lab.needsBase()) {
                progress.step("base tree", () -> {
                    lab.prepareBase(progress::at);
                    return "made; later labs share it";
                });
            }
            progress.step("hosts", () -> {
                List<Host> hosts = lab.powerOn(size.hosts());
                return hosts.getFirst() + " to " + hosts.getLast() + ", " + hosts.getFirst().address() + " to " + hosts.getLast().address();
            });
            boolean good = converge(lab, size, charm, progress);
            if (good) {
                lab.keep();
            }
            return good;
        }
    }

    /** Options that the charm would refuse are refused before anything is made. */
    void check(Charm charm) throws CharmException {
        Map<String, JsonNode> values = new TreeMap<>();
        for (Map.Entry<String, String> option : new TreeMap<>(options).entrySet()) {
            Option known = charm.options().get(option.getKey());
            if (known == null) {
                throw new LabException("canal has no option " + option.getKey() + ", expected one of " + new TreeSet<>(charm.options().keySet())
                        + ".");
            }
            values.put(option.getKey(), known.parse(option.getValue()));
        }
        OptionCheck.complaint(values).ifPresent(sentence -> {
            throw new LabException(sentence + ".");
        });
    }

    /** What was asked for, against what is there. */
    Size size(Optional<ModelView> model) {
        Optional<Integer> hostsThere = model.map(view -> view.machines().size()).filter(count -> count > 0);
        Optional<Integer> etcdThere = model.map(view -> (int) view.units().stream().filter(unit -> unit.application().equals("etcd")).count())
                .filter(count -> count > 0);
        int hosts = hostsWanted.or(() -> hostsThere).orElse(USUAL_HOSTS);
        int etcd = etcdWanted.or(() -> etcdThere).orElse(hosts >= FULL_ETCD ? FULL_ETCD : 1);
        if (hosts < 1) {
            throw new LabException("--hosts is " + hosts + ", expected at least 1.");
        }
        if (etcdWanted.isPresent() && etcd != 1 && etcd != FULL_ETCD) {
            throw new LabException("--etcd is " + etcd + ", expected 3 or 1.");
        }
        if (etcdThere.isPresent() && etcdThere.get() != etcd) {
            throw new LabException("--etcd is " + etcd + ", but the lab's cluster has " + etcdThere.get()
                    + (etcdThere.get() == 1 ? " member" : " members") + " and keeps that size; canal down first, then canal up --etcd " + etcd
                    + ".");
        }
        if (hostsThere.isPresent() && hosts < hostsThere.get()) {
            throw new LabException("--hosts is " + hosts + ", but the lab has " + hostsThere.get()
                    + " and canal up only adds some; canal down first, then canal up --hosts " + hosts + ".");
        }
        if (etcd > hosts) {
            throw new LabException("--etcd " + etcd + " needs " + etcd + " hosts, and there would be " + hosts + ".");
        }
        return new Size(hosts, etcd);
    }

    private boolean converge(Lab lab, Size size, Path canal, Progress progress) throws Exception {
        Follow follow = new Follow(progress);
        try (Model model = Model.open(where.modelFolder(), "lab", follow)) {
            for (Host host : lab.hosts()) {
                model.addMachine(new MachineSpec(host.name(), host.address(), SSH, "root", lab.keys().identity(), lab.keys().knownHosts(),
                        Optional.of(lab.switchNamespace())));
            }
            List<String> machines = lab.hosts().stream().map(Host::name).toList();
            Settled settled = model.view().applications().isEmpty() ? deploy(model, machines, size, canal, follow)
                    : change(model, withoutNode(model.view(), machines), canal, follow);
            if (!settled.isActive()) {
                System.out.println();
                System.out.println(StatusText.tabular(model.view()));
                settled.reasons().forEach(System.out::println);
                settled.blocked().forEach(System.out::println);
                follow.complaints().forEach(System.out::println);
                return false;
            }
            return prove(model, lab, progress);
        }
    }

    /** The three applications of a cluster's network. Etcd comes first, so that each canal unit is told of it once, when it is there. */
    private Settled deploy(Model model, List<String> machines, Size size, Path canal, Follow follow) throws Exception {
        follow.settling("etcd", model, () -> {
            model.deploy("etcd", model.charm(labCharm("etcd")), Map.of("members", Integer.toString(size.etcd())),
                    machines.subList(0, size.etcd()));
            model.deploy("node", model.charm(labCharm("node")), Map.of(), machines);
            return size.etcd() == 1 ? "1 member" : size.etcd() + " members";
        });
        return follow.settling("canal", model, () -> {
            model.deploy("canal", model.charm(canal), options, List.of());
            model.integrate("canal:etcd", "etcd:db");
            model.integrate("canal:cni", "node:cni");
            return machines.size() == 1 ? "1 unit" : machines.size() + " units";
        });
    }

    /** Hosts that are new, or whose unit was removed. */
    static List<String> withoutNode(ModelView view, List<String> machines) {
        return machines.stream()
                .filter(machine -> view.units().stream()
                        .noneMatch(unit -> unit.application().equals("node") && unit.machine().equals(machine) && !unit.dying()))
                .toList();
    }

    /** What differs from the last time: charms, options, hosts. */
    private Settled change(Model model, List<String> newMachines, Path canal, Follow follow) throws Exception {
        return follow.settling("changes", model, () -> {
            List<String> changes = new ArrayList<>();
            for (String application : List.of("etcd", "node", "canal")) {
                Charm charm = model.charm(application.equals("canal") ? canal : labCharm(application));
                if (model.refresh(application, charm)) {
                    changes.add("charm of " + application);
                }
            }
            if (!options.isEmpty() && model.configure("canal", options)) {
                changes.add("options");
            }
            for (String machine : newMachines) {
                changes.add(model.addUnit("node", machine) + " on " + machine);
            }
            model.refreshStatuses();
            return changes.isEmpty() ? "none" : String.join(", ", changes);
        });
    }

    private boolean prove(Model model, Lab lab, Progress progress) throws IOException {
        ProofTable[] proof = new ProofTable[1];
        progress.step("proof", () -> {
            proof[0] = new Proof(new Pods(lab.part("pods"), lab.hosts()), lab.hosts()).run();
            long good = proof[0].pairs().stream().filter(pair -> pair.failure().isEmpty()).count();
            return good + " of " + proof[0].pairs().size() + " pairs: full-size ping and TCP both ways";
        });
        System.out.println();
        System.out.println(proof[0].text());
        System.out.println();
        System.out.println(StatusText.tabular(model.view()));
        System.out.println();
        if (!proof[0].holds()) {
            proof[0].failures().forEach(System.out::println);
            return false;
        }
        System.out.println("Up in " + Progress.seconds(progress.total()) + ". What next:");
        String canal = launcher();
        hints(canal).forEach(hint -> System.out.println("  " + hint));
        return true;
    }

    /** What to try, with the launcher as it is called from here. README has more, and all of it can be done after this. */
    static List<String> hints(String canal) {
        return List.of(
                canal + " run --all check-subnets    what six witnesses say about each node's subnet",
                canal + " lab break agent-stop --host h1 && " + canal + " lab break conflist-subnet --host h1    make the two files disagree, and check again",
                canal + " lab pod add try --host h1 && " + canal + " lab pod exec try -- ip address    a pod of your own");
    }

    /** The launcher as it is called from here. */
    private static String launcher() {
        Path home = LabOption.checkout();
        String path = home.equals(Path.of("").toAbsolutePath()) ? "./canal" : home.resolve("canal").toString();
        return System.getenv("SUDO_USER") == null ? path : "sudo " + path;
    }

    /** The packed charm of this machine's architecture. */
    private static Path charm() {
        String arch = switch (System.getProperty("os.arch", "")) {
            case "amd64" -> "amd64";
            case "aarch64" -> "arm64";
            case String other -> other;
        };
        Path charm = LabOption.checkout().resolve("charm/target/canal_" + arch + ".charm");
        if (Files.notExists(charm)) {
            throw new LabException("There is no " + charm + "; canal build makes it.");
        }
        return charm;
    }

    private static Path labCharm(String name) throws IOException {
        return LabOption.checkout().resolve("toolkit/src/main/charms").resolve(name).toRealPath();
    }

    /** Shows what the model does on the line of the running step. */
    private final class Follow implements Watcher {

        private static final int MOST_COMPLAINTS = 20;

        private final Progress progress;
        private final Deque<String> complaints = new ArrayDeque<>();
        private int hooks;

        Follow(Progress progress) {
            this.progress = progress;
        }

        /** A step that changes the model and then runs the hooks that follow. */
        Settled settling(String name, Model model, Progress.Step<Exception> change) throws Exception {
            Settled[] settled = new Settled[1];
            progress.step(name, () -> {
                int before = hooks();
                String changed = change.take();
                settled[0] = model.settle(patience);
                String outcome = settled[0].isSettled() ? "" : ", not settled within " + patience.toSeconds() + " s";
                return changed + "; " + (hooks() - before) + " hooks" + outcome;
            });
            return settled[0];
        }

        private synchronized int hooks() {
            return hooks;
        }

        /** What units complained of last. */
        synchronized List<String> complaints() {
            return List.copyOf(complaints);
        }

        private synchronized void complain(String text) {
            if (complaints.size() == MOST_COMPLAINTS) {
                complaints.removeFirst();
            }
            complaints.add(text);
        }

        @Override
        public void hookEnded(String unit, String hook, Duration took, int code) {
            if (code != 0) {
                complain(unit + ": hook " + hook + " ended with " + code);
            }
        }

        @Override
        public void log(String unit, String level, String text) {
            if (level.equals("WARNING") || level.equals("ERROR")) {
                complain(unit + ": " + text);
            }
        }

        @Override
        public synchronized void hookStarted(String unit, String hook) {
            hooks++;
            progress.at(unit + " " + hook);
        }

        @Override
        public void step(String text) {
            progress.at(text);
        }
    }
}

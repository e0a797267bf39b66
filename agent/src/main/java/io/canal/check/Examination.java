package io.canal.check;

import io.canal.check.Observation.Etcd;
import io.canal.check.Observation.Pod;
import io.canal.check.Observation.Rules;
import io.canal.check.Observation.Text;
import io.canal.control.Finding;
import io.canal.dataplane.filter.RulesWitness;
import io.canal.files.Conflist;
import io.canal.files.SubnetEnv;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.model.Problem;
import io.canal.model.SessionRecord;
import io.canal.model.SubnetKey;
import io.canal.network.Mtu;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Judges an {@link Observation}. Pure.
 *
 * <p>The lease in etcd is the truth, and beside it the holder record, which outlives it. Where etcd is away it is what the node
 * remembers on its disk, and without that, what most witnesses say; the sentences name which.
 *
 * <p>10.1.49.1/24 and 10.1.49.0/24 are one subnet: all are compared without host bits.
 */
public final class Examination {

    private static final String RECREATE = "Delete the pod, so that it is made anew with an address of the subnet";

    private final Observation seen;
    private final Map<Witness, String> words = new EnumMap<>(Witness.class);
    /** What each witness says, where it says something. */
    private final Map<Witness, List<Cidr>> says = new EnumMap<>(Witness.class);
    private final List<Finding> problems = new ArrayList<>();

    private Examination(Observation seen) {
        this.seen = seen;
    }

    /** Everything that is wrong, and what each witness says. */
    public static Report of(Observation seen) {
        return new Examination(seen).examine();
    }

    /** The subnet that this node ought to have by etcd or, where etcd is away, by its own memory; empty where neither says. */
    public static Optional<SubnetKey> subnet(Observation seen) {
        return seen.etcd() instanceof Etcd.Seen etcd ? new Examination(seen).own(etcd) : seen.lastSubnet();
    }

    private Report examine() {
        hearLease();
        hearSubnetEnv();
        hearConflist();
        hearDevice();
        hearPods();
        hearRules();
        if (isClone()) {
            // Whatever the holder record of the other one says is not about this node.
            return new Report(words, problems);
        }
        Truth truth = truth();
        judgeAgent();
        judgeSpace();
        judgeLease(truth);
        judgeFile(Witness.SUBNET_ENV, seen.subnetEnv(), seen.paths().subnetEnv().toString(), truth);
        judgeFile(Witness.CONFLIST, seen.conflist(), seen.paths().conflist().toString(), truth);
        Optional<Expected> expected = expected();
        Optional<LeaseValue> lease = seen.etcd() instanceof Etcd.Seen etcd ? ownLease(etcd).map(etcd.leases()::get) : Optional.empty();
        problems.addAll(expected.map(network -> DeviceExamination.of(seen, truth, network.tunnels(), lease))
                .orElseGet(() -> DeviceExamination.withoutEtcd(seen, truth)));
        judgePods(truth);
        problems.addAll(RuleExamination.of(seen, truth));
        if (seen.etcd() instanceof Etcd.Seen etcd) {
            etcd.malformed().forEach(bad -> problems.add(malformed(etcd, bad)));
            judgeNetwork(etcd);
        }
        expected.ifPresent(network -> {
            judgeMtu(Mtu.of(network.local()).pods());
            problems.addAll(PeerExamination.of(seen, network));
        });
        return new Report(words, problems);
    }

    // What each witness says.

    private void hearLease() {
        switch (seen.etcd()) {
            case Etcd.Away(String reason) -> words.put(Witness.LEASE, "missing: " + reason);
            case Etcd.Seen etcd -> {
                Optional<SubnetKey> lease = ownLease(etcd);
                boolean unreadable = own(etcd).filter(key -> etcd.isMalformed(etcd.leaseKey(key))).isPresent();
                words.put(Witness.LEASE, lease.map(SubnetKey::pretty).orElse(unreadable ? "unreadable" : "nothing"));
                lease.ifPresent(key -> says.put(Witness.LEASE, key.cidrs()));
            }
        }
    }

    private void hearSubnetEnv() {
        String path = seen.paths().subnetEnv().toString();
        switch (seen.subnetEnv()) {
            case Text.Absent(String reason) -> words.put(Witness.SUBNET_ENV, "missing: " + reason);
            case Text.Present(String text) -> {
                switch (SubnetEnv.parse(path, text)) {
                    case Decoded.Good<SubnetEnv>(SubnetEnv file) -> {
                        List<IpPrefix> subnets = new ArrayList<>();
                        file.v4().ifPresent(net -> subnets.add(net.subnet()));
                        file.v6().ifPresent(net -> subnets.add(net.subnet()));
                        words.put(Witness.SUBNET_ENV, Words.of(subnets));
                        says.put(Witness.SUBNET_ENV, subnets.stream().map(IpPrefix::cidr).toList());
                    }
                    case Decoded.Bad<SubnetEnv>(Problem problem) -> words.put(Witness.SUBNET_ENV, "unreadable: " + problem.sentence());
                }
            }
        }
    }

    private void hearConflist() {
        String path = seen.paths().conflist().toString();
        switch (seen.conflist()) {
            case Text.Absent(String reason) -> words.put(Witness.CONFLIST, "missing: " + reason);
            case Text.Present(String text) -> {
                switch (Conflist.subnets(path, text)) {
                    case Decoded.Good<List<Cidr>>(List<Cidr> subnets) -> {
                        words.put(Witness.CONFLIST, Words.of(subnets));
                        says.put(Witness.CONFLIST, subnets);
                    }
                    case Decoded.Bad<List<Cidr>>(Problem problem) -> words.put(Witness.CONFLIST, "unreadable: " + problem.sentence());
                }
            }
        }
    }

    /** A device has the base of the subnet as a host of its own, so it tells the base and not the length. */
    private void hearDevice() {
        boolean encapsulates = expected().map(network -> !network.tunnels().isEmpty()).orElse(true);
        List<IpPrefix> addresses = seen.devices().stream().map(DeviceExamination::own).flatMap(List::stream).sorted().toList();
        words.put(Witness.DEVICE, seen.devices().isEmpty()
                ? encapsulates ? "missing: there is no device flannel.1" : "not needed: nothing is encapsulated"
                : Words.of(addresses));
    }

    private void hearPods() {
        Set<Cidr> subnets = new TreeSet<>();
        seen.pods().forEach(pod -> subnets.add(Cidr.containing(pod.address(), lengthFor(pod))));
        words.put(Witness.PODS, seen.pods().isEmpty() ? "no pods" : seen.pods().size() + " in " + Words.of(subnets));
        if (subnets.size() == 1) {
            says.put(Witness.PODS, List.copyOf(subnets));
        }
    }

    private void hearRules() {
        switch (seen.rules()) {
            case Rules.Unreadable(String reason) -> words.put(Witness.RULES, "missing: " + reason);
            case Rules.None() -> words.put(Witness.RULES, "missing: there are no masquerade and forward rules");
            case Rules.Seen(RulesWitness witness) -> {
                Set<Cidr> own = RuleExamination.own(witness);
                words.put(Witness.RULES, Words.of(own) + " by " + witness.dataplane());
                if (!own.isEmpty()) {
                    says.put(Witness.RULES, List.copyOf(own));
                }
            }
        }
    }

    /** A pod's address alone does not tell the subnet's length; the other witnesses do. */
    private int lengthFor(Pod pod) {
        for (List<Cidr> subnets : says.values()) {
            for (Cidr subnet : subnets) {
                if (subnet.family() == pod.address().family()) {
                    return subnet.length();
                }
            }
        }
        return pod.address().isV4() ? 24 : 64;
    }

    // What is right.

    private Truth truth() {
        if (seen.etcd() instanceof Etcd.Seen etcd) {
            Optional<SubnetKey> own = own(etcd);
            if (own.isPresent()) {
                boolean leased = ownLease(etcd).isPresent();
                return new Truth(own.get().cidrs(), leased ? "the lease in etcd"
                        : etcd.damaged().containsKey(own.get()) ? "this node's memory (its holder record in etcd cannot be read)" : "the holder record in etcd");
            }
        } else if (seen.lastSubnet().isPresent()) {
            return new Truth(seen.lastSubnet().get().cidrs(), "the last lease that this node had (etcd is away)");
        }
        Map<List<Cidr>, Integer> votes = new HashMap<>();
        says.forEach((witness, subnets) -> votes.merge(subnets.stream().sorted().toList(), 1, Integer::sum));
        int most = votes.values().stream().max(Comparator.naturalOrder()).orElse(0);
        List<List<Cidr>> winners = votes.entrySet().stream().filter(vote -> vote.getValue() == most).map(Map.Entry::getKey).toList();
        return winners.size() == 1
                ? new Truth(winners.getFirst(), "what most of the witnesses say (" + (seen.etcd() instanceof Etcd.Away ? "etcd is away" : "etcd has no lease of this node") + ")")
                : new Truth(List.of(), "unknown");
    }

    /** The subnet that is ours by etcd: the one that we hold, or held as far as can be told, else the one whose lease has our address. */
    private Optional<SubnetKey> own(Etcd.Seen etcd) {
        for (Map.Entry<SubnetKey, HolderRecord> holder : etcd.holders().entrySet()) {
            if (!seen.nodeId().isEmpty() && holder.getValue().node().equals(seen.nodeId())) {
                return Optional.of(holder.getKey());
            }
        }
        return damagedOwn(etcd).or(() -> etcd.leases().entrySet().stream()
                .filter(lease -> isOurs(lease.getValue()))
                .map(Map.Entry::getKey)
                .sorted()
                .findFirst());
    }

    /** The subnet whose holder record cannot be read, but names us, or nobody where this node remembers it as its own and no lease says otherwise. */
    private Optional<SubnetKey> damagedOwn(Etcd.Seen etcd) {
        return etcd.damaged().entrySet().stream()
                .filter(damaged -> damaged.getValue().isEmpty() ? seen.lastSubnet().filter(damaged.getKey()::equals).isPresent() : damaged.getValue().equals(seen.nodeId()))
                .map(Map.Entry::getKey)
                .filter(key -> Optional.ofNullable(etcd.leases().get(key)).map(this::isOurs).orElse(true))
                .min(Comparator.comparing((SubnetKey key) -> seen.lastSubnet().filter(key::equals).isEmpty()).thenComparing(Comparator.naturalOrder()));
    }

    /** Whether the agent writes the damaged record anew by itself, as etcd says whose it is. */
    private boolean isProven(Etcd.Seen etcd, SubnetKey own) {
        return seen.nodeId().equals(etcd.damaged().getOrDefault(own, seen.nodeId())) || Optional.ofNullable(etcd.leases().get(own)).filter(this::isOurs).isPresent();
    }

    private Optional<Expected> expected() {
        return seen.etcd() instanceof Etcd.Seen etcd ? Expected.of(seen, etcd, own(etcd)) : Optional.empty();
    }

    private Optional<SubnetKey> ownLease(Etcd.Seen etcd) {
        return own(etcd).filter(key -> Optional.ofNullable(etcd.leases().get(key)).filter(this::isOurs).isPresent());
    }

    private boolean isOurs(LeaseValue lease) {
        return seen.addresses().contains(lease.publicIp()) || lease.publicIpv6().filter(seen.addresses()::contains).isPresent();
    }

    // What is wrong.

    private void judgeAgent() {
        if (!seen.agentRuns()) {
            problems.add(new Finding("The agent does not run.", "canal-agent.service", "running", "stopped, or no answer at " + seen.paths().controlSocket(),
                    Remedy.byTheAgent(seen)));
        }
    }

    private void judgeSpace() {
        seen.full().forEach(folder -> problems.add(new Finding("There is no space left on " + folder + ": canal cannot write what must outlive a restart,"
                + " and refuses new pods.", folder.toString(), "space for a file", "none", "Make space there; what waits is then written by itself")));
    }

    /** Somebody else lives under this node's id. */
    private boolean isClone() {
        Optional<SessionRecord> other = seen.etcd() instanceof Etcd.Seen etcd ? etcd.session().filter(this::isAnother) : Optional.empty();
        other.ifPresent(session -> problems.add(new Finding(
                "This node has the same node id as the one at " + session.addresses() + ": one is a copy of the other.", NetworkKeys.session(seen.nodeId()),
                Words.of(seen.uplink().map(uplink -> uplink.v4().or(uplink::v6).stream().toList()).orElse(List.of())),
                session.addresses(), "On the copy: systemctl stop canal-agent; rm -r " + seen.paths().stateDir() + " " + seen.paths().runDir() + "; "
                        + seen.devices().stream().map(device -> "ip link delete " + device.name() + "; ").collect(Collectors.joining()) + "systemctl start canal-agent")));
        return other.isPresent();
    }

    private boolean isAnother(SessionRecord session) {
        Optional<Ip> address = session.publicIp().or(session::publicIpv6);
        return !seen.boot().isEmpty() && !session.boot().equals(seen.boot()) && address.isPresent() && !seen.addresses().contains(address.get());
    }

    private void judgeMtu(int mtu) {
        if (seen.subnetEnv() instanceof Text.Present(String text)
                && SubnetEnv.parse("", text) instanceof Decoded.Good<SubnetEnv>(SubnetEnv file) && file.mtu() != mtu) {
            String path = seen.paths().subnetEnv().toString();
            problems.add(new Finding(path + " names another MTU than the network can carry.", path, Integer.toString(mtu), Integer.toString(file.mtu()), byTheAgent()));
        }
    }

    private void judgeLease(Truth truth) {
        if (!(seen.etcd() instanceof Etcd.Seen etcd)) {
            return;
        }
        Optional<SubnetKey> own = own(etcd);
        if (own.isEmpty()) {
            problems.add(new Finding("etcd has no lease of this node.", etcd.prefix() + "/subnets/",
                    truth.isKnown() ? truth.words() : "a lease with an address of this node", "nothing", byTheAgent()));
            return;
        }
        String key = etcd.leaseKey(own.get());
        LeaseValue lease = etcd.leases().get(own.get());
        if (lease == null && etcd.isMalformed(key)) {
            return;
        }
        if (lease == null) {
            problems.add(new Finding("The lease of this node's subnet " + own.get().pretty() + " is gone from etcd.", key,
                    own.get().pretty(), "nothing", isProven(etcd, own.get()) ? byTheAgent() : Remedy.byReclaiming(seen)));
        } else if (!isOurs(lease)) {
            problems.add(new Finding("This node holds the subnet " + own.get().pretty() + ", and its lease names another node, " + lease.address() + ".",
                    key, Words.of(etcd.holders().get(own.get()) instanceof HolderRecord holder ? List.of(holder.lease().address()) : seen.addresses()),
                    lease.address().toString(),
                    "Find out what runs at " + lease.address() + ". " + Remedy.byRenumbering(seen)));
        }
    }

    private void judgeFile(Witness witness, Text file, String path, Truth truth) {
        List<Cidr> subnets = says.get(witness);
        if (subnets == null) {
            boolean present = file instanceof Text.Present;
            problems.add(new Finding(path + (present ? " cannot be read." : " is missing."), path,
                    truth.isKnown() ? truth.words() : "a subnet", witnessWords(witness), byTheAgent()));
        } else if (truth.isKnown() && !same(subnets, truth.subnets())) {
            problems.add(new Finding(path + " names another subnet than " + truth.source() + ".", path, truth.words(), witnessWords(witness), byTheAgent()));
        }
    }

    /** Whether it is about a pod with the address that was found, which no other node finds and which must be made anew. */
    public static boolean isLostPod(Finding finding) {
        return finding.repair().equals(RECREATE);
    }

    private void judgePods(Truth truth) {
        if (!truth.isKnown()) {
            return;
        }
        for (Pod pod : seen.pods()) {
            if (truth.subnets().stream().noneMatch(subnet -> subnet.contains(pod.address()))) {
                problems.add(new Finding("A pod has an address outside of this node's subnet by " + truth.source() + ": no other node finds it.",
                        "route to " + pod.address() + " through " + pod.interfaceName(), "an address within " + truth.words(), pod.address().toString(),
                        RECREATE));
            }
        }
    }

    private void judgeNetwork(Etcd.Seen etcd) {
        if (etcd.config().isEmpty()) {
            if (etcd.malformed().stream().noneMatch(bad -> bad.where().equals(etcd.prefix() + "/config"))) {
                problems.add(new Finding("etcd has no configuration of the network.", etcd.prefix() + "/config", "the option cidr", "nothing",
                        seen.lastSubnet().isPresent()
                                ? "To put back the one that was in force here: " + Remedy.byAcceptingEtcd(seen)
                                : "Set the option cidr, or give canal a leader"));
            }
            return;
        }
        if (seen.subnetEnv() instanceof Text.Present(String text)
                && SubnetEnv.parse("", text) instanceof Decoded.Good<SubnetEnv>(SubnetEnv file)) {
            List<Cidr> networks = new ArrayList<>();
            file.v4().ifPresent(net -> networks.add(net.network()));
            file.v6().ifPresent(net -> networks.add(net.network()));
            if (!same(networks, etcd.config().get().networks())) {
                String path = seen.paths().subnetEnv().toString();
                problems.add(new Finding(path + " names another network than etcd.", path, Words.of(etcd.config().get().networks()), Words.of(networks), byTheAgent()));
            }
        }
    }

    private Finding malformed(Etcd.Seen etcd, Problem bad) {
        Optional<SubnetKey> own = own(etcd);
        boolean holder = own.map(NetworkKeys::holder).filter(bad.where()::equals).isPresent();
        if (holder || own.map(etcd::leaseKey).filter(bad.where()::equals).isPresent()) {
            return new Finding((holder ? "The record of who holds this node's subnet " : "The lease of this node's subnet ") + own.get().pretty()
                    + " cannot be read: " + bad.sentence() + ".", bad.where(), bad.expected(), bad.found(),
                    isProven(etcd, own.get()) ? byTheAgent() : Remedy.byReclaiming(seen));
        }
        Optional<SubnetKey> others = Stream.of(etcd.prefix() + "/subnets/", NetworkKeys.HOLDERS).filter(bad.where()::startsWith)
                .map(folder -> NetworkKeys.subnet(folder, bad.where()))
                .flatMap(decoded -> decoded instanceof Decoded.Good<SubnetKey>(SubnetKey subnet) ? Stream.of(subnet) : Stream.empty()).findFirst();
        return new Finding("A value in etcd cannot be used: " + bad.sentence() + ".", bad.where(), bad.expected(), bad.found(),
                others.map(subnet -> "Its node writes it anew, at once or with repair-subnets run there; if that node is gone for good: " + Remedy.byReleasing(seen, subnet))
                        .orElse("Mend or delete the key with etcdctl") + "; agents that run keep its last good value until then, and one that starts has none");
    }

    private String byTheAgent() {
        return Remedy.byTheAgent(seen);
    }

    private String witnessWords(Witness witness) {
        return words.getOrDefault(witness, "nothing");
    }

    private static boolean same(Collection<Cidr> one, Collection<Cidr> other) {
        return new TreeSet<>(one).equals(new TreeSet<>(other));
    }
}

package io.canal.dataplane.iptables;

import io.canal.kernel.ipset.Ipset;
import io.canal.kernel.ipset.IpsetMember;
import io.canal.kernel.ipset.IpsetSocket;
import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.reconcile.Again;
import io.canal.reconcile.Delta;
import io.canal.reconcile.Repair;
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Our ipsets. */
final class SetTables {

    /** As Felix makes them. */
    private static final int MAX_MEMBERS = 1048576;

    private static final Set<Ip> ZERO = Set.of(Ip.of("0.0.0.0"), Ip.of("::"));
    /** ip_set_proto_with_ports: TCP, UDP, SCTP, UDP-Lite. */
    private static final Set<Integer> WITH_PORTS = Set.of(6, 17, 132, 136);

    private static final Repair.Kind SETS = new Repair.Kind("rules", "ipsets");
    private static final Repair.Kind MEMBERS = new Repair.Kind("rules", "members of ipsets");

    private final IpsetSocket socket;
    private final Delta<String, Shape> sets = new Delta<>();
    private final Delta<Key, Boolean> members = new Delta<>();
    /** How many members each set was seen to have. */
    private final Map<String, Integer> sizes = new HashMap<>();
    /** The wanted members of each set, so that the end of one set costs nothing for the others. */
    private final Map<String, Set<Key>> wantedOf = new HashMap<>();

    /** Why the kernel does not take the sets that it does not take as they are wanted. */
    private final SortedMap<String, String> refused = new TreeMap<>();
    private final Again again;

    private record Shape(String type, boolean v6) {}

    private record Key(String set, IpsetMember member) {}

    /** @param again when what was refused once may have become possible */
    SetTables(IpsetSocket socket, Again again) {
        this.socket = socket;
        this.again = again;
    }

    void want(Ruleset ruleset, Ruleset.Changes changes) {
        if (!refused.isEmpty()) {
            changes.sets().forEach(set -> refused.remove(set.ipsetName()));
            changes.members().keySet().forEach(set -> refused.remove(set.ipsetName()));
        }
        // A set of addresses and one of blocks have one name here: where one takes the place of the other, members that both have stay.
        for (NamedSet set : changes.sets()) {
            if (!ruleset.sets().contains(set)) {
                sets.unwant(set.ipsetName());
                wantedOf.getOrDefault(set.ipsetName(), Set.of()).forEach(members::unwant);
                wantedOf.remove(set.ipsetName());
            }
        }
        for (NamedSet set : changes.sets()) {
            if (ruleset.sets().contains(set)) {
                sets.want(set.ipsetName(), new Shape(type(set), set.family() == Family.V6));
                want(set, ruleset.members(set));
            }
        }
        changes.members().forEach((set, changed) -> {
            Set<Member> now = ruleset.members(set);
            want(set, changed.stream().filter(now::contains).toList());
            Set<Key> wanted = wantedOf.computeIfAbsent(set.ipsetName(), name -> new HashSet<>());
            changed.stream().filter(member -> !now.contains(member)).flatMap(member -> inKernel(member).stream()).forEach(each -> {
                Key key = new Key(set.ipsetName(), each);
                wanted.remove(key);
                members.unwant(key);
            });
        });
    }

    private void want(NamedSet set, Collection<Member> some) {
        Set<Key> wanted = wantedOf.computeIfAbsent(set.ipsetName(), name -> new HashSet<>());
        some.stream().flatMap(member -> inKernel(member).stream()).forEach(each -> {
            Key key = new Key(set.ipsetName(), each);
            wanted.add(key);
            members.want(key, true);
        });
    }

    void wantNothing() {
        wantedOf.clear();
        refused.clear();
        sets.wantOnly(Map.of());
        members.wantOnly(Map.of());
    }

    void observe() throws KernelException {
        Map<String, Ipset> listed = socket.list(Ownership::ownsSet);
        Map<String, Shape> shapes = new HashMap<>();
        Map<Key, Boolean> all = new HashMap<>();
        listed.forEach((name, set) -> {
            shapes.put(name, new Shape(set.type(), set.v6()));
            set.members().forEach(member -> all.put(new Key(name, member), true));
        });
        sets.sawOnly(shapes);
        members.sawOnly(all);
        sizes.clear();
        listed.forEach((name, set) -> sizes.put(name, set.members().size()));
    }

    /**
     * Looks at what sets there are and how many members each has, and reads those that are not as they were left. Where another
     * member took the place of one, only {@link #observe} sees it.
     */
    void glance() throws KernelException {
        Map<String, IpsetSocket.Header> headers = socket.headers(Ownership::ownsSet);
        Set<String> others = new HashSet<>(sets.allSeen().keySet());
        others.removeAll(headers.keySet());
        for (Map.Entry<String, IpsetSocket.Header> each : headers.entrySet()) {
            IpsetSocket.Header header = each.getValue();
            if (!new Shape(header.type(), header.v6()).equals(sets.seen(each.getKey())) || header.size() != sizes.getOrDefault(each.getKey(), 0)) {
                others.add(each.getKey());
            }
        }
        for (String name : others) {
            Optional<Ipset> set = socket.list(name);
            Set<Key> now = new HashSet<>();
            set.ifPresent(is -> is.members().forEach(member -> now.add(new Key(name, member))));
            members.allSeen().keySet().stream().filter(key -> key.set().equals(name) && !now.contains(key)).toList().forEach(this::gone);
            if (set.isPresent()) {
                sets.saw(name, new Shape(set.get().type(), set.get().v6()));
                now.forEach(key -> saw(name, key.member()));
            } else {
                sets.gone(name);
                sizes.remove(name);
            }
        }
    }

    /** What others changed and is again as it should be, since the last call. */
    List<Repair> takeRepairs() {
        List<Repair> repairs = new ArrayList<>(sets.takeRepairs(SETS, name -> "ipset " + name, Shape::type));
        repairs.addAll(members.takeRepairs(MEMBERS, key -> "member " + key.member().net() + " of ipset " + key.set(), String::valueOf));
        return repairs;
    }

    private void saw(String set, IpsetMember member) {
        Key key = new Key(set, member);
        if (members.seen(key) == null) {
            sizes.merge(set, 1, Integer::sum);
        }
        members.saw(key, true);
    }

    private void gone(Key key) {
        if (members.seen(key) != null) {
            sizes.merge(key.set(), -1, Integer::sum);
        }
        members.gone(key);
    }

    /**
     * Before rules: makes and fills sets.
     *
     * @throws KernelException if none can be made or filled; one that alone is not taken is among {@link #refused}
     */
    boolean fill() throws KernelException {
        if (refused.isEmpty()) {
            again.reset();
        } else if (again.isDue()) {
            refused.clear();
        }
        Set<String> before = Set.copyOf(refused.keySet());
        boolean changed = false;
        for (Map.Entry<String, Shape> set : Map.copyOf(sets.toSet()).entrySet()) {
            changed |= !refused.containsKey(set.getKey()) && attempt(set.getKey(), () -> make(set.getKey(), set.getValue()));
        }
        for (Map.Entry<String, List<IpsetMember>> some : bySet(members.toSet().keySet()).entrySet()) {
            String name = some.getKey();
            changed |= !refused.containsKey(name) && attempt(name, () -> {
                socket.add(name, some.getValue());
                some.getValue().forEach(member -> saw(name, member));
            });
        }
        if (!before.containsAll(refused.keySet())) {
            again.refused();
            // Of several members some may have been taken.
            observe();
        }
        return changed;
    }

    private interface Work {

        void run() throws KernelException;
    }

    private boolean attempt(String set, Work work) throws KernelException {
        try {
            work.run();
            return true;
        } catch (KernelException failure) {
            if (!IpsetSocket.isRefusal(failure)) {
                throw failure;
            }
            refused.put(set, String.valueOf(failure.getMessage()));
            return false;
        }
    }

    private void make(String name, Shape shape) throws KernelException {
        if (sets.seen(name) != null && !socket.destroy(name)) {
            throw new KernelException("make ipset " + name, Errno.EBUSY, "there is one of type " + Objects.requireNonNull(sets.seen(name)).type() + " that rules look up");
        }
        socket.create(name, shape.type(), shape.v6(), MAX_MEMBERS);
        forget(name);
        sets.saw(name, shape);
    }

    /** What was refused is tried at the next {@link #fill}. */
    void tryAgain() {
        again.reset();
    }

    /** The sets that are not as they are wanted, with the reason. */
    SortedMap<String, String> refused() {
        return Collections.unmodifiableSortedMap(refused);
    }

    /**
     * After rules: takes out members, and removes sets that no rule looks up any more.
     *
     * @param mayRemove while false, only members go that were wanted once
     */
    boolean drain(boolean mayRemove) throws KernelException {
        boolean changed = false;
        Set<String> going = new HashSet<>(sets.toRemove());
        List<Key> out = members.toRemove().stream().filter(key -> mayRemove || members.isOutlived(key)).toList();
        for (Map.Entry<String, List<IpsetMember>> some : bySet(out).entrySet()) {
            if (!going.contains(some.getKey())) {
                socket.remove(some.getKey(), some.getValue());
                some.getValue().forEach(member -> gone(new Key(some.getKey(), member)));
                changed = true;
            }
        }
        for (String name : mayRemove ? going : Set.<String>of()) {
            if (socket.destroy(name)) {
                forget(name);
                sets.gone(name);
                changed = true;
            }
        }
        return changed;
    }

    private void forget(String set) {
        members.allSeen().keySet().stream().filter(key -> key.set().equals(set)).toList().forEach(members::lost);
        sizes.remove(set);
    }

    private static Map<String, List<IpsetMember>> bySet(Collection<Key> keys) {
        Map<String, List<IpsetMember>> all = new LinkedHashMap<>();
        keys.forEach(key -> all.computeIfAbsent(key.set(), set -> new ArrayList<>()).add(key.member()));
        return all;
    }

    private static String type(NamedSet set) {
        return switch (set.kind()) {
            // Felix uses one type for both, so a set of its making can be taken over.
            case ADDRESS, NET -> "hash:net";
            case HOST_ADDRESS -> "hash:ip";
            case ADDRESS_PORT -> "hash:ip,port";
        };
    }

    /**
     * A member as the kernel takes it: hash:net has no prefix of length 0, the other types have no address 0, which no packet has
     * either, and a protocol without ports gets port 0 there, which would mean another thing.
     */
    private static List<IpsetMember> inKernel(Member member) {
        Cidr net = member.net();
        if (net.length() == net.family().bits() && ZERO.contains(net.base()) || member.protocol() >= 0 && !WITH_PORTS.contains(member.protocol())) {
            return List.of();
        }
        if (net.length() > 0) {
            return List.of(new IpsetMember(net, member.protocol(), member.port()));
        }
        Ip middle = net.isV4() ? new Ip(Family.V4, 0, 0x8000_0000L) : new Ip(Family.V6, Long.MIN_VALUE, 0);
        return List.of(new IpsetMember(new Cidr(net.base(), 1), -1, -1), new IpsetMember(new Cidr(middle, 1), -1, -1));
    }

    void close() {
        socket.close();
    }
}

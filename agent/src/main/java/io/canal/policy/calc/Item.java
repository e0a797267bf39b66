package io.canal.policy.calc;

import io.canal.model.Cidr;
import io.canal.model.calico.EndpointPort;
import io.canal.policy.Labelled;
import io.canal.ruleset.Member;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Something with labels and addresses: an endpoint or a network set of the cluster. */
final class Item {

    /** So many addresses are looked through sooner than they are indexed. */
    private static final int FEW = 8;

    final ItemKey key;
    /** Its own labels over those that it inherits. */
    final Map<String, String> labels;
    final List<Member> addresses;
    final List<EndpointPort> ports;
    /** The sets in use that it is in. */
    final List<SetState> sets = new ArrayList<>(2);
    /** Many addresses, to be found quickly, once that was asked for. */
    private Set<Member> many = Set.of();

    private Item(ItemKey key, Map<String, String> labels, List<Member> addresses, List<EndpointPort> ports) {
        this.key = key;
        this.labels = labels;
        this.addresses = addresses;
        this.ports = ports;
    }

    Item(ItemKey key, Map<String, String> labels, Labelled thing) {
        this(key, labels, members(thing.nets()), thing.ports());
    }

    private static List<Member> members(List<Cidr> nets) {
        if (nets.size() == 1) {
            return List.of(Member.of(nets.getFirst()));
        }
        return nets.stream().map(Member::of).distinct().toList();
    }

    /** Whether it brings more than single addresses. */
    boolean hasBlock() {
        for (Member address : addresses) {
            if (address.net().length() < address.net().family().bits()) {
                return true;
            }
        }
        return false;
    }

    /** What it brings into a set that selects it. */
    Iterable<Member> members(SetState set) {
        if (set.key.port().isEmpty()) {
            return addresses;
        }
        SetKey.NamedPort wanted = set.key.port().get();
        Set<Member> members = new LinkedHashSet<>();
        for (EndpointPort port : ports) {
            if (isWanted(port, wanted)) {
                addresses.forEach(address -> members.add(new Member(address.net(), port.protocol().number(), port.port())));
            }
        }
        return members;
    }

    boolean brings(SetState set, Member member) {
        if (!sets.contains(set)) {
            return false;
        }
        if (set.key.port().isEmpty()) {
            return has(member);
        }
        SetKey.NamedPort wanted = set.key.port().get();
        for (EndpointPort port : ports) {
            if (isWanted(port, wanted) && port.protocol().number() == member.protocol() && port.port() == member.port()) {
                return has(Member.of(member.net()));
            }
        }
        return false;
    }

    private static boolean isWanted(EndpointPort port, SetKey.NamedPort wanted) {
        return port.name().equals(wanted.name()) && (wanted.protocol() == SetKey.NamedPort.ANY_PROTOCOL || wanted.protocol() == port.protocol().number());
    }

    private boolean has(Member address) {
        if (addresses.size() <= FEW) {
            return addresses.contains(address);
        }
        if (many.isEmpty()) {
            many = Set.copyOf(addresses);
        }
        return many.contains(address);
    }
}

package io.canal.kernel.ipset;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Attributes;
import io.canal.kernel.netlink.NetlinkMessage;
import io.canal.kernel.netlink.NetlinkSocket;
import io.canal.kernel.netlink.Received;
import io.canal.kernel.netlink.Refusal;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** A connection to ipset of one network namespace. Used by one thread at a time. */
public final class IpsetSocket implements AutoCloseable {

    private static final int SUBSYSTEM = 6;
    private static final int PROTOCOL_VERSION = 6;
    private static final int HEADER = 4;
    private static final int NET_BYTEORDER = 0x4000;
    private static final int FAMILY_V4 = 2;
    private static final int FAMILY_V6 = 10;

    private static final int CREATE = 2;
    private static final int DESTROY = 3;
    private static final int LIST = 7;
    private static final int ADD = 9;
    private static final int DEL = 10;
    private static final int TYPE = 13;

    private static final int ATTR_PROTOCOL = 1;
    private static final int ATTR_SETNAME = 2;
    private static final int ATTR_TYPENAME = 3;
    private static final int ATTR_REVISION = 4;
    private static final int ATTR_FAMILY = 5;
    private static final int ATTR_FLAGS = 6;
    private static final int ATTR_DATA = 7;
    private static final int ATTR_ADT = 8;
    private static final int DATA_IP = 1;
    private static final int DATA_CIDR = 3;
    private static final int DATA_PORT = 4;
    private static final int DATA_PROTO = 7;
    private static final int DATA_HASHSIZE = 18;
    private static final int DATA_MAXELEM = 19;
    private static final int DATA_ELEMENTS = 24;
    /** IPSET_FLAG_LIST_HEADER. */
    private static final int HEADERS_ONLY = 1 << 2;
    private static final int IPADDR_V4 = 1;
    private static final int IPADDR_V6 = 2;

    /** Numbers of its own: IPSET_ERR_MAX_SETS, IPSET_ERR_BUSY and IPSET_ERR_HASH_FULL among them. */
    private static final int FIRST_OF_IPSET = 4096;
    private static final int TOO_MANY = 4099;
    private static final int IN_USE = 4100;
    private static final int FULL = 4352;
    private static final Set<Integer> OF_ONE_SET = Set.of(Errno.ENOENT, Errno.ENOMEM, Errno.EBUSY, Errno.EEXIST, Errno.EINVAL, Errno.ERANGE, Errno.EMSGSIZE);

    private static final int FIRST_HASH_SIZE = 1024;
    private static final int BATCH = 500;

    private final NetlinkSocket socket;

    private IpsetSocket(NetlinkSocket socket) {
        this.socket = socket;
    }

    /** Opens a connection in the calling thread's network namespace. */
    public static IpsetSocket open() throws KernelException {
        return new IpsetSocket(NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER));
    }

    /** Makes an empty set; {@code type} such as {@code hash:net}. Fails where there is a set of that name. */
    public void create(String name, String type, boolean v6, int maxMembers) throws KernelException {
        int family = v6 ? FAMILY_V6 : FAMILY_V4;
        int revision = revision(type, family);
        try {
            socket.execute("make ipset " + name, message(CREATE, NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_EXCL)
                    .string(ATTR_SETNAME, name)
                    .string(ATTR_TYPENAME, type)
                    .u8(ATTR_REVISION, revision)
                    .u8(ATTR_FAMILY, family)
                    .nested(ATTR_DATA, data -> data.be32(DATA_HASHSIZE | NET_BYTEORDER, FIRST_HASH_SIZE)
                            .be32(DATA_MAXELEM | NET_BYTEORDER, maxMembers)));
        } catch (KernelException failure) {
            throw said(failure, "make ipset " + name);
        }
    }

    /** In words, where the number is ipset's own. */
    private static KernelException said(KernelException failure, String what) {
        return switch (failure.errno()) {
            case TOO_MANY -> new KernelException(what, TOO_MANY, "there are as many sets as the kernel takes");
            case FULL -> new KernelException(what, FULL, "it has as many members as it takes");
            default -> failure;
        };
    }

    /** Whether it is this set, or a member of it, that the kernel does not take; others it may take. */
    public static boolean isRefusal(KernelException failure) {
        return failure.errno() >= FIRST_OF_IPSET || OF_ONE_SET.contains(failure.errno());
    }

    /** Removes a set; false where rules still look it up. */
    public boolean destroy(String name) throws KernelException {
        try {
            socket.execute("remove ipset " + name, message(DESTROY, 0).string(ATTR_SETNAME, name));
            return true;
        } catch (KernelException failure) {
            if (failure.errno() == IN_USE || failure.errno() == Errno.EBUSY) {
                return false;
            }
            if (failure.errno() == Errno.ENOENT) {
                return true;
            }
            throw failure;
        }
    }

    /** Adds members; those that are there already stay. */
    public void add(String name, Collection<IpsetMember> members) throws KernelException {
        change(ADD, "add to ipset ", name, members);
    }

    /** Removes members; those that are not there are no error. */
    public void remove(String name, Collection<IpsetMember> members) throws KernelException {
        change(DEL, "remove from ipset ", name, members);
    }

    private void change(int command, String what, String name, Collection<IpsetMember> members) throws KernelException {
        List<IpsetMember> all = List.copyOf(members);
        for (int from = 0; from < all.size(); from += BATCH) {
            List<IpsetMember> some = all.subList(from, Math.min(all.size(), from + BATCH));
            List<NetlinkMessage> batch = new ArrayList<>();
            // Without NLM_F_EXCL the kernel takes what is so already as done.
            some.forEach(member -> batch.add(message(command, NetlinkMessage.NLM_F_ACK)
                    .string(ATTR_SETNAME, name)
                    .nested(ATTR_DATA, data -> data(data, member))));
            List<Refusal> refusals = socket.exchange(batch);
            if (!refusals.isEmpty()) {
                throw said(refusals.getFirst().exception(what + name + ": " + some.get(refusals.getFirst().index()).net()), what + name);
            }
        }
    }

    /** The sets whose name is wanted, with their members. */
    public Map<String, Ipset> list(Predicate<String> names) throws KernelException {
        return read(dump("list ipsets", message(LIST, 0)), names);
    }

    /** One set with its members; empty where there is none of that name. */
    public Optional<Ipset> list(String name) throws KernelException {
        return Optional.ofNullable(read(dump("list ipset " + name, message(LIST, 0).string(ATTR_SETNAME, name)), name::equals).get(name));
    }

    /**
     * What a set is, without its members.
     *
     * @param size how many members it has
     */
    public record Header(String type, boolean v6, int size) {}

    /** The sets whose name is wanted, without their members: of many sets a fifth of the time, and next to no memory. */
    public Map<String, Header> headers(Predicate<String> names) throws KernelException {
        Map<String, Header> sets = new HashMap<>();
        for (Received part : dump("list ipsets", message(LIST, 0).be32(ATTR_FLAGS | NET_BYTEORDER, HEADERS_ONLY))) {
            Attributes set = part.attributes(HEADER);
            String name = set.string(ATTR_SETNAME, "");
            if (names.test(name) && set.has(ATTR_TYPENAME)) {
                sets.put(name, new Header(set.string(ATTR_TYPENAME), set.u8(ATTR_FAMILY, FAMILY_V4) == FAMILY_V6, set.nested(ATTR_DATA).be32(DATA_ELEMENTS, -1)));
            }
        }
        return sets;
    }

    /** Nothing where there is no set, or none of the name that was asked for. */
    private List<Received> dump(String what, NetlinkMessage request) throws KernelException {
        try {
            return socket.dump(what, request);
        } catch (KernelException failure) {
            if (failure.errno() == Errno.ENOENT) {
                return List.of();
            }
            throw failure;
        }
    }

    private static Map<String, Ipset> read(List<Received> parts, Predicate<String> names) {
        Map<String, Ipset> sets = new LinkedHashMap<>();
        for (Received part : parts) {
            Attributes set = part.attributes(HEADER);
            String name = set.string(ATTR_SETNAME, "");
            if (!names.test(name)) {
                continue;
            }
            if (set.has(ATTR_TYPENAME)) {
                sets.putIfAbsent(name, new Ipset(name, set.string(ATTR_TYPENAME), set.u8(ATTR_FAMILY, FAMILY_V4) == FAMILY_V6, new HashSet<>()));
            }
            Ipset into = sets.get(name);
            if (into != null) {
                readMembers(set, into.members());
            }
        }
        return sets;
    }

    private static void readMembers(Attributes set, Set<IpsetMember> into) {
        for (Attributes member : set.nested(ATTR_ADT).eachNested(ATTR_DATA)) {
            Attributes ip = member.nested(DATA_IP);
            if (!ip.has(IPADDR_V4) && !ip.has(IPADDR_V6)) {
                continue;
            }
            Ip address = Ip.ofBytes(ip.has(IPADDR_V4) ? ip.bytes(IPADDR_V4) : ip.bytes(IPADDR_V6));
            int length = member.u8(DATA_CIDR, address.family().bits());
            into.add(new IpsetMember(Cidr.containing(address, length), member.u8(DATA_PROTO, -1),
                    member.has(DATA_PORT) ? member.be16(DATA_PORT) : -1));
        }
    }

    /** The newest revision of the type that the kernel has. */
    private int revision(String type, int family) throws KernelException {
        NetlinkMessage ask = message(TYPE, 0).string(ATTR_TYPENAME, type).u8(ATTR_FAMILY, family);
        for (Received reply : socket.query("ask for ipset type " + type, ask)) {
            Attributes answer = reply.attributes(HEADER);
            if (answer.has(ATTR_REVISION)) {
                return answer.u8(ATTR_REVISION);
            }
        }
        throw new KernelException("ask for ipset type " + type, Errno.ENOENT);
    }

    private static void data(NetlinkMessage data, IpsetMember member) {
        Ip base = member.net().base();
        data.nested(DATA_IP, ip -> ip.attr((base.isV4() ? IPADDR_V4 : IPADDR_V6) | NET_BYTEORDER, base.toBytes()));
        if (member.net().length() < base.family().bits()) {
            data.u8(DATA_CIDR, member.net().length());
        }
        if (member.port() >= 0) {
            data.be16(DATA_PORT | NET_BYTEORDER, member.port()).u8(DATA_PROTO, member.protocol());
        }
    }

    private static NetlinkMessage message(int command, int flags) {
        return new NetlinkMessage(SUBSYSTEM << 8 | command, flags).u8(FAMILY_V4).u8(0).be16(0).u8(ATTR_PROTOCOL, PROTOCOL_VERSION);
    }

    @Override
    public void close() {
        socket.close();
    }
}

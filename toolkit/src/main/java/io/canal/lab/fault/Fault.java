package io.canal.lab.fault;

import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A fault, by the name that {@code canal lab break} knows it by. */
public enum Fault {
    CONFLIST_SUBNET("the CNI configuration names another subnet than the lease, as when two programs write it: new pods get addresses"
            + " that nobody routes") {
        @Override
        public String make(Scene scene) {
            return rewrite(scene.host(), "/etc/cni/net.d/10-canal.conflist", Pattern.compile("(\"subnet\"\\s*:\\s*\")([0-9./]+)(\")"));
        }
    },
    SUBNET_ENV("subnet.env names another subnet than the lease, as after a restored backup: who reads it masquerades the wrong"
            + " addresses") {
        @Override
        public String make(Scene scene) {
            return rewrite(scene.host(), "/run/flannel/subnet.env", Pattern.compile("(FLANNEL_SUBNET=)([0-9./]+)()"));
        }
    },
    LEASE_DELETE("the host's lease vanishes from etcd, as after a long cut: its peers may forget it, and another node may take its"
            + " subnet") {
        @Override
        public String make(Scene scene) {
            Leases.Lease lease = scene.leases().of(scene.host());
            scene.etcd().delete(lease.key());
            return "The key " + lease.key() + " is gone from etcd.";
        }
    },
    DEVICE_DELETE("flannel.1 is deleted, and with it all routes and neighbours of peers") {
        @Override
        public String make(Scene scene) {
            Host host = scene.host();
            host.program("ip", "link", "delete", "flannel.1").must();
            return "Device flannel.1 of " + host + " is gone.";
        }
    },
    RULES_FLUSH_IPTABLES("all iptables rules are flushed, as firewall scripts do at their start") {
        @Override
        public String make(Scene scene) {
            Host host = scene.host();
            for (String table : new String[] {"filter", "nat", "mangle", "raw"}) {
                host.program("iptables", "-w", "-t", table, "-F").must();
                // Chains that an agent has filled again meanwhile stay, as they do under a script that did this.
                var unused = host.program("iptables", "-w", "-t", table, "-X").run();
            }
            return "All rules of iptables on " + host + " were flushed.";
        }
    },
    RULES_FLUSH_NFT("the whole nftables ruleset is flushed, as nftables.service does at its start") {
        @Override
        public String make(Scene scene) {
            Host host = scene.host();
            host.program("nft", "flush", "ruleset").must();
            return "The nftables ruleset of " + host + " is empty.";
        }
    },
    STALE_PEER("the entries of one peer are those of a machine that it replaced, and a peer that is long gone still has a route") {
        @Override
        public String make(Scene scene) {
            Host host = scene.host();
            Leases leases = scene.leases();
            Cidr peer = leases.ofAPeerOf(host).subnet();
            Cidr gone = free(leases, peer);
            host.program("ip", "neigh", "replace", peer.base().toString(), "lladdr", OLD_MAC, "dev", "flannel.1", "nud", "permanent").must();
            host.program("bridge", "fdb", "replace", OLD_MAC, "dev", "flannel.1", "dst", OLD_ADDRESS).must();
            host.program("ip", "route", "replace", gone.toString(), "via", gone.base().toString(), "dev", "flannel.1", "onlink").must();
            return "Host " + host + " sends what is for " + peer + " to " + OLD_MAC + " at " + OLD_ADDRESS + ", and has a route to " + gone
                    + ", which nobody leases.";
        }
    },
    AGENT_STOP("the agent is stopped, as by somebody who forgot to start it again: what changes from now on goes unseen") {
        @Override
        public String make(Scene scene) {
            Host host = scene.host();
            host.program("systemctl", "stop", "canal-agent").must();
            // What it had asked its charm for just before would have the next command start it again.
            host.program("find", "/var/lib/juju/nudges", "-type", "f", "-delete").must();
            return "The agent of " + host + " is stopped.";
        }
    },
    LEASE_STEAL("another machine writes its own lease over the host's, as a flanneld does that renews blindly: peers send what is for the"
            + " host's pods to it; canal never writes over it", true) {
        @Override
        public String make(Scene scene) {
            Leases.Lease lease = scene.leases().of(scene.host());
            scene.etcd().put(lease.key(), LeaseValue.vxlan(Ip.of(THIEF), 1, Mac.of(THIEFS_MAC)).text());
            return "The lease " + lease.subnet() + " of " + scene.host() + " now names " + THIEF + ".";
        }

        @Override
        public String end(Scene scene) {
            Leases.Lease stolen = scene.leases().at(THIEF);
            scene.etcd().delete(stolen.key());
            return "The lease " + stolen.subnet() + " of " + THIEF + " is gone.";
        }
    },
    DEVICE_MAC("flannel.1 gets another MAC, as udev's MACAddressPolicy gives it: it drops what peers send to the old one") {
        @Override
        public String make(Scene scene) {
            scene.host().program("ip", "link", "set", "flannel.1", "address", OLD_MAC).must();
            return "flannel.1 of " + scene.host() + " has the MAC " + OLD_MAC + ".";
        }
    },
    ETCD_CUT("the host does not reach etcd any more: what changes elsewhere goes unseen, all that was stays", true) {
        @Override
        public String make(Scene scene) {
            return EtcdFaults.cut(scene.host());
        }

        @Override
        public String end(Scene scene) {
            return EtcdFaults.join(scene.host());
        }
    },
    ETCD_REPLACE("etcd is replaced by an empty one, on all hosts, as after a reinstallation without a backup: no lease, no network") {
        @Override
        public String make(Scene scene) {
            return EtcdFaults.replace(scene);
        }
    },
    CLONE("the host is a copy of another one, as from a disk image that was taken too late: both have one node id", true) {
        @Override
        public String make(Scene scene) {
            return new CopiedNode(scene).make();
        }

        @Override
        public String end(Scene scene) {
            return new CopiedNode(scene).undo();
        }
    },
    MTU_SHRINK("flannel.1 has a smaller MTU than the network can carry: large packets of pods are refused") {
        @Override
        public String make(Scene scene) {
            scene.host().program("ip", "link", "set", "flannel.1", "mtu", SMALL_MTU).must();
            return "flannel.1 of " + scene.host() + " has the MTU " + SMALL_MTU + ".";
        }
    },
    UPLINK_FLAP("the interface to the other hosts goes down and comes up again, as when a network service restarts: routes through it go") {
        @Override
        public String make(Scene scene) {
            return UplinkFlap.on(scene.host());
        }
    },
    CONFLIST_TRUNCATE("half of the CNI configuration is gone, as after a crash of a program that wrote it in place: no pod can be made") {
        @Override
        public String make(Scene scene) {
            return truncate(scene.host(), "/etc/cni/net.d/10-canal.conflist");
        }
    },
    DISK_FULL("there is no space left where canal keeps what must outlive a restart: new pods are refused with a sentence", true) {
        @Override
        public String make(Scene scene) {
            return new FullDisk(scene.host()).fill();
        }

        @Override
        public String end(Scene scene) {
            return new FullDisk(scene.host()).empty();
        }
    };

    private static final String OLD_MAC = "02:de:ad:00:00:01";
    private static final String OLD_ADDRESS = "10.10.0.199";
    private static final String THIEF = "10.10.0.198";
    private static final String THIEFS_MAC = "02:de:ad:00:00:02";
    private static final String SMALL_MTU = "1280";

    private final String explanation;
    private final boolean needsEnd;

    Fault(String explanation) {
        this(explanation, false);
    }

    Fault(String explanation, boolean needsEnd) {
        this.explanation = explanation;
        this.needsEnd = needsEnd;
    }

    /** Makes the fault on a host; returns a sentence that says what was done. */
    public abstract String make(Scene scene);

    /** Takes away what only its maker can; what canal mends by itself, or by repair-subnets, is left to it. */
    public String end(Scene scene) {
        throw new LabException("The fault " + this + " is not taken away by hand: the agent mends it, or the action repair-subnets.");
    }

    public static Fault named(String text) {
        return Stream.of(values()).filter(fault -> fault.toString().equals(text)).findFirst()
                .orElseThrow(() -> new LabException("Fault is \"" + text + "\", expected one of "
                        + Stream.of(values()).map(Fault::toString).collect(Collectors.joining(", ")) + "."));
    }

    /** What it does, and what it is like, in half a sentence. */
    public String explanation() {
        return explanation;
    }

    /** Whether it lasts until {@link #end}. */
    public boolean needsEnd() {
        return needsEnd;
    }

    /** Its name on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Writes another subnet into a file, in place and not atomically, as a foreign program would. */
    private static String rewrite(Host host, String file, Pattern subnet) {
        Path path = host.path(file);
        try {
            String text = Files.readString(path);
            Matcher found = subnet.matcher(text);
            if (!found.find()) {
                throw new LabException(file + " of " + host + " names no subnet.");
            }
            String other = other(found.group(2));
            Files.writeString(path, found.replaceFirst(Matcher.quoteReplacement(found.group(1) + other + found.group(3))));
            return file + " of " + host + " says " + other + " in place of " + found.group(2) + ".";
        } catch (IOException absent) {
            throw new LabException(file + " of " + host + " cannot be changed: " + absent.getMessage(), absent);
        }
    }

    /** The same place in the network a hundred /24 further on. */
    private static String other(String subnet) {
        String[] octets = subnet.split("\\.", 4);
        int third = (Integer.parseInt(octets[2]) + 100) % 256;
        return octets[0] + "." + octets[1] + "." + third + "." + octets[3];
    }

    private static String truncate(Host host, String file) {
        Path path = host.path(file);
        try {
            byte[] text = Files.readAllBytes(path);
            Files.write(path, Arrays.copyOf(text, text.length / 2));
            return file + " of " + host + " ends in its middle.";
        } catch (IOException absent) {
            throw new LabException(file + " of " + host + " cannot be changed: " + absent.getMessage(), absent);
        }
    }

    private static Cidr free(Leases leases, Cidr like) {
        Cidr candidate = Cidr.of(other(like.toString()));
        return leases.all().stream().anyMatch(lease -> lease.subnet().overlaps(candidate)) ? Cidr.of(other(candidate.toString())) : candidate;
    }
}

package io.canal.lab.fault;

import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.lab.pod.EtcdClient;
import io.canal.model.Cidr;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A fault, by the name that {@code canal lab break} knows it by. */
public enum Fault {
    CONFLIST_SUBNET("the CNI configuration names another subnet than the lease, as when two programs write it: new pods get addresses"
            + " that nobody routes") {
        @Override
        public String make(Host host, EtcdClient etcd) {
            return rewrite(host, "/etc/cni/net.d/10-canal.conflist", Pattern.compile("(\"subnet\"\\s*:\\s*\")([0-9./]+)(\")"));
        }
    },
    SUBNET_ENV("subnet.env names another subnet than the lease, as after a restored backup: who reads it masquerades the wrong"
            + " addresses") {
        @Override
        public String make(Host host, EtcdClient etcd) {
            return rewrite(host, "/run/flannel/subnet.env", Pattern.compile("(FLANNEL_SUBNET=)([0-9./]+)()"));
        }
    },
    LEASE_DELETE("the host's lease vanishes from etcd, as after a long cut: its peers may forget it, and another node may take its"
            + " subnet") {
        @Override
        public String make(Host host, EtcdClient etcd) {
            Leases.Lease lease = new Leases(etcd).of(host);
            etcd.delete(lease.key());
            return "The key " + lease.key() + " is gone from etcd.";
        }
    },
    DEVICE_DELETE("flannel.1 is deleted, and with it all routes and neighbours of peers") {
        @Override
        public String make(Host host, EtcdClient etcd) {
            host.program("ip", "link", "delete", "flannel.1").must();
            return "Device flannel.1 of " + host + " is gone.";
        }
    },
    RULES_FLUSH_IPTABLES("all iptables rules are flushed, as firewall scripts do at their start") {
        @Override
        public String make(Host host, EtcdClient etcd) {
            for (String table : new String[] {"filter", "nat", "mangle", "raw"}) {
                host.program("iptables", "-w", "-t", table, "-F").must();
                host.program("iptables", "-w", "-t", table, "-X").must();
            }
            return "All chains of iptables on " + host + " are empty.";
        }
    },
    RULES_FLUSH_NFT("the whole nftables ruleset is flushed, as nftables.service does at its start") {
        @Override
        public String make(Host host, EtcdClient etcd) {
            host.program("nft", "flush", "ruleset").must();
            return "The nftables ruleset of " + host + " is empty.";
        }
    },
    STALE_PEER("the entries of one peer are those of a machine that it replaced, and a peer that is long gone still has a route") {
        @Override
        public String make(Host host, EtcdClient etcd) {
            Leases leases = new Leases(etcd);
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
        public String make(Host host, EtcdClient etcd) {
            host.program("systemctl", "stop", "canal-agent").must();
            return "The agent of " + host + " is stopped.";
        }
    };

    private static final String OLD_MAC = "02:de:ad:00:00:01";
    private static final String OLD_ADDRESS = "10.10.0.199";

    private final String explanation;

    Fault(String explanation) {
        this.explanation = explanation;
    }

    /** Makes the fault on a host; returns a sentence that says what was done. */
    public abstract String make(Host host, EtcdClient etcd);


    public static Fault named(String text) {
        return Stream.of(values()).filter(fault -> fault.toString().equals(text)).findFirst()
                .orElseThrow(() -> new LabException("Fault is \"" + text + "\", expected one of "
                        + Stream.of(values()).map(Fault::toString).collect(Collectors.joining(", ")) + "."));
    }

    /** What it does, and what it is like, in half a sentence. */
    public String explanation() {
        return explanation;
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

    private static Cidr free(Leases leases, Cidr like) {
        Cidr candidate = Cidr.of(other(like.toString()));
        return leases.all().stream().anyMatch(lease -> lease.subnet().overlaps(candidate)) ? Cidr.of(other(candidate.toString())) : candidate;
    }
}

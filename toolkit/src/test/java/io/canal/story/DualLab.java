package io.canal.story;

import io.canal.lab.Host;
import io.canal.lab.Lab;
import io.canal.lab.LabName;
import io.canal.lab.Pause;
import io.canal.lab.Places;
import io.canal.lab.pod.EtcdClient;
import io.canal.lab.pod.Pod;
import io.canal.lab.pod.PodSpec;
import io.canal.lab.pod.Pods;
import io.canal.model.NetworkKeys;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A lab whose pods have addresses of both families: two hosts. It begins with a network of IPv4 alone, and gets the second family while
 * packets go between its pods.
 */
public final class DualLab extends OneLab {

    static final LabName NAME = LabName.ofCheckout(Canal.home().resolve("dualstory"));

    private static final int PER_SECOND = 1_000;
    private static final int LITTLE_MILLIS = 300;

    private static volatile Widening widening = new Widening(List.of(), List.of());

    /**
     * How the network got its second family.
     *
     * @param leases the keys of the leases before
     * @param traffic between pods of two hosts meanwhile, there and back
     */
    record Widening(List<String> leases, List<PacketStream.Report> traffic) {}

    public DualLab() {
        super(NAME);
    }

    @Override
    void make() throws IOException, InterruptedException {
        canal("up", "--hosts", "2", "--etcd", "1", "--timeout", "240s");
        List<String> before = leases();
        Pods pods = pods();
        Pod one = pods.add(PodSpec.named("early-h1"), hosts().getFirst());
        Pod other = pods.add(PodSpec.named("early-h2"), hosts().getLast());
        try (PacketStream there = PacketStream.start(pods.netns(one), one.address(), pods.netns(other), other.address(), PER_SECOND);
                PacketStream back = PacketStream.start(pods.netns(other), other.address(), pods.netns(one), one.address(), PER_SECOND)) {
            canal("up", "--ipv6", "dual", "--timeout", "240s");
            Pause.ofMillis(LITTLE_MILLIS);
            widening = new Widening(before, PacketStream.stop(List.of(there, back)));
        }
    }

    static List<Host> hosts() {
        return Lab.hostsOf(Places.usual(), NAME);
    }

    static Pods pods() {
        return new Pods(Places.usual().part(NAME, "pods"), hosts());
    }

    static EtcdClient etcd() {
        return EtcdClient.onAnyOf(hosts());
    }

    static Widening widening() {
        return widening;
    }

    /** The keys of the subnets that nodes have, without the folder. */
    static List<String> leases() {
        return etcd().keys(NetworkKeys.DEFAULT.leases()).stream().map(key -> key.substring(NetworkKeys.DEFAULT.leases().length())).toList();
    }

    /** Runs a command in this lab, and expects success. */
    static String canal(String... arguments) {
        return Canal.must(with(arguments));
    }

    static String[] with(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--lab", NAME.text()));
        return all.toArray(String[]::new);
    }
}

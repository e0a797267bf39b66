package io.canal.story;

import io.canal.lab.Host;
import io.canal.lab.Lab;
import io.canal.lab.LabName;
import io.canal.lab.Places;
import io.canal.lab.pod.EtcdClient;
import io.canal.lab.pod.Pod;
import io.canal.lab.pod.PodSpec;
import io.canal.lab.pod.Pods;
import java.nio.file.Path;
import java.util.List;

/** The lab that the story is told in: three hosts. */
public final class StoryLab extends OneLab {

    static final LabName NAME = LabName.ofCheckout(Canal.home().resolve("story"));

    /** What the first {@code canal up} printed. */
    private static volatile String firstUp = "";

    public StoryLab() {
        super(NAME);
    }

    @Override
    void make() {
        firstUp = canal("up", "--hosts", "3", "--timeout", "240s");
    }

    static String firstUp() {
        return firstUp;
    }

    static List<Host> hosts() {
        return Lab.hostsOf(Places.usual(), NAME);
    }

    static Host host(int number) {
        return hosts().get(number - 1);
    }

    /** The canal unit of a host: which one it is depends on which came first. */
    static String unitOn(Host host) {
        String status = canal("status", "--timeout", "120s", "--format", "json");
        return Units.canalOn(status, host.name());
    }

    static Pods pods() {
        return new Pods(Places.usual().part(NAME, "pods"), hosts());
    }

    static EtcdClient etcd() {
        return EtcdClient.onAnyOf(hosts());
    }

    /** The namespace outside of the hosts, on their network. */
    static Path outside() {
        return Path.of("/run/netns/canal-" + NAME + "-sw");
    }

    /** A pod, made anew. */
    static Pod pod(String name, Host host) {
        return pod(PodSpec.named(name), host);
    }

    static Pod pod(PodSpec spec, Host host) {
        Pods pods = pods();
        pods.all().stream().filter(pod -> pod.name().equals(spec.name())).forEach(pods::remove);
        return pods.add(spec, host);
    }

    /** Runs a command in this lab, and expects success. */
    static String canal(String... arguments) {
        return Canal.must(with(arguments));
    }

    static String[] with(String... arguments) {
        int options = words(arguments);
        String[] all = new String[arguments.length + 2];
        System.arraycopy(arguments, 0, all, 0, options);
        all[options] = "--lab";
        all[options + 1] = NAME.text();
        System.arraycopy(arguments, options, all, options + 2, arguments.length - options);
        return all;
    }

    /** How many words name the command: options come after them. */
    private static int words(String... arguments) {
        if (!arguments[0].equals("lab")) {
            return 1;
        }
        return arguments[1].equals("pod") || arguments[1].equals("namespace") ? 3 : 2;
    }
}

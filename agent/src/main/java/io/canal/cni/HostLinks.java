package io.canal.cni;

import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** The host's side of pods' wires, from many threads: one socket, one user at a time. */
final class HostLinks {

    private final Rtnl host;
    private final ReentrantLock lock = new ReentrantLock(true);

    HostLinks(Rtnl host) {
        this.host = host;
    }

    void lay(NetworkNamespace pod, PodWiring.Plan plan) throws IOException, PodWiring.Refused {
        lock.lock();
        try {
            PodWiring.lay(host, pod, plan);
        } finally {
            lock.unlock();
        }
    }

    void remove(String hostInterface) throws IOException {
        lock.lock();
        try {
            PodWiring.remove(host, hostInterface);
        } finally {
            lock.unlock();
        }
    }

    List<String> missing(NetworkNamespace pod, PodWiring.Plan plan) throws IOException {
        lock.lock();
        try {
            return PodWiring.missing(host, pod, plan);
        } finally {
            lock.unlock();
        }
    }
}

package io.canal.dataplane.link;

import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Vxlan;
import io.canal.network.Tunnel;

/** What to do with a device that has the name of a tunnel of ours. */
sealed interface Verdict {

    /** It is the tunnel, but for what can be changed while it lives. */
    record Keep() implements Verdict {}

    /** It is of our kind, but the kernel cannot change into what is wanted: it is made again. */
    record Replace(String because) implements Verdict {}

    /** It is somebody else's. */
    record Refuse(String sentence) implements Verdict {}

    static Verdict on(Link link, Tunnel wanted) {
        if (link.vxlan().isEmpty()) {
            return new Refuse("device " + link.name() + " is there and is " + (link.kind().isEmpty() ? "no VXLAN device" : "of kind " + link.kind() + ", not vxlan")
                    + "; remove or rename it, or choose another VNI");
        }
        Vxlan vxlan = link.vxlan().get();
        if (vxlan.id() != wanted.vni() || vxlan.external() || vxlan.group().isPresent()) {
            String found = vxlan.external() ? "takes its VNI from flows" : vxlan.group().isPresent() ? "sends to group " + vxlan.group().get() : "has VNI " + vxlan.id();
            return new Refuse("VXLAN device " + link.name() + " is there and " + found + ", so it is not this network's, which has VNI " + wanted.vni()
                    + "; remove or rename it, or choose another VNI");
        }
        if (vxlan.parent() != wanted.parent() || vxlan.local().filter(wanted.local()::equals).isEmpty()) {
            return new Replace("it sends from " + vxlan.local().map(Object::toString).orElse("any address") + " and should from " + wanted.local());
        }
        if (vxlan.port() != wanted.port()) {
            return new Replace("it uses port " + vxlan.port() + " and should use " + wanted.port());
        }
        if (vxlan.learning() != wanted.learning() || vxlan.l2miss() || vxlan.groupPolicy() != wanted.groupPolicy()) {
            return new Replace("its learning or group policy is other than wanted");
        }
        return new Keep();
    }
}

package io.canal.policy.reference;

import io.canal.model.Cidr;
import io.canal.model.calico.PolicyProtocol;
import java.util.List;
import java.util.Optional;

/**
 * A port that policies of host endpoints never close, so that nobody locks himself out.
 *
 * @param net the addresses at the other end that this holds for; empty for all
 */
public record Failsafe(int protocol, Optional<Cidr> net, int port) {

    /** Calico's defaults for what comes in. */
    public static final List<Failsafe> INBOUND = List.of(tcp(22), udp(68), tcp(179), tcp(2379), tcp(2380), tcp(5473), tcp(6443), tcp(6666), tcp(6667));

    /** Calico's defaults for what goes out. */
    public static final List<Failsafe> OUTBOUND = List.of(udp(53), udp(67), tcp(179), tcp(2379), tcp(2380), tcp(5473), tcp(6443), tcp(6666), tcp(6667));

    private static Failsafe tcp(int port) {
        return new Failsafe(PolicyProtocol.TCP, Optional.empty(), port);
    }

    private static Failsafe udp(int port) {
        return new Failsafe(PolicyProtocol.UDP, Optional.empty(), port);
    }
}

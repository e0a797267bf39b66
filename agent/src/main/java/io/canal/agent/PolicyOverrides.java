package io.canal.agent;

import io.canal.config.FailsafePort;
import io.canal.config.PolicyOptions;
import io.canal.model.calico.PolicyProtocol;
import io.canal.policy.rules.Failsafe;
import io.canal.policy.rules.RuleSettings;
import io.canal.policy.rules.RuleSettings.ToHost;
import java.util.List;
import java.util.Locale;

/** The charm's options of policy. They count more than FelixConfiguration, as Felix's environment did, which the charm of before set. */
final class PolicyOverrides {

    private PolicyOverrides() {}

    /** {@code before} with what is set. */
    static RuleSettings over(RuleSettings before, PolicyOptions options) {
        return new RuleSettings(before.markMask(), before.filterAccepts(), before.mangleAccepts(), before.rejects(),
                options.endpointToHost().map(word -> ToHost.valueOf(word.toUpperCase(Locale.ROOT))).orElse(before.endpointToHost()),
                options.failsafeInbound().map(PolicyOverrides::failsafes).orElse(before.failsafeInbound()),
                options.failsafeOutbound().map(PolicyOverrides::failsafes).orElse(before.failsafeOutbound()),
                options.logPrefix().orElse(before.logPrefix()),
                before.logRate(), before.logBurst(), before.dropsInvalid(), before.vxlanPort(), before.vxlanFromWorkloads(),
                before.ipipFromWorkloads(), before.overlayPorts(), before.serviceLoop(), before.serviceBlocks(), before.natPorts(),
                before.natAddress(), before.natSparesHosts(), before.floatingIps(), before.spoofing(), before.behindOthers());
    }

    private static List<Failsafe> failsafes(List<FailsafePort> ports) {
        return ports.stream()
                .map(port -> new Failsafe(port.protocol().equals("tcp") ? PolicyProtocol.TCP : PolicyProtocol.UDP, port.net(), port.port()))
                .toList();
    }
}

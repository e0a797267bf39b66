package io.canal.policy.rules;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.calico.PolicyProtocol;
import io.canal.policy.rules.RuleSettings.ServiceLoop;
import io.canal.policy.rules.RuleSettings.ToHost;
import io.canal.ruleset.PortRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The parameters of a FelixConfiguration that rules depend on. One that is absent, or not as it must be, leaves what was before. */
public final class FelixParameters {

    private static final Pattern RATE = Pattern.compile("([0-9]{1,6})/(second|sec|s)?");
    private static final Pattern PORTS = Pattern.compile("([0-9]{1,5})(?::([0-9]{1,5}))?");
    private static final int MARK_BITS = 5;

    private final JsonNode spec;

    private FelixParameters(JsonNode spec) {
        this.spec = spec;
    }

    /** {@code before} with what {@code spec} says otherwise. */
    public static RuleSettings over(RuleSettings before, JsonNode spec) {
        FelixParameters to = new FelixParameters(spec);
        return new RuleSettings(
                to.mask(before.markMask()),
                to.word("iptablesFilterAllowAction", word -> choice(word, "accept", "return")).orElse(before.filterAccepts()),
                to.word("iptablesMangleAllowAction", word -> choice(word, "accept", "return")).orElse(before.mangleAccepts()),
                to.word("iptablesFilterDenyAction", word -> choice(word, "reject", "drop")).orElse(before.rejects()),
                to.word("defaultEndpointToHostAction", FelixParameters::toHost).orElse(before.endpointToHost()),
                to.failsafes("failsafeInboundHostPorts").orElse(before.failsafeInbound()),
                to.failsafes("failsafeOutboundHostPorts").orElse(before.failsafeOutbound()),
                to.word("logPrefix", Optional::of).orElse(before.logPrefix()),
                to.word("logActionRateLimit", FelixParameters::rate).orElse(before.logRate()),
                to.number("logActionRateLimitBurst", 1, 10_000).orElse(before.logBurst()),
                to.flag("disableConntrackInvalidCheck").map(disabled -> !disabled).orElse(before.dropsInvalid()),
                to.number("vxlanPort", 1, 65535).orElse(before.vxlanPort()),
                to.flag("allowVXLANPacketsFromWorkloads").orElse(before.vxlanFromWorkloads()),
                to.flag("allowIPIPPacketsFromWorkloads").orElse(before.ipipFromWorkloads()),
                before.overlayPorts(),
                to.word("serviceLoopPrevention", FelixParameters::serviceLoop).orElse(before.serviceLoop()),
                before.serviceBlocks(),
                to.ports().or(before::natPorts),
                to.word("natOutgoingAddress", Ip::parse).or(before::natAddress),
                to.word("natOutgoingExclusions", word -> choice(word, "ippoolsandhostips", "ippoolsonly")).orElse(before.natSparesHosts()),
                to.word("floatingIPs", word -> choice(word, "enabled", "disabled")).orElse(before.floatingIps()),
                to.word("workloadSourceSpoofing", word -> choice(word, "any", "disabled")).orElse(before.spoofing()),
                to.word("chainInsertMode", word -> choice(word, "append", "insert")).orElse(before.behindOthers()));
    }

    private int mask(int before) {
        JsonNode mask = spec.path("nftablesMarkMask").isNumber() ? spec.path("nftablesMarkMask") : spec.path("iptablesMarkMask");
        return mask.isIntegralNumber() && mask.canConvertToLong() && mask.longValue() > 0 && mask.longValue() <= 0xffff_ffffL && Long.bitCount(mask.longValue()) >= MARK_BITS
                ? (int) mask.longValue() : before;
    }

    private <T> Optional<T> word(String field, Function<String, Optional<T>> reading) {
        JsonNode value = spec.path(field);
        return value.isTextual() ? reading.apply(value.textValue()) : Optional.empty();
    }

    private Optional<Boolean> flag(String field) {
        JsonNode value = spec.path(field);
        return value.isBoolean() ? Optional.of(value.booleanValue()) : Optional.empty();
    }

    private Optional<Integer> number(String field, int least, int most) {
        JsonNode value = spec.path(field);
        return value.isInt() && value.intValue() >= least && value.intValue() <= most ? Optional.of(value.intValue()) : Optional.empty();
    }

    private Optional<PortRange> ports() {
        Matcher matcher = PORTS.matcher(spec.path("natPortRange").asText());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        int first = Integer.parseInt(matcher.group(1));
        int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
        return first >= 1 && last <= 65535 && first <= last ? Optional.of(new PortRange(first, last)) : Optional.empty();
    }

    private Optional<List<Failsafe>> failsafes(String field) {
        JsonNode list = spec.path(field);
        if (!list.isArray()) {
            return Optional.empty();
        }
        List<Failsafe> failsafes = new ArrayList<>();
        for (JsonNode each : list) {
            Optional<PolicyProtocol> protocol = each.path("protocol").isMissingNode() ? PolicyProtocol.parse("tcp") : PolicyProtocol.parse(each.path("protocol").asText());
            String net = each.path("net").asText();
            Optional<Cidr> block = IpPrefix.parse(net).map(IpPrefix::cidr);
            int port = each.path("port").asInt();
            // A rule that is wider than what was meant would open more: all of the list is passed over.
            if (protocol.filter(PolicyProtocol::hasPorts).isEmpty() || port < 1 || port > 65535 || !net.isEmpty() && block.isEmpty()) {
                return Optional.empty();
            }
            failsafes.add(new Failsafe(protocol.get().number(), block, port));
        }
        return Optional.of(failsafes);
    }

    private static Optional<Boolean> choice(String word, String yes, String no) {
        String lower = word.toLowerCase(Locale.ROOT);
        return lower.equals(yes) ? Optional.of(true) : lower.equals(no) ? Optional.of(false) : Optional.empty();
    }

    private static Optional<ToHost> toHost(String word) {
        return switch (word.toLowerCase(Locale.ROOT)) {
            case "accept" -> Optional.of(ToHost.ACCEPT);
            case "return" -> Optional.of(ToHost.RETURN);
            case "drop" -> Optional.of(ToHost.DROP);
            default -> Optional.empty();
        };
    }

    private static Optional<ServiceLoop> serviceLoop(String word) {
        return switch (word.toLowerCase(Locale.ROOT)) {
            case "drop" -> Optional.of(ServiceLoop.DROP);
            case "reject" -> Optional.of(ServiceLoop.REJECT);
            case "disabled" -> Optional.of(ServiceLoop.DISABLED);
            default -> Optional.empty();
        };
    }

    private static Optional<Integer> rate(String text) {
        Matcher matcher = RATE.matcher(text);
        return matcher.matches() ? Optional.of(Integer.parseInt(matcher.group(1))) : Optional.empty();
    }
}

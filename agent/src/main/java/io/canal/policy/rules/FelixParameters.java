package io.canal.policy.rules;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Problem;
import io.canal.model.calico.PolicyProtocol;
import io.canal.policy.rules.RuleSettings.LogRate;
import io.canal.policy.rules.RuleSettings.ServiceLoop;
import io.canal.policy.rules.RuleSettings.ToHost;
import io.canal.ruleset.Match.WithinRate.Unit;
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

    private static final Pattern RATE = Pattern.compile("([0-9]{1,6})/((?:second|sec|s)?|minute|min|m|hour|h|day|d)");
    private static final Pattern PORTS = Pattern.compile("([0-9]{1,5})(?::([0-9]{1,5}))?");
    private static final int MARK_BITS = 5;

    private final JsonNode spec;
    private final List<Problem> problems = new ArrayList<>();

    private FelixParameters(JsonNode spec) {
        this.spec = spec;
    }

    /**
     * What of it is passed over, since it is not as it must be.
     *
     * @param where the key that it lies under
     */
    public static List<Problem> problems(String where, JsonNode spec) {
        FelixParameters parameters = new FelixParameters(spec);
        parameters.over(RuleSettings.defaults());
        return parameters.problems.stream().map(problem -> new Problem(where, problem.field(), problem.found(), problem.expected())).toList();
    }

    /** {@code before} with what {@code spec} says otherwise. */
    public static RuleSettings over(RuleSettings before, JsonNode spec) {
        return new FelixParameters(spec).over(before);
    }

    private RuleSettings over(RuleSettings before) {
        return new RuleSettings(
                mask(before.markMask()),
                word("iptablesFilterAllowAction", "Accept or Return", word -> choice(word, "accept", "return")).orElse(before.filterAccepts()),
                word("iptablesMangleAllowAction", "Accept or Return", word -> choice(word, "accept", "return")).orElse(before.mangleAccepts()),
                word("iptablesFilterDenyAction", "Drop or Reject", word -> choice(word, "reject", "drop")).orElse(before.rejects()),
                word("defaultEndpointToHostAction", "Drop, Return or Accept", FelixParameters::toHost).orElse(before.endpointToHost()),
                failsafes("failsafeInboundHostPorts").orElse(before.failsafeInbound()),
                failsafes("failsafeOutboundHostPorts").orElse(before.failsafeOutbound()),
                word("logPrefix", "a text", Optional::of).orElse(before.logPrefix()),
                word("logActionRateLimit", "a rate such as 5/second, 5/minute, 5/hour or 5/day", FelixParameters::rate).orElse(before.logRate()),
                number("logActionRateLimitBurst", 1, 10_000).orElse(before.logBurst()),
                flag("disableConntrackInvalidCheck").map(disabled -> !disabled).orElse(before.dropsInvalid()),
                number("vxlanPort", 1, 65535).orElse(before.vxlanPort()),
                flag("allowVXLANPacketsFromWorkloads").orElse(before.vxlanFromWorkloads()),
                flag("allowIPIPPacketsFromWorkloads").orElse(before.ipipFromWorkloads()),
                before.overlayPorts(),
                word("serviceLoopPrevention", "Drop, Reject or Disabled", FelixParameters::serviceLoop).orElse(before.serviceLoop()),
                before.serviceBlocks(),
                natPorts().or(before::natPorts),
                word("natOutgoingAddress", "an IP address", Ip::parse).or(before::natAddress),
                word("natOutgoingExclusions", "IPPoolsOnly or IPPoolsAndHostIPs", word -> choice(word, "ippoolsandhostips", "ippoolsonly")).orElse(before.natSparesHosts()),
                word("floatingIPs", "Enabled or Disabled", word -> choice(word, "enabled", "disabled")).orElse(before.floatingIps()),
                word("workloadSourceSpoofing", "Disabled or Any", word -> choice(word, "any", "disabled")).orElse(before.spoofing()),
                word("chainInsertMode", "insert or append", word -> choice(word, "append", "insert")).orElse(before.behindOthers()));
    }

    private int mask(int before) {
        JsonNode mask = spec.path("nftablesMarkMask").isNumber() ? spec.path("nftablesMarkMask") : spec.path("iptablesMarkMask");
        Optional<Integer> read = mask.isIntegralNumber() && mask.canConvertToLong() && mask.longValue() > 0 && mask.longValue() <= 0xffff_ffffL
                && Long.bitCount(mask.longValue()) >= MARK_BITS ? Optional.of((int) mask.longValue()) : Optional.empty();
        return noted(spec.path("nftablesMarkMask").isNumber() ? "nftablesMarkMask" : "iptablesMarkMask", "a number of at least " + MARK_BITS + " bits", read).orElse(before);
    }

    /** Notes a field that is there and could not be read. */
    private <T> Optional<T> noted(String field, String expected, Optional<T> read) {
        JsonNode value = spec.path(field);
        if (read.isEmpty() && !value.isMissingNode() && !value.isNull()) {
            problems.add(new Problem("", "spec." + field, value.isValueNode() ? value.asText() : value.toString(), expected));
        }
        return read;
    }

    private <T> Optional<T> word(String field, String expected, Function<String, Optional<T>> reading) {
        JsonNode value = spec.path(field);
        // An empty word is none.
        return value.isTextual() && value.textValue().isEmpty() ? Optional.empty()
                : noted(field, expected, value.isTextual() ? reading.apply(value.textValue()) : Optional.empty());
    }

    private Optional<Boolean> flag(String field) {
        JsonNode value = spec.path(field);
        return noted(field, "true or false", value.isBoolean() ? Optional.of(value.booleanValue()) : Optional.empty());
    }

    private Optional<Integer> number(String field, int least, int most) {
        JsonNode value = spec.path(field);
        return noted(field, "a number of " + least + " to " + most,
                value.isInt() && value.intValue() >= least && value.intValue() <= most ? Optional.of(value.intValue()) : Optional.empty());
    }

    private Optional<PortRange> natPorts() {
        return noted("natPortRange", "a range of ports such as 32768:65535", ports());
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
        return noted(field, "a list of {protocol, port, net}; as one of it is not, all of it is passed over", readFailsafes(field));
    }

    private Optional<List<Failsafe>> readFailsafes(String field) {
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

    private static Optional<LogRate> rate(String text) {
        Matcher matcher = RATE.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String unit = matcher.group(2);
        return Optional.of(new LogRate(Integer.parseInt(matcher.group(1)), unit.startsWith("m") ? Unit.MINUTE : unit.startsWith("h") ? Unit.HOUR
                : unit.startsWith("d") ? Unit.DAY : Unit.SECOND));
    }
}

package io.canal.ctl.schema;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as Go reads and prints them: {@code 60s} is {@code 1m0s}. */
final class GoDuration {

    private static final Map<String, Long> UNITS = Map.of(
            "ns", 1L, "us", 1_000L, "\u00b5s", 1_000L, "ms", 1_000_000L, "s", 1_000_000_000L, "m", 60_000_000_000L, "h", 3_600_000_000_000L);
    private static final Pattern PART = Pattern.compile("([0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(ns|us|\u00b5s|ms|s|m|h)");
    private static final long SECOND = 1_000_000_000L;

    private GoDuration() {}

    /** The duration in Go's own form; empty where it is none. */
    static Optional<String> normal(String text) {
        boolean negative = text.startsWith("-");
        String rest = negative || text.startsWith("+") ? text.substring(1) : text;
        if (rest.equals("0")) {
            return Optional.of("0s");
        }
        Matcher part = PART.matcher(rest);
        BigDecimal sum = BigDecimal.ZERO;
        int at = 0;
        while (at < rest.length() && part.find(at) && part.start() == at) {
            Long unit = UNITS.get(part.group(2));
            sum = sum.add(new BigDecimal(part.group(1).endsWith(".") ? part.group(1) + "0" : part.group(1)).multiply(BigDecimal.valueOf(unit == null ? 1 : unit)));
            at = part.end();
        }
        if (at == 0 || at < rest.length() || sum.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            return Optional.empty();
        }
        long nanos = sum.setScale(0, RoundingMode.DOWN).longValueExact();
        return Optional.of((negative && nanos != 0 ? "-" : "") + print(nanos));
    }

    private static String print(long nanos) {
        if (nanos == 0) {
            return "0s";
        }
        if (nanos < SECOND) {
            return nanos < 1_000 ? nanos + "ns" : nanos < 1_000_000 ? decimal(nanos, 1_000) + "\u00b5s" : decimal(nanos, 1_000_000) + "ms";
        }
        long seconds = nanos / SECOND;
        String tail = decimal(nanos - seconds / 60 * 60 * SECOND, SECOND) + "s";
        long minutes = seconds / 60;
        if (minutes == 0) {
            return tail;
        }
        return (minutes >= 60 ? minutes / 60 + "h" : "") + minutes % 60 + "m" + tail;
    }

    private static String decimal(long nanos, long unit) {
        return BigDecimal.valueOf(nanos).divide(BigDecimal.valueOf(unit)).stripTrailingZeros().toPlainString();
    }
}

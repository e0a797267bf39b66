package io.canal.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Durations as Go writes them, {@code 90s}, {@code 2m} or {@code 1m30s}; a number alone is seconds. */
final class Durations implements ITypeConverter<Duration> {

    private static final Pattern SHAPE = Pattern.compile("(?:(\\d{1,6})h)?(?:(\\d{1,6})m)?(?:(\\d{1,6})s?)?");

    @Override
    public Duration convert(String text) {
        Matcher matcher = SHAPE.matcher(text);
        if (text.isEmpty() || !matcher.matches()) {
            throw new TypeConversionException("\"" + text + "\" is no duration such as 90s, 2m or 1m30s");
        }
        return Duration.ofHours(number(matcher, 1)).plusMinutes(number(matcher, 2)).plusSeconds(number(matcher, 3));
    }

    private static long number(Matcher matcher, int group) {
        return matcher.group(group) == null ? 0 : Long.parseLong(matcher.group(group));
    }
}

package io.canal.agent;

import io.canal.config.LogLevel;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** The log: one line a record on standard error, which systemd keeps with time, unit and priority. */
final class Logging {

    // Held, because java.util.logging forgets a logger's level once nobody refers to the logger.
    private static final Logger OURS = Logger.getLogger("io.canal");

    private Logging() {}

    /** Takes over standard error; other libraries are heard from warnings upwards. */
    static void begin() {
        LogManager.getLogManager().reset();
        Logger root = Logger.getLogger("");
        Handler console = new ConsoleHandler();
        console.setLevel(Level.ALL);
        console.setFormatter(new Lines());
        root.addHandler(console);
        root.setLevel(Level.WARNING);
        OURS.setLevel(Level.INFO);
    }

    /** Changes how much of our own is told, at once. */
    static void level(LogLevel level) {
        OURS.setLevel(switch (level) {
            case ERROR -> Level.SEVERE;
            case WARNING -> Level.WARNING;
            case INFO -> Level.INFO;
            case DEBUG -> Level.FINE;
        });
    }

    /** {@code <3>room: message}: the number is syslog's priority, which journald takes off. */
    private static final class Lines extends Formatter {

        @Override
        public String format(LogRecord record) {
            int level = record.getLevel().intValue();
            int priority = level >= Level.SEVERE.intValue() ? 3 : level >= Level.WARNING.intValue() ? 4 : level >= Level.INFO.intValue() ? 6 : 7;
            StringBuilder text = new StringBuilder(128);
            String name = String.valueOf(record.getLoggerName());
            String room = name.startsWith("io.canal.") ? name.substring(9) : name;
            text.append('<').append(priority).append('>').append(room).append(": ").append(formatMessage(record)).append('\n');
            if (record.getThrown() != null) {
                StringWriter trace = new StringWriter();
                record.getThrown().printStackTrace(new PrintWriter(trace));
                trace.toString().lines().forEach(line -> text.append('<').append(priority).append('>').append(line).append('\n'));
            }
            return text.toString();
        }
    }
}

package io.canal.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;

/** Stands before the real iptables-restore of both families, and kills who called it at one of its calls. */
final class FatalIptables {

    private static final String SCRIPT = """
            #!/bin/sh
            here=$(dirname "$0")
            real=/usr/sbin/$(basename "$0")
            call=$(($(cat "$here/calls") + 1))
            echo $call >"$here/calls"
            if [ $call = "$(cat "$here/at")" ]; then
                case $(cat "$here/moment") in
                before)
                    kill -9 $PPID
                    exit 1
                    ;;
                amid)
                    sed /^COMMIT/q | "$real" "$@"
                    kill -9 $PPID
                    exit 1
                    ;;
                after)
                    "$real" "$@"
                    kill -9 $PPID
                    exit 1
                    ;;
                esac
            fi
            exec "$real" "$@"
            """;

    private final Path folder;

    /** When the caller dies: never; before the program has read anything; with the first table of several changed; when it is done. */
    enum Moment {
        NEVER, BEFORE, AMID, AFTER
    }

    FatalIptables(Path parent) throws IOException {
        folder = Files.createDirectory(parent.resolve("fatal"));
        for (String program : List.of("iptables-nft-restore", "ip6tables-nft-restore")) {
            Files.setPosixFilePermissions(Files.writeString(folder.resolve(program), SCRIPT), PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    /** At which of the calls from now on, counted from 1. */
    void killAt(Moment moment, int call) throws IOException {
        Files.writeString(folder.resolve("calls"), "0");
        Files.writeString(folder.resolve("at"), String.valueOf(call));
        Files.writeString(folder.resolve("moment"), moment.name().toLowerCase(Locale.ROOT));
    }

    /** How many calls there were since. */
    int calls() throws IOException {
        return Integer.parseInt(Files.readString(folder.resolve("calls")).strip());
    }

    /** What a program is started with to find these first. */
    List<String> environment() {
        return List.of("env", "PATH=" + folder + ":" + System.getenv("PATH"));
    }
}

package io.canal.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What is asked of the benches.
 *
 * @param names which, in order
 * @param program the packed program's folder
 * @param felix a program of Felix that runs beside canal
 * @param policies how many policies, for benches of policy
 * @param dataplanes by which they are enforced
 */
record Options(List<String> names, Path program, Optional<Path> felix, List<Integer> policies, List<Dataplane> dataplanes) {

    static final String USAGE = "[NAME...] [--with-felix PATH] [--policies NUMBER]... [--dataplane nftables|iptables-nft|iptables-legacy]...";
    private static final List<Integer> SIZES = List.of(10, 1000, 10_000);

    static Options parse(Path program, String[] arguments) {
        List<String> names = new ArrayList<>();
        List<Integer> policies = new ArrayList<>();
        List<Dataplane> dataplanes = new ArrayList<>();
        Optional<Path> felix = Optional.empty();
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--with-felix" -> felix = Optional.of(executable(value(arguments, ++i)));
                case "--policies" -> policies.add(number(value(arguments, ++i)));
                case "--dataplane" -> dataplanes.add(dataplane(value(arguments, ++i)));
                default -> names.add(arguments[i]);
            }
        }
        return new Options(names, program, felix, policies.isEmpty() ? SIZES : policies, dataplanes.isEmpty() ? List.of(Dataplane.values()) : dataplanes);
    }

    private static String value(String[] arguments, int at) {
        if (at >= arguments.length) {
            throw new IllegalArgumentException(arguments[at - 1] + " needs a value");
        }
        return arguments[at];
    }

    private static Path executable(String path) {
        if (!Files.isExecutable(Path.of(path))) {
            throw new IllegalArgumentException("--with-felix is followed by \"" + path + "\", expected the path of a program that can be run");
        }
        return Path.of(path).toAbsolutePath();
    }

    private static int number(String text) {
        if (!text.matches("[1-9]\\d{0,5}")) {
            throw new IllegalArgumentException("--policies is followed by \"" + text + "\", expected a number");
        }
        return Integer.parseInt(text);
    }

    private static Dataplane dataplane(String text) {
        return Stream.of(Dataplane.values()).filter(each -> each.text().equals(text)).findFirst().orElseThrow(() -> new IllegalArgumentException(
                "--dataplane is followed by \"" + text + "\", expected nftables, iptables-nft or iptables-legacy"));
    }
}

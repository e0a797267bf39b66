package io.canal.ctl;

/** How commands are called: what calicoctl prints when one is called in another way. */
final class Usage {

    private static final String FILE_COMMAND = """
            Usage:
              calicoctl %s --filename=<FILENAME> [--recursive] [--skip-empty]
                               [--config=<CONFIG>] [--namespace=<NS>] [--context=<context>] [--allow-version-mismatch]
            """;

    private static final String CREATE = """
            Usage:
              calicoctl create --filename=<FILENAME> [--recursive] [--skip-empty]
                               [--skip-exists] [--config=<CONFIG>] [--namespace=<NS>] [--context=<context>] [--allow-version-mismatch]
            """;

    private static final String GET = """
            Usage:
              calicoctl get ( (<KIND> [<NAME>...]) |
                            --filename=<FILENAME> [--recursive] [--skip-empty] )
                            [--output=<OUTPUT>] [--config=<CONFIG>] [--namespace=<NS>] [--all-namespaces] [--export] [--context=<context>] [--allow-version-mismatch]
            """;

    private static final String DELETE = """
            Usage:
              calicoctl delete ( (<KIND> [<NAME>...]) |
                               --filename=<FILENAME> [--recursive] [--skip-empty] )
                               [--skip-not-exists] [--config=<CONFIG>] [--namespace=<NS>] [--context=<context>] [--allow-version-mismatch]
            """;

    private static final String PATCH = """
            Usage:
              calicoctl patch <KIND> <NAME> --patch=<PATCH> [--type=<TYPE>] [--config=<CONFIG>] [--namespace=<NS>] [--context=<context>] [--allow-version-mismatch]
            """;

    private static final String LABEL = """
            Usage:
              calicoctl label (<KIND> <NAME>
              \t              ( <key>=<value> [--overwrite] |
              \t                <key> --remove )
                              [--config=<CONFIG>] [--namespace=<NS>] [--context=<context>]) [--allow-version-mismatch]
            """;

    private static final String ALL = """
            Usage:
              calicoctl [options] <command> [<args>...]

                create       Create a resource by file, directory or stdin.
                replace      Replace a resource by file, directory or stdin.
                apply        Apply a resource by file, directory or stdin.  This creates a resource
                             if it does not exist, and replaces a resource if it does exists.
                patch        Patch a preexisting resource in place.
                delete       Delete a resource identified by file, directory, stdin or resource type and
                             name.
                get          Get a resource identified by file, directory, stdin or resource type and
                             name.
                label        Add or update labels of resources.
                validate     Validate a resource by file, directory or stdin without applying it.
                version      Display the version of this binary.
                why          Tell whether policy lets one pod connect to another, and why.

            Options:
              -h --help                    Show this screen.
              -l --log-level=<level>       Set the log level (one of panic, fatal, error,
                                           warn, info, debug) [default: panic]
                 --context=<context>       The name of the kubeconfig context to use.
                 --allow-version-mismatch  Allow client and cluster versions mismatch.

            Description:
              The command line for Calico's network policy and its other resources in etcd.

              See 'calicoctl <command> --help' to read about a specific subcommand.

            """;

    private Usage() {}

    static String all() {
        return ALL;
    }

    static String of(String command) {
        return switch (command) {
            case "create" -> CREATE;
            case "get" -> GET;
            case "delete" -> DELETE;
            case "patch" -> PATCH;
            case "label" -> LABEL;
            case "why" -> "Usage:\n  calicoctl why <SOURCE> <DESTINATION>[:<PORT>[/tcp|udp|sctp]] [--config=<CONFIG>] [--allow-version-mismatch]\n\n"
                    + "    SOURCE, DESTINATION   a pod as NAMESPACE/NAME, or an address, an IPv6 one with a port in brackets\n";
            case "version" -> "Usage:\n  calicoctl version [--config=<CONFIG>] [--client]\n";
            default -> FILE_COMMAND.formatted(command);
        };
    }
}

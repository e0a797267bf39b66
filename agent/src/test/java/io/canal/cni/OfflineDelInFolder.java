package io.canal.cni;

import io.canal.model.NodePaths;
import io.canal.model.cni.CniError;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** {@link OfflineDel} with a folder as its root. */
final class OfflineDelInFolder {

    private OfflineDelInFolder() {}

    public static void main(String[] arguments) throws Exception {
        Optional<CniError> error = OfflineDel.run(new NodePaths(Path.of(arguments[0])), System.getenv(), new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
        error.ifPresent(problem -> System.out.print(problem.json()));
        System.out.flush();
        System.exit(error.isPresent() ? 1 : 0);
    }
}

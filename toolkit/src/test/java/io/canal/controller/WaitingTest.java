package io.canal.controller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.controller.testing.ShellCharm;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WaitingTest {

    @TempDir
    Path temp;

    @Test
    void what_is_waited_for_is_told_once_after_some_seconds() throws Exception {
        List<String> told = new CopyOnWriteArrayList<>();
        Watcher watcher = new Watcher() {
            @Override
            public void waiting(String reasons) {
                told.add(reasons);
            }
        };
        // A host that takes the connection and says nothing.
        try (ServerSocket mute = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"));
                Model model = Model.open(temp.resolve("model"), "model", watcher)) {
            model.addMachine(new MachineSpec("m1", "127.0.0.1", mute.getLocalPort(), "root", temp.resolve("key"), temp.resolve("known"), Optional.empty()));
            model.deploy("app", model.charm(ShellCharm.make(temp, "app", "", "true\n").folder()), Map.of(), List.of("m1"));
            model.settle(Duration.ofMillis(6500));
        }
        assertEquals(1, told.size(), told::toString);
        assertTrue(told.getFirst().contains("app/0"), told::toString);
    }
}

package io.canal.cni;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/** One lock for each name, from a fixed number of them; several are taken in one order, so that nobody waits in a circle. */
final class Locks {

    private final ReentrantLock[] stripes = Stream.generate(ReentrantLock::new).limit(256).toArray(ReentrantLock[]::new);

    /** Gives the locks back. */
    interface Held extends AutoCloseable {
        @Override
        void close();
    }

    Held take(String... names) {
        List<ReentrantLock> locks = Stream.of(names).map(name -> Math.floorMod(name.hashCode(), stripes.length)).distinct().sorted()
                .map(index -> stripes[index]).toList();
        locks.forEach(ReentrantLock::lock);
        return () -> locks.reversed().forEach(ReentrantLock::unlock);
    }
}

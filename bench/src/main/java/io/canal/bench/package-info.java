/**
 * Whole-system benches: each starts what a node runs, measures it from outside, and prints JSON with target and yardstick.
 *
 * <p>They use the packed program, so that what is measured is what is shipped, and the namespaces and etcd of the tests.
 */
@NullMarked
package io.canal.bench;

import org.jspecify.annotations.NullMarked;

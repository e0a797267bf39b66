/**
 * The command line for Calico's resources, as calicoctl has it: {@code get}, {@code apply}, {@code create}, {@code replace},
 * {@code patch}, {@code delete}, {@code label}, {@code validate}.
 *
 * <p>Works on any machine that reaches etcd, without the agent. Arguments, environment, configuration file, tables, documents and
 * messages are calicoctl's; where ours differ, docs/differences.md says so. May use {@code model}, {@code store}, {@code policy},
 * {@code config} and {@code text}. What it needs of the world is in {@link io.canal.ctl.Surroundings}, so that all of it can be
 * tested with the in-memory store.
 */
@NullMarked
package io.canal.ctl;

import org.jspecify.annotations.NullMarked;

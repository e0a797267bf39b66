/**
 * What canal's hooks and actions do. {@link Charm} reads like a table: the event, and what follows from it.
 *
 * <p>Desired state here too: nearly every hook leads to {@link Convergence}, which looks at the options, the relations and the
 * running agent, and changes what is not as it should be. A hook never speaks to etcd and never waits, except up to 3 s for the
 * socket of an agent that it started itself. Actions may use {@code check}.
 */
@NullMarked
package io.canal.charm;

import org.jspecify.annotations.NullMarked;

/**
 * The Juju contract: in which context a hook runs, and the hook tools as processes.
 *
 * <p>May use {@code model} and Jackson. Knows nothing of canal: no option, endpoint or path of ours comes in here.
 */
@NullMarked
package io.canal.juju;

import org.jspecify.annotations.NullMarked;

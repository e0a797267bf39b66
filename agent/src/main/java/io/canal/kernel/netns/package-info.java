/**
 * Network namespaces: work done inside one, named ones made and removed.
 *
 * <p>Mechanism only: no domain word. A thread that entered a namespace never comes back: it ends with its work.
 */
@NullMarked
package io.canal.kernel.netns;

import org.jspecify.annotations.NullMarked;

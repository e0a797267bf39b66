/** The command line: options, words and documents as Juju's where Juju has them, and the lab's own. */
@NullMarked
package io.canal.cli;

import org.jspecify.annotations.NullMarked;

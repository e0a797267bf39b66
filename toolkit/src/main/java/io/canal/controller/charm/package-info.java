/**
 * Charms as Juju sees them: the archive with its modes, metadata, manifest, options and actions, and Juju's own rules about
 * them, in Juju's words.
 *
 * <p>Reads and writes files that it is pointed at. Knows nothing of models, units or hosts.
 */
@NullMarked
package io.canal.controller.charm;

import org.jspecify.annotations.NullMarked;

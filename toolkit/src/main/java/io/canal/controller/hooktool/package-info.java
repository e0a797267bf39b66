/**
 * What Juju's hook tools mean: flags, output, exit codes and messages, for one run of a hook.
 *
 * <p>Semantics only: the run's data come through {@link io.canal.controller.hooktool.HookContext}, the caller's files through
 * {@link io.canal.controller.hooktool.CallerFiles}. No socket, no process, no model.
 */
@NullMarked
package io.canal.controller.hooktool;

import org.jspecify.annotations.NullMarked;

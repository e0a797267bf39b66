/**
 * The intermediate form as text for {@code iptables-restore}, with Felix's names and hash tags and flanneld's exact rules, and an
 * interpreter that executes the text.
 *
 * <p>Pure. Rules are spelled as {@code iptables-save} prints them, so that what was written can be compared with what is read.
 */
@NullMarked
package io.canal.ruleset.iptables;

import org.jspecify.annotations.NullMarked;

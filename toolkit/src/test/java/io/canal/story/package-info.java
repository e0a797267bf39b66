/**
 * The whole system as its users meet it: the command line, systemd hosts, real hooks, packets between pods. All tests share one lab,
 * which the first of them brings up.
 */
package io.canal.story;

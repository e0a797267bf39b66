#ifndef CANAL_JUJU_EXEC_H
#define CANAL_JUJU_EXEC_H

/* Where a unit's wish for update-status waits for the next controller: an empty file with the unit's tag as its name. */
#define NUDGES "/var/lib/juju/nudges"

/* Runs as juju-exec. No controller lives on the host, so the one thing that can be done is to pass a nudge on. */
int juju_exec_main(int argc, char **argv);

#endif

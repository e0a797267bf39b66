#ifndef CANAL_NUDGES_H
#define CANAL_NUDGES_H

#include "frame.h"

/* An inotify descriptor for nudges; -1 where the folder cannot be made: then there are none. */
int nudges_watch(void);

/* Hands on what juju-exec has written down. */
void nudges_pass(struct buffer *to_controller);

/* Hands on again what the controller before was told, and did not hear. */
void nudges_pass_again(struct buffer *to_controller);

/* The controller has written the nudge with this name down. */
void nudges_forget(const char *name);

#endif

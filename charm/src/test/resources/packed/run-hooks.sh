#!/bin/sh
# Runs hooks of an unpacked charm as Juju does, in a mount namespace and below a root folder of their own:
# run-hooks.sh ROOT HOOK...   The charm is ROOT/charm, the hook tools are ROOT/tools.
set -eu
root=$1
shift
mount --make-rprivate /
for folder in usr proc dev run etc var tmp; do mkdir -p "$root/$folder"; done
for link in bin sbin lib lib64; do [ ! -e "/$link" ] || ln -sfn "usr/$link" "$root/$link"; done
mount --bind /usr "$root/usr"
mount -o remount,bind,ro "$root/usr"
mount -t proc proc "$root/proc"
for device in null zero urandom; do : >"$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
for hook; do
    chroot "$root" /usr/bin/env -i PATH=/tools:/usr/sbin:/usr/bin LANG=C.UTF-8 JUJU_CHARM_DIR=/charm \
        JUJU_UNIT_NAME=canal/0 JUJU_PRINCIPAL_UNIT=node/0 JUJU_DISPATCH_PATH="$hook" /charm/dispatch </dev/null
done

#!/bin/sh
# One host of a lab, from power-on to power-off. Each boot gets a network namespace of its own, as each boot of a machine gets an
# empty kernel: a reboot loses devices, routes and rules. Ends when the host powers off, or is killed with all that is in its cgroup.
#
#   host.sh MACHINE ROOT SWITCH PORT MAC ADDRESS/LENGTH GATEWAY HOSTNAME IPV6-ADDRESS/LENGTH IPV6-GATEWAY
set -eu
machine=$1 root=$2 switch=$3 port=$4 mac=$5 address=$6 gateway=$7 hostname=$8 address6=$9
shift
gateway6=$9

# systemd-nspawn says with this code that the host wants to boot again.
reboot=133

join() {
    for tree in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
        if [ -e "$tree/cgroup.procs" ]; then
            mkdir -p "$tree/$1"
            echo 0 >"$tree/$1/cgroup.procs"
        fi
    done
}

plug() {
    ip -n "$switch" link del "$port" 2>/dev/null || :
    ip netns del "$machine" 2>/dev/null || :
    ip netns add "$machine"
    ip link add "$port" netns "$switch" type veth peer name eth0 address "$mac" netns "$machine"
    ip -n "$switch" link set "$port" master br0 up
    ip -n "$machine" link set lo up
    ip -n "$machine" address add "$address" dev eth0
    ip -n "$machine" -6 address add "$address6" dev eth0 nodad
    ip -n "$machine" link set eth0 up
    ip -n "$machine" route add default via "$gateway"
    ip -n "$machine" -6 route add default via "$gateway6"
}

boot() {
    # systemd-nspawn divides the cgroup that it is in: it must be alone there.
    join "$machine/host"
    # Without these, /proc/sys is read-only (no ip_forward), and system calls of newer tools are refused.
    export SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes SYSTEMD_SECCOMP=0 SYSTEMD_NSPAWN_LOCK=0
    exec systemd-nspawn --quiet --directory="$root" --machine="$machine" --hostname="$hostname" --keep-unit --register=no \
        --network-namespace-path="/run/netns/$machine" --capability=all --link-journal=no --resolv-conf=off --timezone=off \
        --console=pipe --kill-signal=SIGRTMIN+3 --boot
}

join "$machine"
while :; do
    plug
    code=0
    (boot) </dev/null || code=$?
    [ "$code" = "$reboot" ] || exit "$code"
done

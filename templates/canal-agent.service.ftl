# Written by the charm; changes made here are overwritten. Settings of your own belong into canal-agent.service.d/.
[Unit]
Description=canal node agent: pod network and network policy
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
# Without the folder there is no program either, and that is told below.
WorkingDirectory=-${home}
ExecStart=${home}/runtime/bin/java @java.args -Dcanal.home=${home} io.canal.agent.Main
Restart=always
# Not a few milliseconds: of a pause systemd makes anything up to a quarter of a second, as it wakes up for such things at set times only.
RestartSec=0
# Where the program cannot be run (2xx), or Java does not start, is told nonsense (1 and 2), has too little memory (3) or dies by itself, it
# would be so again at once. Any other end is restarted from at once, however often. A stop meanwhile is a stop: it waits for the end of the pause, which must be shorter than
# TimeoutStopSec.
ExecStopPost=/bin/sh -c 'case $$EXIT_STATUS in 2??) exec sleep 5;; 1|2|3|SEGV|BUS|ABRT|ILL) exec sleep 1;; esac'
TimeoutStartSec=90
TimeoutStopSec=10
SuccessExitStatus=143
RuntimeDirectory=canal
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
UMask=0022
LimitNOFILE=65536
# As many malloc pools as threads that work at once; more of them only hold memory.
Environment=MALLOC_ARENA_MAX=2
OOMScoreAdjust=-900

[Install]
WantedBy=multi-user.target
Alias=flannel.service
Alias=calico-node.service

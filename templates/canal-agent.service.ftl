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
RestartSec=10ms
# No program to run (203): 10 ms later there is none either. Any other end is restarted from at once, however often. A stop meanwhile
# is a stop: it waits for the end of the pause, which must be shorter than TimeoutStopSec.
ExecStopPost=/bin/sh -c 'test "$$EXIT_STATUS" != 203 || exec sleep 5'
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

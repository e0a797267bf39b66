# Written by the charm; changes made here are overwritten. Settings of your own belong into canal-agent.service.d/.
[Unit]
Description=canal node agent: pod network and network policy
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
WorkingDirectory=${home}
ExecStart=${home}/runtime/bin/java @java.args -Dcanal.home=${home} io.canal.agent.Main
Restart=always
RestartSec=10ms
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

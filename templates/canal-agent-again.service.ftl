# Written by the charm. Tries the agent again, in a while, where its program could not be run at all.
[Unit]
Description=canal node agent: another try in a while

[Service]
Type=simple
ExecStart=/bin/sleep 10
ExecStopPost=/bin/systemctl --no-block start canal-agent.service

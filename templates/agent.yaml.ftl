# Written by the charm; changes made here are overwritten. Options are set with: juju config canal
unit: ${unit}
nodename: ${nodename}
etcd:
  endpoints:
<#list endpoints as endpoint>
    - ${endpoint}
</#list>
  ca: ${ca}
  cert: ${cert}
  key: ${key}
  prefix: ${prefix}
iface: ${iface}
public-ip: ${public_ip}
mtu: ${mtu}
dataplane: ${dataplane}
tx-checksum: ${tx_checksum}
lease-ttl: ${lease_ttl}s
log-level: ${log_level}
listen: ${listen}
kubeconfig: ${kubeconfig}
charm-dir: ${charm_dir}
policy:
  endpoint-to-host: ${endpoint_to_host}
  failsafe-inbound: ${failsafe_inbound}
  failsafe-outbound: ${failsafe_outbound}
  ignore-loose-rpf: ${ignore_loose_rpf}
  log-prefix: ${log_prefix}

<#-- /etc/cni/net.d/10-canal.conflist: how a container runtime calls canal. All values are JSON-escaped by the program. -->
{
  "name": ${name},
  "cniVersion": ${cniVersion},
  "cniVersions": [<#list cniVersions as version>${version}<#sep>, </#list>],
  "plugins": [
    {
      "type": "calico",
      "nodename": ${nodename},
      "mtu": ${mtu},
      "datastore_type": "etcdv3",
      "etcd_endpoints": ${etcdEndpoints},
<#if etcdKey??>
      "etcd_key_file": ${etcdKey},
      "etcd_cert_file": ${etcdCert},
</#if>
<#if etcdCa??>
      "etcd_ca_cert_file": ${etcdCa},
</#if>
      "log_level": ${logLevel},
      "ipam": {
        "type": "host-local",
<#if subnets?size == 1>
        "subnet": ${subnets[0]}
<#else>
        "ranges": [<#list subnets as subnet>[{"subnet": ${subnet}}]<#sep>, </#list>]
</#if>
      },
<#if kubeconfig??>
      "kubernetes": {
        "kubeconfig": ${kubeconfig}
      },
</#if>
      "policy": {
        "type": "k8s"
      }
    }<#if portmap>,
    {
      "type": "portmap",
      "capabilities": {
        "portMappings": true
      },
      "snat": true
    }</#if><#if bandwidth>,
    {
      "type": "bandwidth",
      "capabilities": {
        "bandwidth": true
      }
    }</#if>
  ]
}

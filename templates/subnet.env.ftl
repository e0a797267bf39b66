<#-- /run/flannel/subnet.env: what flannel's own consumers read. Order and names are flannel's. -->
<#if v4??>
FLANNEL_NETWORK=${v4.network}
FLANNEL_SUBNET=${v4.subnet}
</#if>
<#if v6??>
FLANNEL_IPV6_NETWORK=${v6.network}
FLANNEL_IPV6_SUBNET=${v6.subnet}
</#if>
FLANNEL_MTU=${mtu}
FLANNEL_IPMASQ=${ipMasq}

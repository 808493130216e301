"""A laboratory of network namespaces in which the real programs carry real packets.

namespace   namespaces, links, processes and their removal, whatever happens
accounts    users and groups that only some programs see
topology    the fleet: two internets, PoPs, hosts, NAT
sshd        a real OpenSSH server for a PoP
daemon      sixxsd and its control port
stand_in    servers that lie in a daemon's place, or cut a push
client      sixxs-client
central     sixxs-central
beats       AYIYA datagrams and heartbeats, written from the specification alone
packets     crafting and receiving single packets
bulk        packets by the thousand, and packets that stand for several
local_user  a program that means no good to a control port
flood       a program that sends as fast as it can
refusing    a program's kernel refuses offloads, as an older one would
ends        far ends of tunnels of every kind, made of single packets
capture     tcpdump, and tshark's opinion of what it caught
traffic     ping and iperf3
prometheus  a real Prometheus, and what our dashboards ask it
browser     a real Chromium opens pages and says what is wrong with them
figures     what benchmarks put into a document
"""

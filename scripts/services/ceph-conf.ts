/** Where the OSD has its objects: in memory, gone with the process, or in a file that outlives it and grows as it is filled. */
export type CephObjects = 'memory' | 'file'

export type CephPlan = {
  folder: string
  clusterId: string
  monitorPort: number
  s3Port: number
  objects: CephObjects
}

const STORE_BYTES = 4 * 1024 ** 3

const OBJECT_STORES: Record<CephObjects, string> = {
  memory: `osd objectstore = memstore
memstore device bytes = ${STORE_BYTES}`,
  file: `osd objectstore = bluestore
bluestore block size = ${STORE_BYTES}
osd memory target = 1073741824`,
}

/** One monitor, one OSD and one gateway, on loopback only, impatient in everything. */
export function cephConf({ folder, clusterId, monitorPort, s3Port, objects }: CephPlan): string {
  return `[global]
fsid = ${clusterId}
mon host = v2:127.0.0.1:${monitorPort}
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind msgr1 = false
auth allow insecure global id reclaim = false
keyring = ${folder}/keyring
run dir = ${folder}/run
crash dir = ${folder}/run
admin socket =
setuser =
setgroup =
log file = ${folder}/log/$name.log
mon cluster log file = ${folder}/log/cluster.log
log to stderr = false
err to stderr = true
debug rgw = 1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd crush update on start = false
osd class update on start = false
mon allow pool size one = true
mon max pg per osd = 2000
mon data avail crit = 1
mon data avail warn = 1
mon data = ${folder}/mon
osd data = ${folder}/osd
osd journal = ${folder}/osd/journal
${OBJECT_STORES[objects]}
osd max scrubs = 0
paxos propose interval = 0.05
paxos min wait = 0.01
[mon.a]
mon addr = v2:127.0.0.1:${monitorPort}
[client.rgw]
rgw data = ${folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:${s3Port} tcp_nodelay=1
rgw thread pool size = 256
rgw rados pool pg num min = 1
rgw override bucket index max shards = 1
rgw dynamic resharding = false
`
}

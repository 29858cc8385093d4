import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { type CephObjects, cephConf } from './ceph-conf.ts'
import { run, startDaemon } from './daemon.ts'
import { makeBucket, S3_CREDENTIALS } from './s3-bucket.ts'
import type { Environment, Service } from './service.ts'

/** Every key at once: the monitor takes them over when its store is made, so that nobody has to ask it for one. */
const KEYS: readonly [name: string, ...caps: [server: string, right: string][]][] = [
  ['mon.', ['mon', 'allow *']],
  ['client.admin', ['mon', 'allow *'], ['osd', 'allow *'], ['mgr', 'allow *']],
  ['osd.0', ['mon', 'allow profile osd'], ['osd', 'allow *'], ['mgr', 'allow profile osd']],
  ['client.rgw', ['mon', 'allow rw'], ['osd', 'allow rwx'], ['mgr', 'allow rw']],
]

/** Ceph's S3 gateway: a real S3 server, which checks signatures. A cluster of one, empty at each start. */
export const ceph = cephOf('memory')

/** The same, slower, whose processes may be killed and started again without losing an object. */
export const durableCeph = cephOf('file')

function cephOf(objects: CephObjects): Service {
  return {
    name: 'ceph',
    packages: ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph-common'],
    programs: ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'ceph-authtool', 'monmaptool', 'ceph'],
    start: (folder, onProcess) => startCeph(folder, onProcess, objects),
  }
}

async function startCeph(
  folder: string,
  onProcess: (pid: number) => void,
  objects: CephObjects,
): Promise<Environment> {
  const [monitorPort, s3Port] = [await freePort(), await freePort()]
  const conf = ['-c', join(folder, 'ceph.conf')]
  const keyring = join(folder, 'keyring')
  const clusterId = randomUUID()
  const daemon = (program: string, id: readonly string[]) =>
    onProcess(startDaemon(program, [...conf, ...id, '-f'], join(folder, 'log', `${program}.out`)))

  for (const name of ['mon', 'osd', 'rgw', 'log', 'run']) await mkdir(join(folder, name))
  await writeFile(join(folder, 'ceph.conf'), cephConf({ folder, monitorPort, s3Port, clusterId, objects }))
  await writeFile(keyring, '', { mode: 0o600 })
  for (const [name, ...caps] of KEYS) {
    const rights = caps.flatMap(([server, right]) => ['--cap', server, right])
    await run('ceph-authtool', [keyring, '--gen-key', '-n', name, ...rights])
  }

  const map = join(folder, 'monmap')
  await run('monmaptool', [
    '--create',
    '--fsid',
    clusterId,
    '--addv',
    'a',
    `[v2:127.0.0.1:${monitorPort}]`,
    map,
  ])
  await run('ceph-mon', [...conf, '-i', 'a', '--mkfs', '--monmap', map, '--keyring', keyring])
  daemon('ceph-mon', ['-i', 'a'])

  const osdId = randomUUID()
  await run('ceph', [...conf, '--connect-timeout', '25', 'osd', 'new', osdId, '0'])
  await Promise.all([
    run('ceph', [...conf, 'osd', 'crush', 'add', 'osd.0', '1', 'root=default', 'host=localhost']),
    run('ceph-osd', [...conf, '-i', '0', '--mkfs', '--osd-uuid', osdId]),
  ])
  daemon('ceph-osd', ['-i', '0'])

  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = S3_CREDENTIALS
  // The first call makes the zone and its pools, and waits for the OSD by itself.
  const user = ['--uid=darkroom', '--display-name=Darkroom', `--access-key=${AWS_ACCESS_KEY_ID}`]
  await run('radosgw-admin', [
    ...conf,
    '-n',
    'client.rgw',
    'user',
    'create',
    ...user,
    `--secret=${AWS_SECRET_ACCESS_KEY}`,
  ])
  daemon('radosgw', ['-n', 'client.rgw'])

  return await makeBucket(`http://127.0.0.1:${s3Port}`)
}

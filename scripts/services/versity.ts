import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { startDaemon } from './daemon.ts'
import { makeBucket, S3_CREDENTIALS } from './s3-bucket.ts'
import type { Service } from './service.ts'

/** Versity's gateway before a folder: an S3 server of another make than Ceph's, with another reading of the protocol. */
export const versity: Service = {
  name: 'versity',
  packages: [],
  goModule: 'github.com/versity/versitygw/cmd/versitygw@v1.8.0',
  programs: ['versitygw'],

  async start(folder, onProcess) {
    const port = await freePort()
    const objects = join(folder, 'objects')
    await mkdir(objects)
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = S3_CREDENTIALS
    const keys = ['--access', AWS_ACCESS_KEY_ID, '--secret', AWS_SECRET_ACCESS_KEY]
    const args = [...keys, '--quiet', '--keep-alive', '--port', `127.0.0.1:${port}`, 'posix', objects]
    onProcess(startDaemon('versitygw', args, join(folder, 'versitygw.log')))
    return await makeBucket(`http://127.0.0.1:${port}`)
  },
}

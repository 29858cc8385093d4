import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { S3Client } from '@aws-sdk/client-s3'
import type { S3Bucket } from '../config/s3-url.ts'

const MAX_CONNECT_MS = 3_000

/** Of each request, the first included. */
export const MAX_ATTEMPTS = 3

/**
 * More sockets than one process has requests at once: one that waits for a free one is soon taken for one
 * that can't connect. Agents of our own, because the client's own is put aside for bodies past 2 MiB.
 */
const AGENT = { keepAlive: true, maxSockets: 1_000 }

/** Its errors are thrown to us, which is where they are told. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/**
 * Credentials, and a region that is not configured, come from the SDK's own chain. A request is given up when no
 * byte moves for `timeoutMs`, or when no answer has begun by then, which who sends an object prolongs: the client
 * by itself would wait for ever.
 */
export function createS3Client(config: S3Bucket): S3Client {
  return new S3Client({
    ...(config.region && { region: config.region }),
    ...(config.endpoint && { endpoint: config.endpoint }),
    forcePathStyle: config.pathStyle,
    requestChecksumCalculation: config.checksums,
    // The stream that would check a body keeps the connection when it is left unread; TLS guards the way.
    responseChecksumValidation: 'WHEN_REQUIRED',
    // It costs a round trip per object, and the handler does not wait for it with an agent of ours.
    expectContinueHeader: false,
    retryMode: 'standard',
    maxAttempts: MAX_ATTEMPTS,
    logger: SILENT,
    requestHandler: {
      connectionTimeout: Math.min(config.timeoutMs, MAX_CONNECT_MS),
      socketTimeout: config.timeoutMs,
      requestTimeout: config.timeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent(AGENT),
      httpsAgent: new HttpsAgent(AGENT),
    },
  })
}

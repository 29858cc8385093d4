import type { Complain } from './readers.ts'

/** A bucket, and how to talk to the server that has it. */
export type S3Bucket = {
  bucket: string
  /** null leaves it to the SDK's own chain. */
  region: string | null
  /** null is AWS. */
  endpoint: string | null
  /** Where clients reach it who put photos there themselves; null when that is the same. */
  publicEndpoint: string | null
  /** The bucket in the path of URLs instead of their host. */
  pathStyle: boolean
  checksums: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED'
  /** A request is given up when nothing moves for so long. */
  timeoutMs: number
}

const PARAMETERS = ['region', 'endpoint', 'public-endpoint', 'path-style', 'checksums', 'timeout']
const DEFAULT_TIMEOUT_S = '5'

/**
 * `s3://bucket?region=…&endpoint=…&public-endpoint=…&path-style=true|false&checksums=supported|required&timeout=SECONDS`, every
 * parameter optional. Tells each mistake to `complain`.
 */
export function readS3Url(text: string, complain: Complain): S3Bucket {
  const url = URL.parse(text)
  const parameters = url?.searchParams ?? new URLSearchParams()
  const endpoint = parameters.get('endpoint')
  const publicEndpoint = parameters.get('public-endpoint')
  const pathStyle = parameters.get('path-style') ?? String(endpoint !== null)
  const checksums = parameters.get('checksums') ?? 'supported'
  const timeout = Number(parameters.get('timeout') ?? DEFAULT_TIMEOUT_S)

  if (url?.protocol !== 's3:' || !url.hostname)
    complain('must name a bucket, such as s3://photos?region=eu-west-1')
  else if (url.username || url.password) {
    complain(
      'must hold no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile or role',
    )
  } else if (url.port || url.pathname.length > 1) complain('must name a bucket and no folder in it')
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) complain(`knows ${PARAMETERS.join(', ')}, not "${name}"`)
  }
  for (const each of [endpoint, publicEndpoint]) {
    if (each !== null && !/^https?:$/.test(URL.parse(each)?.protocol ?? ''))
      complain(`has an endpoint "${each}" that is no URL, such as https://s3.example.com`)
  }
  if (!['true', 'false'].includes(pathStyle)) complain('must have path-style=true or path-style=false')
  if (!['supported', 'required'].includes(checksums))
    complain('must have checksums=supported or checksums=required')
  if (!(timeout >= 0.1 && timeout <= 300)) complain('must have a timeout of 0.1 to 300 seconds')
  return {
    bucket: url?.hostname ?? '',
    // What is not AWS mostly ignores the region, but it must be signed for one.
    region: parameters.get('region') || (endpoint === null ? null : 'us-east-1'),
    endpoint,
    publicEndpoint,
    pathStyle: pathStyle === 'true',
    checksums: checksums === 'required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED',
    timeoutMs: timeout * 1000,
  }
}

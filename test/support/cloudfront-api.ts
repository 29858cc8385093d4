import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { CloudFront } from '../../src/delivery/cloudfront.ts'

export type Invalidation = { id: string; reference: string; paths: string[] }

/** What a request is answered with instead of an invalidation. */
export type ApiError = { status: number; code: string; message?: string }

export type CloudFrontApi = AsyncDisposable & {
  url: string
  distributionId: string
  /** Those that were created, oldest first. */
  invalidations: Invalidation[]
  /** Every request's batch, whatever came of it. */
  batches: string[][]
  /** A client of this server. */
  connect(distributionId?: string): CloudFront
}

export type CloudFrontApiOptions = {
  /** The header from which the distribution reads cache tags; false when it reads none, or when nobody may look. */
  cacheTagHeader?: string | false | 'forbidden'
  /** Asked before each batch is looked at. `cut` creates the invalidation and breaks the connection. */
  answer?: (paths: readonly string[], request: number) => ApiError | 'cut' | null
}

const NAMESPACE = 'http://cloudfront.amazonaws.com/doc/2020-05-31/'
const TARGET = /^\/2020-05-31\/distribution\/(?<distribution>\w+)\/(?<what>invalidation|config)$/

/**
 * A server that speaks CreateInvalidation and GetDistributionConfig of the API of 2020-05-31, in its XML: a caller
 * reference that comes again with the same paths is the same invalidation, with other paths an error.
 */
export async function startCloudFrontApi({
  cacheTagHeader = 'x-amz-meta-cache-tag',
  answer = () => null,
}: CloudFrontApiOptions = {}): Promise<CloudFrontApi> {
  const distributionId = 'EDFDVBD6EXAMPLE'
  const invalidations: Invalidation[] = []
  const batches: string[][] = []

  const create = (body: string): Invalidation | ApiError => {
    const reference = valuesOf(body, 'CallerReference')[0] ?? ''
    const paths = valuesOf(body, 'Path')
    if (Number(valuesOf(body, 'Quantity')[0]) !== paths.length) {
      return { status: 400, code: 'InconsistentQuantities' }
    }
    const earlier = invalidations.find((invalidation) => invalidation.reference === reference)
    if (earlier && earlier.paths.join() !== paths.join()) {
      return { status: 400, code: 'InvalidationBatchAlreadyExists' }
    }
    if (earlier) return earlier
    const created = { id: `I${invalidations.length + 1}EXAMPLE`, reference, paths }
    invalidations.push(created)
    return created
  }

  const respond = (
    target: string,
    authorization: string,
    body: string,
  ): Invalidation | ApiError | 'config' | 'cut' => {
    if (!/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/cloudfront\//.test(authorization)) {
      return { status: 403, code: 'MissingAuthenticationToken' }
    }
    const { distribution, what } = TARGET.exec(target)?.groups ?? {}
    if (distribution !== distributionId) return { status: 404, code: 'NoSuchDistribution' }
    if (what === 'config')
      return cacheTagHeader === 'forbidden' ? { status: 403, code: 'AccessDenied' } : 'config'
    const paths = valuesOf(body, 'Path')
    batches.push(paths)
    const instead = answer(paths, batches.length)
    if (instead !== 'cut') return instead ?? create(body)
    create(body)
    return 'cut'
  }

  const server = createServer(async (request, reply) => {
    const body = await text(request)
    const response = respond(request.url ?? '', request.headers.authorization ?? '', body)
    if (response === 'cut') {
      request.socket.destroy()
      return
    }
    const [status, xml] =
      response === 'config'
        ? [200, configXml(cacheTagHeader)]
        : 'code' in response
          ? [response.status, errorXml(response)]
          : [201, createdXml(response)]
    reply.writeHead(status, { 'content-type': 'text/xml' }).end(`<?xml version="1.0"?>${xml}`)
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    distributionId,
    invalidations,
    batches,
    connect: (id = distributionId) =>
      new CloudFront(id, {
        endpoint: url,
        credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
      }),
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function valuesOf(xml: string, element: string): string[] {
  return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(([, value = '']) => value)
}

function createdXml({ id, reference, paths }: Invalidation): string {
  const items = paths.map((path) => `<Path>${path}</Path>`).join('')
  return `<Invalidation xmlns="${NAMESPACE}"><Id>${id}</Id><Status>InProgress</Status><CreateTime>2026-11-21T08:00:00Z</CreateTime><InvalidationBatch><Paths><Quantity>${paths.length}</Quantity><Items>${items}</Items></Paths><CallerReference>${reference}</CallerReference></InvalidationBatch></Invalidation>`
}

/** Of all that a distribution's configuration says, what we ask for. */
function configXml(cacheTagHeader: string | false): string {
  const tags = cacheTagHeader && `<CacheTagConfig><HeaderName>${cacheTagHeader}</HeaderName></CacheTagConfig>`
  return `<DistributionConfig xmlns="${NAMESPACE}"><Enabled>true</Enabled>${tags || ''}</DistributionConfig>`
}

function errorXml({ code, message = code }: ApiError): string {
  return `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>c7a1e9d2</RequestId></ErrorResponse>`
}

import type { Api, Ask } from './api.ts'
import { Problem } from './problem.ts'
import { Runs } from './runs.ts'
import type { FailedJobs, Filter, Jobs, Readiness, RetriedJobs, Stats } from './types.ts'

type Asked = Pick<Ask, 'signal' | 'retryMs'>

/** What an operator may, whose token has the role `operator`. Every method throws Problem. */
export class Operator {
  readonly #api: Api
  readonly runs: Runs

  constructor(api: Api) {
    this.#api = api
    this.runs = new Runs(api)
  }

  /** Keeps a look for everybody: the bytes of a `.cube` file, under a name of small letters, digits and hyphens. */
  async keepFilter(name: string, cube: Uint8Array<ArrayBuffer>): Promise<Filter> {
    const headers = { 'content-type': 'text/plain' }
    return await this.#api.json(`/v1/filters/${name}`, { method: 'PUT', body: cube, headers })
  }

  /** What waits, runs and failed. */
  async jobs(options: Asked = {}): Promise<Jobs> {
    return await this.#api.json('/v1/jobs', options)
  }

  /**
   * Those that failed for good, the last first, and how many by code; more with the `next` of a page as `after`. Of one code's a page may
   * have none though it has a `next`.
   */
  async failedJobs({
    code,
    after,
    limit,
    ...options
  }: Asked & { code?: string; after?: string; limit?: number } = {}): Promise<FailedJobs> {
    return await this.#api.json('/v1/jobs/failed', { query: { code, after, limit }, ...options })
  }

  /** Enqueues again the failed jobs of a photo, or those that had failed by then, all or what failed with the code: some, while it `hasMore`. */
  async retryJobs(chosen: { code?: string } & ({ photo: string } | { until: string })): Promise<RetriedJobs> {
    return await this.#api.json('/v1/jobs/retry', { method: 'POST', body: chosen })
  }

  /** How much is stored, and how long photos took of late. */
  async stats(options: Asked = {}): Promise<Stats> {
    return await this.#api.json('/v1/stats', options)
  }

  /** Which engines answer, as load balancers are told: also while the server can take no work. */
  async readiness(options: Asked = {}): Promise<Readiness> {
    const told = await this.#api.json<Readiness | object>('/readyz', { taken: 503, ...options })
    if ('engines' in told) return told
    throw new Problem({ status: 503, code: 'unavailable', message: 'The server is being stopped.' })
  }

  /** Photos that have the look stay as they are. */
  async removeFilter(name: string): Promise<void> {
    await this.#api.ask(`/v1/filters/${name}`, { method: 'DELETE' })
  }
}

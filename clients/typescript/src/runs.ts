import type { Api, Ask } from './api.ts'
import type {
  ReprocessWish,
  Run,
  RunCount,
  RunDetail,
  RunFailures,
  Runs as RunPage,
  RunPairs,
  RunWish,
} from './types.ts'

/** The version of a run that you have seen: who changes it after that makes your request a Problem, `run_changed`. */
export type SeenRun = Pick<Run, 'id' | 'version'>

type Page = Pick<Ask, 'signal'> & { limit?: number }

/** What acts on many photos, for a token with the role `operator`. Every method throws Problem. */
export class Runs {
  readonly #api: Api

  constructor(api: Api) {
    this.#api = api
  }

  /** The newest, and those that recur; older ones with the `next` of a page as `before`. */
  async list({ before, limit, signal }: Page & { before?: string } = {}): Promise<RunPage> {
    return await this.#api.json('/v1/runs', { query: { before, limit }, signal })
  }

  /** One, with what failed, what it was thought to take, and what it took. */
  async find(id: number, options: Pick<Ask, 'signal' | 'retryMs'> = {}): Promise<RunDetail> {
    return await this.#api.json(`/v1/runs/${id}`, options)
  }

  /** How many photos a run would act on; of very many at least so many, which are counted within some seconds. */
  async count(wish: ReprocessWish, options: Pick<Ask, 'signal'> = {}): Promise<RunCount> {
    return await this.#api.json('/v1/runs/count', { method: 'POST', body: wish, ...options })
  }

  /** Begins to make photos anew, or a dry run of that: once for a key, however often it is asked. */
  async begin(wish: RunWish, { key }: { key: string }): Promise<Run> {
    const headers = { 'idempotency-key': key }
    return await this.#api.json('/v1/runs', { method: 'POST', body: wish, headers })
  }

  /** Nothing new of it is begun; what is in flight ends. */
  async pause(run: SeenRun): Promise<Run> {
    return await this.#post(run, 'pause')
  }

  async resume(run: SeenRun): Promise<Run> {
    return await this.#post(run, 'resume')
  }

  /** For ever; what is done stays done. */
  async cancel(run: SeenRun): Promise<Run> {
    return await this.#post(run, 'cancel')
  }

  /** Within seconds servers keep to it; null is what live traffic leaves, and what is not named stays. */
  async changePace(
    { id, version }: SeenRun,
    pace: { rate?: number | null; share?: number | null },
  ): Promise<Run> {
    return await this.#api.json(`/v1/runs/${id}`, { method: 'PATCH', body: { version, pace } })
  }

  /** Begins a run that shows again what this one put aside. */
  async rollback(run: SeenRun): Promise<Run> {
    return await this.#post(run, 'rollback')
  }

  /** Begins a run that lets go what this one put aside. */
  async finish(run: SeenRun): Promise<Run> {
    return await this.#post(run, 'finish')
  }

  /** Begins a run that reads back what this one shows. */
  async verify(run: SeenRun): Promise<Run> {
    return await this.#post(run, 'verify')
  }

  /** Begins a run of what failed in this one, all or with a code. */
  async retry(run: SeenRun, code?: string): Promise<Run> {
    return await this.#post(run, 'retry', code === undefined ? {} : { code })
  }

  /** What failed, with the photos; more with the `next` of a page as `after`. */
  async failures(
    id: number,
    { code, after, limit, signal }: Page & { code?: string; after?: string } = {},
  ): Promise<RunFailures> {
    return await this.#api.json(`/v1/runs/${id}/failures`, { query: { code, after, limit }, signal })
  }

  /** What it shows beside what was shown before, what differs most first; more with the `next` of a page as `after`. */
  async pairs(id: number, { after, limit, signal }: Page & { after?: string } = {}): Promise<RunPairs> {
    return await this.#api.json(`/v1/runs/${id}/pairs`, { query: { after, limit }, signal })
  }

  async #post({ id, version }: SeenRun, act: string, more: object = {}): Promise<Run> {
    return await this.#api.json(`/v1/runs/${id}/${act}`, { method: 'POST', body: { version, ...more } })
  }
}

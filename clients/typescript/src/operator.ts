import type { Api } from './api.ts'
import type { Filter } from './types.ts'

/** What an operator may, whose token has the role `operator`. Every method throws Problem. */
export class Operator {
  readonly #api: Api

  constructor(api: Api) {
    this.#api = api
  }

  /** Keeps a look for everybody: the bytes of a `.cube` file, under a name of small letters, digits and hyphens. */
  async keepFilter(name: string, cube: Uint8Array<ArrayBuffer>): Promise<Filter> {
    const headers = { 'content-type': 'text/plain' }
    return await this.#api.json(`/v1/filters/${name}`, { method: 'PUT', body: cube, headers })
  }

  /** Photos that have the look stay as they are. */
  async removeFilter(name: string): Promise<void> {
    await this.#api.ask(`/v1/filters/${name}`, { method: 'DELETE' })
  }
}

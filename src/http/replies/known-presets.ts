import type { FastifyInstance } from 'fastify'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Preset } from '../../photo/presets.ts'
import { InvalidFieldError } from '../errors.ts'
import type { RenditionWishes } from '../schemas/rendition-wishes.ts'

type Dependencies = { presets: readonly Preset[]; catalog: Pick<Catalog, 'installation'> }

/**
 * `presets=` with a name that no preset ever had is refused. One that an operator has taken out is not: photos keep its
 * renditions until they are made anew, and apps go on asking for it.
 */
export function refuseUnknownPresets(app: FastifyInstance, { presets, catalog }: Dependencies): void {
  const names = presets.map(({ name }) => name)
  const known = new Set<string>(names)
  app.addHook('preHandler', async ({ query }) => {
    const { presets: asked = [] } = query as RenditionWishes
    if (asked.every((name) => known.has(name))) return
    for (const name of await catalog.installation.presets()) known.add(name)
    const unknown = asked.find((name) => !known.has(name))
    if (unknown === undefined) return
    throw new InvalidFieldError(
      `"presets" has "${unknown}", which is no preset. There are ${names.join(', ')}.`,
    )
  })
}

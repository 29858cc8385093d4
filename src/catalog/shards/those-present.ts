import { EngineUnavailableError } from '../../errors.ts'

/** The rows of the databases that answer. Throws what is no unavailability, and EngineUnavailableError when none answers. */
export async function rowsOfThosePresent<Row>(answers: readonly Promise<Row[]>[]): Promise<Row[]> {
  const settled = await Promise.allSettled(answers)
  const present = settled.filter((answer) => answer.status === 'fulfilled')
  const errors = settled.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []))
  const fault = errors.find((error) => !(error instanceof EngineUnavailableError))
  if (fault !== undefined || present.length === 0) throw fault ?? errors[0]
  return present.flatMap(({ value }) => value)
}

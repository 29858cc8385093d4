/** Between two questions. */
const LEAST_MS = 2_000
/** What takes long is asked for so much more seldom: it takes a twentieth of one connection at most, however many look. */
const TIMES = 20

/**
 * Shares one answer, that counts over much, among all who look at it: it is asked for anew when it is old. `isNew` asks for one of
 * now. A failure is shared by those who wait for it alone.
 */
export function seldom<Answer>(
  ask: () => Promise<Answer>,
): (options?: { isNew?: boolean }) => Promise<Answer & { asOf: string }> {
  let kept: { answer: Answer & { asOf: string }; until: number } | null = null
  let asking: Promise<Answer & { asOf: string }> | null = null

  async function askAnew() {
    const asOf = new Date().toISOString()
    const startedAt = performance.now()
    const answer = { ...(await ask()), asOf }
    const now = performance.now()
    kept = { answer, until: now + Math.max(LEAST_MS, TIMES * (now - startedAt)) }
    return answer
  }

  return async ({ isNew = false } = {}) => {
    if (!isNew && kept && performance.now() < kept.until) return kept.answer
    if (isNew) await asking?.catch(() => {})
    asking ??= askAnew().finally(() => {
      asking = null
    })
    return await asking
  }
}

/**
 * Why a request came to nothing. What the server says has its status and its stable `code`; where nobody answered the
 * status is 0 and the code `unreachable`.
 */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  /** Whether waiting may help: the connection broke, the server is busy, or too much was asked of it at once. */
  readonly isPassing: boolean
  /** For so long, if the server says so. */
  readonly retryAfterMs: number | null

  constructor({ status, code, message, retryAfterMs = null }: ProblemFacts, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'Problem'
    this.status = status
    this.code = code
    this.retryAfterMs = retryAfterMs
    this.isPassing = PASSING.has(status) || (status === 409 && retryAfterMs !== null)
  }
}

type ProblemFacts = { status: number; code: string; message: string; retryAfterMs?: number | null }

/** No answer, a request that was too slow, one too many, and what goes wrong at the server. */
const PASSING: ReadonlySet<number> = new Set([0, 408, 425, 429, 500, 502, 503, 504])

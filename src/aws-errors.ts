/** How connections fail, by the code of the system call or of Node's HTTP parser. */
const NETWORK =
  /^(E(CONN(REFUSED|RESET|ABORTED)|PIPE|TIMEDOUT|AI_\w+|NOTFOUND|HOSTUNREACH|NETUNREACH)|HPE_\w+)$/
const TRANSIENT =
  /^(TimeoutError|SlowDown|Throttling\w*|RequestTimeout|ConditionalRequestConflict|OperationAborted)$/

/** What AWS and its SDK call an error; empty when it is none. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

/** The status of the reply that an error came in; 0 when there was no reply. */
export function statusOf(error: unknown): number {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode ?? 0
}

/** Whether the same request may succeed when it is sent again. */
export function isTransient(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  const status = statusOf(error)
  return TRANSIENT.test(nameOf(error)) || NETWORK.test(code) || status >= 500 || status === 429
}

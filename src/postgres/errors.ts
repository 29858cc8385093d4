/**
 * What a failure of PostgreSQL means. `passes`: it can't do now what it can do later, whoever asks. `refused`: it will
 * not, until somebody sets it or us up otherwise; for a process that runs this may pass as well. `ours`: asked again,
 * the same statement fails again.
 */
export type Meaning = 'passes' | 'refused' | 'ours'

/**
 * Each class of PostgreSQL's appendix A: the first two characters of a SQLSTATE. Codes that differ from their class
 * stand below.
 */
const CLASSES: Record<string, Meaning> = {
  '00': 'ours', // successful completion
  '01': 'ours', // warning
  '02': 'ours', // no data
  '03': 'ours', // SQL statement not yet complete
  '08': 'passes', // connection exception, and what poolers say of their own
  '09': 'ours', // triggered action exception
  '0A': 'ours', // feature not supported
  '0B': 'ours', // invalid transaction initiation
  '0F': 'ours', // locator exception
  '0L': 'ours', // invalid grantor
  '0P': 'refused', // invalid role specification
  '0Z': 'ours', // diagnostics exception
  '10': 'ours', // XQuery error
  '20': 'ours', // case not found
  '21': 'ours', // cardinality violation
  '22': 'ours', // data exception
  '23': 'ours', // integrity constraint violation
  '24': 'ours', // invalid cursor state
  '25': 'ours', // invalid transaction state
  '26': 'ours', // invalid SQL statement name
  '27': 'ours', // triggered data change violation
  '28': 'refused', // invalid authorization specification: who we are
  '2B': 'ours', // dependent privilege descriptors still exist
  '2D': 'ours', // invalid transaction termination
  '2F': 'ours', // SQL routine exception
  '34': 'ours', // invalid cursor name
  '38': 'ours', // external routine exception
  '39': 'ours', // external routine invocation exception
  '3B': 'ours', // savepoint exception
  '3D': 'refused', // invalid catalog name: no such database
  '3F': 'refused', // invalid schema name
  '40': 'passes', // transaction rollback: another transaction was in the way
  '42': 'ours', // syntax error or access rule violation
  '44': 'ours', // WITH CHECK OPTION violation
  '53': 'passes', // insufficient resources: disk, memory, connections
  '54': 'ours', // program limit exceeded
  '55': 'passes', // object not in prerequisite state: recovering, in use, locked
  '57': 'passes', // operator intervention: shutting down, starting up, cancelled
  '58': 'passes', // system error, external to PostgreSQL
  '72': 'passes', // snapshot too old, until PostgreSQL 16
  F0: 'passes', // configuration file error
  HV: 'ours', // foreign data wrapper error
  P0: 'ours', // PL/pgSQL error
  XX: 'passes', // internal error: its data or an index is corrupted, or the system said what it has no code for
}

const CODES: Record<string, Meaning> = {
  // a standby, or a server that was set read-only
  '25006': 'passes',
  '25P03': 'passes', // idle in transaction for too long
  '25P04': 'passes', // transaction timeout
  // rights are missing; also what PostgreSQL makes of the system's EACCES, EPERM and EROFS
  '42501': 'refused',
  // tables are missing or are an earlier Darkroom's, as while a backup is restored
  '42P01': 'refused',
  '42703': 'refused',
  '42883': 'refused',
  // something else than our tables has their names
  '42P06': 'refused',
  '42P07': 'refused',
  '42701': 'refused',
  '42710': 'refused',
  '42723': 'refused',
  '54000': 'passes', // no transaction numbers left until it is vacuumed
  '55P02': 'ours', // can't change a parameter now
  '55P04': 'ours', // unsafe new enum value usage
}

/** Of TLS: a server that has none, or a certificate that we don't trust. */
const UNTRUSTED =
  /^(ERR_SSL|ERR_TLS|CERT_|CRL_|DEPTH_|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/

/** What pg says without a code. */
const UNREACHABLE = /timeout|Connection terminated|Client has encountered|not queryable/
const UNACCEPTED = /does not support SSL|establishing an SSL|SASL|[Pp]assword must be/

/** What an error means that pg threw or that PostgreSQL sent. */
export function meaningOf(error: unknown): Meaning {
  if (!(error instanceof Error)) return 'ours'
  const code = codeOf(error)
  const known = CODES[code] ?? (code.length === 5 ? CLASSES[code.slice(0, 2)] : undefined)
  if (known) return known
  if (UNTRUSTED.test(code) || UNACCEPTED.test(error.message)) return 'refused'
  // A file that the URL names, such as `sslrootcert`.
  if ('syscall' in error && error.syscall === 'open') return 'refused'
  const isOfSystem = /^E[A-Z]/.test(code) && !code.startsWith('ERR_')
  return isOfSystem || UNREACHABLE.test(error.message) ? 'passes' : 'ours'
}

/** What somebody can do about an error that means `refused`. */
export function adviceOn(error: Error): string {
  const code = codeOf(error)
  if (code === '42501')
    return 'Grant its role that right there, such as `grant create on schema public to …`.'
  if (/^42(P0[67]|7)/.test(code))
    return 'Another program keeps its tables there: give Darkroom a database of its own.'
  if (/does not support SSL/.test(error.message))
    return 'Turn TLS on there, or end its URL with `sslmode=disable`.'
  return 'Mend that there, or put its URL right.'
}

/** PgBouncer and its like know few of the settings that a connection may begin with. */
export function isRefusedByPooler(error: unknown): boolean {
  return error instanceof Error && /unsupported startup parameter/.test(error.message)
}

/** The SQLSTATE of an error, or of the one that it translates; empty when there is none. */
export function sqlStateOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return codeOf(error.cause instanceof Error ? error.cause : error)
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : ''
}

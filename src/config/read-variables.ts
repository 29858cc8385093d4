import { VARIABLES, type Variable } from './variables.ts'

export type Environment = Readonly<Record<string, string | undefined>>

type Variables = typeof VARIABLES

/** What each variable says. Null is one that is not set and has no default. */
export type Values = {
  [Name in keyof Variables]:
    | ReturnType<Variables[Name]['read']>
    | (Variables[Name] extends { default: string } ? never : null)
}

/** Every variable as it is read. One that is empty is not set. Each mistake goes to `problems`. */
export function readVariables(env: Environment, problems: string[]): Values {
  const entries: [string, Variable][] = Object.entries(VARIABLES)
  const values = entries.map(([name, variable]) => {
    for (const problem of badCompany(name, variable, env)) problems.push(problem)
    const text = env[name] || ('default' in variable ? variable.default : '')
    return [name, text ? variable.read(text, (problem) => problems.push(`${name} ${problem}`)) : null]
  })
  return Object.fromEntries(values)
}

/** What is wrong with which variables are set together. */
function badCompany(name: string, variable: Variable, env: Environment): string[] {
  const { with: other, isNeeded, insteadOf = [] } = variable
  if (!env[name]) return other && isNeeded && env[other] ? [`${name} is needed with ${other}`] : []
  const rivals = insteadOf.filter((rival) => env[rival]).map((rival) => `set ${name} or ${rival}, not both`)
  return other && !env[other] ? [`${name} is of no use without ${other}`, ...rivals] : rivals
}

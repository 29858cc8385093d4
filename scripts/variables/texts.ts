import { TOPICS, VARIABLES, type Variable } from '../../src/config/variables.ts'

const BEGIN = '<!-- Written by `npm run variables` from src/config/variables.ts. -->'
const END = '<!-- End of what is written. -->'

const topics = Object.entries(TOPICS).map(([topic, title]) => ({
  title,
  variables: Object.entries<Variable>(VARIABLES).filter(([, variable]) => variable.topic === topic),
}))

/** The page with its table of all variables written anew. Throws when it has no place for it. */
export function withTable(page: string): string {
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (before < 0 || after < before) throw new Error(`The page has no lines "${BEGIN}" and "${END}".`)
  return `${page.slice(0, before)}${BEGIN}\n\n${table()}\n\n${page.slice(after)}`
}

function table(): string {
  const rows = topics.flatMap(({ title, variables }) => [`| **${title}** | | |`, ...variables.map(row)])
  return ['| variable | default | |', '|---|---|---|', ...rows].join('\n')
}

function row([name, variable]: [string, Variable]): string {
  const standing = 'default' in variable ? `\`${variable.default}\`` : variable.otherwise
  // A cell ends at the next one, also within code.
  const meaning = variable.meaning.replaceAll('|', '\\|')
  return `| \`${name}\` | ${standing} | ${company(variable)}${meaning} |`
}

function company({ with: other, insteadOf = [] }: Variable): string {
  const rivals = insteadOf.map((rival) => `\`${rival}\``).join(', ')
  return `${other ? `with \`${other}\`: ` : ''}${rivals && `instead of ${rivals}: `}`
}

/** Each variable as an example or its default, commented out. */
export function exampleFile(): string {
  const blocks = topics.map(({ title, variables }) =>
    [`# ${title}`, ...variables.map(([name, variable]) => `# ${name}=${exampleOf(variable)}`)].join('\n'),
  )
  const head = '# Copy to .env and change what you want changed. docs/operating.md says more of each.'
  return `${[head, ...blocks].join('\n\n')}\n`
}

function exampleOf(variable: Variable): string {
  return variable.example ?? ('default' in variable ? variable.default : '')
}

import { connect, type Socket } from 'node:net'
import { ANSWER_MS } from './shared-cache.ts'

/** `value` is null where the answer has none. */
export type Answer = { code: string; flags: string[]; value: Buffer | null }

type Question = { resolve(answer: Answer): void; reject(error: Error): void; timer: NodeJS.Timeout }

const LINE_END = '\r\n'
/** Longer than any line that a server says. */
const MAX_LINE = 2_048
/** Found or done, not stored, changed meanwhile, not found. */
const CODES = /^(HD|NS|EX|NF|EN|VA)$/

/**
 * One connection to a memcached, made when it is first wanted and again whenever it broke. Whoever asks is answered in order;
 * when an answer takes too long, or is none, the connection is given up, and with it all that wait: an answer that comes
 * later would be taken for that of the next.
 */
export class MemcachedConnection implements Disposable {
  readonly #address: { host: string; port: number }
  #socket: Socket | null = null
  #asked: Question[] = []
  #come: Buffer = Buffer.alloc(0)

  constructor(address: { host: string; port: number }) {
    this.#address = address
  }

  /** Sends a meta command, with the bytes that belong to it. */
  async ask(command: string, value?: Buffer): Promise<Answer> {
    const socket = this.#socket ?? this.#connect()
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const question: Question = {
      resolve,
      reject,
      timer: setTimeout(() => {
        // In two halves: where this process was busy all the time, the answer may have come, and is read between them.
        question.timer = setTimeout(
          () => socket.destroy(new Error('memcached does not answer in time')),
          ANSWER_MS / 2,
        )
      }, ANSWER_MS / 2),
    }
    this.#asked.push(question)
    socket.cork()
    socket.write(`${command}${LINE_END}`)
    if (value) {
      socket.write(value)
      socket.write(LINE_END)
    }
    process.nextTick(() => socket.uncork())
    return await promise
  }

  #connect(): Socket {
    const socket = connect({ ...this.#address, noDelay: true })
    this.#socket = socket
    let reason: Error = new Error('memcached has closed the connection')
    socket.on('data', (bytes) => this.#read(socket, bytes))
    socket.on('error', (error) => {
      reason = error
    })
    socket.on('close', () => {
      if (this.#socket === socket) this.#giveUp(reason)
    })
    return socket
  }

  #giveUp(reason: Error): void {
    const asked = this.#asked
    this.#socket = null
    this.#asked = []
    this.#come = Buffer.alloc(0)
    for (const { reject, timer } of asked) {
      clearTimeout(timer)
      reject(reason)
    }
  }

  #read(socket: Socket, bytes: Buffer): void {
    if (this.#socket !== socket) return
    this.#come = this.#come.length === 0 ? bytes : Buffer.concat([this.#come, bytes])
    try {
      for (let answer = this.#next(); answer; answer = this.#next()) {
        const question = this.#asked.shift()
        if (!question) throw new Error('memcached answers what nobody asked')
        clearTimeout(question.timer)
        question.resolve(answer)
      }
    } catch (error) {
      socket.destroy(error as Error)
    }
  }

  /** The next whole answer that has come; null when there is none yet. Throws when it is no answer. */
  #next(): Answer | null {
    const end = this.#come.subarray(0, MAX_LINE).indexOf(LINE_END)
    if (end < 0 && this.#come.length < MAX_LINE) return null
    const line = this.#come.toString('latin1', 0, Math.max(end, 0))
    const [code = '', ...flags] = line.split(' ')
    if (!CODES.test(code)) throw new Error(`memcached answers ${JSON.stringify(line)}`)
    const begin = end + LINE_END.length
    if (code !== 'VA') {
      this.#come = this.#come.subarray(begin)
      return { code, flags, value: null }
    }
    const size = flags.shift() ?? ''
    if (!/^\d{1,8}$/.test(size)) throw new Error(`memcached answers ${JSON.stringify(line)}`)
    const last = begin + Number(size)
    if (this.#come.length < last + LINE_END.length) return null
    // A copy: what is kept of it shall not keep all that came with it.
    const value = Buffer.from(this.#come.subarray(begin, last))
    this.#come = this.#come.subarray(last + LINE_END.length)
    return { code, flags, value }
  }

  [Symbol.dispose](): void {
    this.#socket?.destroy()
  }
}

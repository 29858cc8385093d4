import dns from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

export class AddressRefusedError extends Error {
  constructor(host: string, address: string) {
    const which = host === address ? address : `${address}, which ${host} leads to,`
    super(
      `The address ${which} is not one of the public Internet. If the app is meant to be there, name its network in WEBHOOK_NETWORKS.`,
    )
  }
}

/**
 * Which addresses may be connected to: those of the public Internet, and those of the networks. What a name leads to may
 * change at any time, so that addresses are looked at as a connection is made, and not before.
 */
export class AllowedAddresses {
  readonly #networks = new BlockList()
  readonly #isPublicAllowed: boolean

  constructor(networks: readonly string[], { isPublicAllowed }: { isPublicAllowed: boolean }) {
    this.#isPublicAllowed = isPublicAllowed
    for (const network of networks) {
      const [address = '', bits] = network.split('/')
      const kind = isIP(address) === 4 ? 'ipv4' : 'ipv6'
      this.#networks.addSubnet(
        address,
        bits === undefined ? (kind === 'ipv4' ? 32 : 128) : Number(bits),
        kind,
      )
    }
  }

  /** Throws AddressRefusedError for a host that is written as an address which is not allowed. */
  checkWritten(hostname: string): void {
    const address = hostname.replace(/^\[|\]$/g, '')
    if (isIP(address) !== 0) this.#check(address, address)
  }

  /** What node:net asks for the addresses of a name. One that is not allowed spoils all: a name has no business there. */
  readonly lookup: LookupFunction = (hostname, options, answer) => {
    dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return answer(error, '')
      try {
        for (const { address } of addresses) this.#check(hostname, address)
      } catch (refusal) {
        return answer(refusal as Error, '')
      }
      const [first] = addresses
      if (options.all) answer(null, addresses)
      else answer(null, first?.address ?? '', first?.family)
    })
  }

  #check(host: string, address: string): void {
    // Of an IPv4 address that is written as one of IPv6, the former.
    const parsed = ipaddr.process(address)
    if (this.#networks.check(parsed.toString(), parsed.kind())) return
    if (!this.#isPublicAllowed || parsed.range() !== 'unicast') throw new AddressRefusedError(host, address)
  }
}

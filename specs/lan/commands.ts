/** The commands that make and run a community on a LAN; docs/install-pi.md tells an installer the same. */

/** Makes the keys of a node, and with `members` begins the chain. */
export const initNode = (
  data: string,
  { name, host }: { readonly name: string; readonly host: string },
  more: {
    readonly follower?: boolean
    readonly begins?: { readonly periodS: number; members: readonly string[] }
  },
): string[] => [
  ...['chain', 'init', '--data', data, '--name', name, '--host', host],
  ...(more.follower === true ? ['--follower'] : []),
  ...(more.begins === undefined
    ? []
    : ['--period', String(more.begins.periodS), '--members', ...more.begins.members]),
]

export const joinNetwork = (data: string, network: string): string[] => [
  ...['chain', 'init', '--data', data, '--network', network],
]

export const startNode = (data: string): string[] => ['chain', 'start', '--data', data]

export const runCommunity = (data: string, boards: string, invites: readonly string[]): string[] => [
  ...['community', '--data', data, '--boards', boards, '--invites', invites.join(',')],
]

export const runHome = (data: string, name: string, invite: string): string[] => [
  ...['home', '--data', data, '--name', name, '--invite', invite],
]

export const showSigners = (data: string): string[] => ['chain', 'signers', '--data', data]

export const dropPeer = (data: string, name: string): string[] => [
  ...['chain', 'peers', 'drop', name, '--data', data],
]
